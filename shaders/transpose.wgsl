// y[b, c, r] = x[b, r, c]: swaps two axes, or two runs of axes. x [batch, rows, cols], rows and cols multiples of 4.
// A lane transposes up to four blocks of 4 x 4; the 8 x 8 lanes of a workgroup read and write 128 contiguous bytes.
// Launch (ceil(cols / 128), ceil(rows / 32), batch).
struct Sizes { rowQuads: u32, colQuads: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(8, 8, 1)
fn transpose_blocks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) lane: vec3<u32>) {
  let row = group.y * 8u + lane.x;
  let end = select(0u, min((group.x + 1u) * 32u, sizes.colQuads), row < sizes.rowQuads);
  for (var col = group.x * 32u + lane.y; col < end; col += 8u) {
    let first = (group.z * sizes.rowQuads + row) * 4u * sizes.colQuads + col;
    let a = x[first];
    let b = x[first + sizes.colQuads];
    let c = x[first + 2u * sizes.colQuads];
    let d = x[first + 3u * sizes.colQuads];
    let start = (group.z * sizes.colQuads + col) * 4u * sizes.rowQuads + row;
    y[start] = vec4<f32>(a.x, b.x, c.x, d.x);
    y[start + sizes.rowQuads] = vec4<f32>(a.y, b.y, c.y, d.y);
    y[start + 2u * sizes.rowQuads] = vec4<f32>(a.z, b.z, c.z, d.z);
    y[start + 3u * sizes.rowQuads] = vec4<f32>(a.w, b.w, c.w, d.w);
  }
}
