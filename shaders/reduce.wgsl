// y[k, c] = scale * sum over r of x[k, r, c]: one pass of a reduction. x [keep, rows, cols], cols contiguous.
// slices > 1 splits the rows: y is then [keep, slices, cols] and a second pass adds the slices.
// Launch groups2d(ceil(cols / 64) * slices * keep). Each lane adds one column, rows ascending, so the bits are reproducible.
struct Sizes { keep: u32, rows: u32, cols: u32, slices: u32, rowsPerSlice: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn reduce_columns(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let groupsPerSlice = (sizes.cols + 63u) / 64u;
  let index = group.y * groups.x + group.x;
  let sliceOfAll = index / groupsPerSlice;
  let col = (index - sliceOfAll * groupsPerSlice) * 64u + lane;
  if ((col < sizes.cols) & (sliceOfAll < sizes.keep * sizes.slices)) {
    let k = sliceOfAll / sizes.slices;
    let first = (sliceOfAll - k * sizes.slices) * sizes.rowsPerSlice;
    let end = min(first + sizes.rowsPerSlice, sizes.rows);
    var sum = 0.0;
    var at = (k * sizes.rows + first) * sizes.cols + col;
    for (var row = first; row < end; row++) {
      sum += x[at];
      at += sizes.cols;
    }
    y[sliceOfAll * sizes.cols + col] = sum * sizes.scale;
  }
}

// For cols = 1: one workgroup per (k, slice), lanes stride over the rows, then a tree. Launch groups2d(keep * slices).
var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn reduce_rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let sliceOfAll = min(group.y * groups.x + group.x, sizes.keep * sizes.slices - 1u); // surplus workgroups repeat the last
  let k = sliceOfAll / sizes.slices;
  let first = (sliceOfAll - k * sizes.slices) * sizes.rowsPerSlice;
  let end = min(first + sizes.rowsPerSlice, sizes.rows);
  var sum = 0.0;
  for (var row = first + lane; row < end; row += 64u) { sum += x[k * sizes.rows + row]; }
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { sums[lane] += sums[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[sliceOfAll] = sums[0] * sizes.scale; }
}
