// Losses of one logit a per row for the label y, 0 or not 0 (docs/methods.md 1.7); factors: their derivatives.
// Launch groups2d(ceil(rows / 64)).
struct Sizes { rows: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
@group(0) @binding(3) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|); log(1 + e) loses the digits of a small e, where a series takes its place.
fn softplus(x: f32) -> f32 {
  let e = exp(-abs(x));
  return max(x, 0.0) + select(log(1.0 + e), e - e * e / 2.0, e < 1e-3);
}

fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

// -log of the probability sigmoid(b) of the true class, b = a or -a
@compute @workgroup_size(64, 1, 1)
fn binary_cross_entropy(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < sizes.rows) {
    let sign = select(1.0, -1.0, labels[row] == 0u);
    let b = sign * logits[row];
    losses[row] = softplus(-b);
    factors[row] = -sign * sigmoid(-b);
  }
}

// (1 - p)^2 times the cross-entropy, p = sigmoid(b) clamped to [1e-7, 1 - 1e-7]
@compute @workgroup_size(64, 1, 1)
fn focal(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < sizes.rows) {
    let sign = select(1.0, -1.0, labels[row] == 0u);
    let b = sign * logits[row];
    let cross = softplus(-b);
    let other = clamp(sigmoid(-b), 1e-7, 0.9999999);
    losses[row] = other * other * cross;
    factors[row] = -sign * other * other * (2.0 * sigmoid(b) * cross + other);
  }
}
