// Two neighbors in the order of the values x [N]: ends = (the value of rank `rank`, of rank min(rank + 1, N - 1)). Equal values
// are ranked by their index. Each invocation counts the values below its own. Launch groups2d(ceil(N / 64)).
struct Sizes { count: u32, rank: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> ends: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn quantile(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.count) {
    let own = x[i];
    var below = 0u;
    for (var j = 0u; j < sizes.count; j++) {
      below += select(0u, 1u, (x[j] < own) | ((x[j] == own) & (j < i)));
    }
    if (below == sizes.rank) { ends[0] = own; }
    if (below == min(sizes.rank + 1u, sizes.count - 1u)) { ends[1] = own; }
  }
}
