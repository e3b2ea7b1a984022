// y[i] = sizes.value for i < sizes.count. Launch groups2d(ceil(count / 256)). Writes y once.
struct Sizes { count: u32, value: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> sizes: Sizes;

@compute @workgroup_size(256, 1, 1)
fn fill(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 256u + lane;
  if (i < sizes.count) { y[i] = sizes.value; }
}
