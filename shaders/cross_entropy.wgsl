// Cross-entropy of rows of logits [rows, cols] with one label each, forward and backward. An invalid label gives NaN.
//   losses[r] = lse[r] - logits[r, labels[r]];   dx[r, c] = dy / rows * (exp(logits[r, c] - lse[r]) - [c == labels[r]])
// Launch groups2d(ceil(rows / 64)) forward, groups2d(ceil(rows * cols / 64)) backward.
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn cross_entropy(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < sizes.rows) {
    let label = labels[row];
    var nan = 0x7fc00000u; // a constant NaN is an error
    let loss = lse[row] - logits[row * sizes.cols + min(label, sizes.cols - 1u)];
    losses[row] = select(bitcast<f32>(nan), loss, label < sizes.cols);
  }
}

@compute @workgroup_size(64, 1, 1)
fn cross_entropy_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.rows * sizes.cols) {
    let row = i / sizes.cols;
    let hit = select(0.0, 1.0, i - row * sizes.cols == labels[row]);
    dx[i] = dy[0] / f32(sizes.rows) * (exp(logits[i] - lse[row]) - hit);
  }
}
