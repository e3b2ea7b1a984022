// y[i] = sum over s of x[s, i], slices in index order: the second pass of a split sum.
//   x [slices, count] f32 -> y [count] f32, count in elements of T.
// Launch groups2d(ceil(count / 64)) or fewer: a grid-stride loop.
alias T = vec4<f32>; // @param f32
struct Sizes { count: u32, slices: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn slices_sum(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let lanes = groups.x * groups.y * 64u;
  for (var i = (group.y * groups.x + group.x) * 64u + lane; i < sizes.count; i += lanes) {
    var sum = x[i];
    for (var slice = 1u; slice < sizes.slices; slice++) { sum += x[slice * sizes.count + i]; }
    y[i] = sum;
  }
}
