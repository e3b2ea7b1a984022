// y[i] = sum over s of x[s, i], slices in index order: the second pass of a split sum.
//   x [slices, count] f32 -> y [count] f32. Launch groups2d(ceil(count / 64)).
struct Sizes { count: u32, slices: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn slices_sum(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.count) {
    var sum = x[i];
    for (var slice = 1u; slice < sizes.slices; slice++) { sum += x[slice * sizes.count + i]; }
    y[i] = sum;
  }
}
