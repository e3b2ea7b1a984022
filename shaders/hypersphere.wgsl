// Hypersphere classifier (docs/methods.md 1.7), per row of features with norm r:
//   h = sqrt(r^2 + 1) - 1;  loss = h where the label is 0, -log(1 - e^-h + 1e-9) elsewhere
// factors: the loss's gradient is factor * row. At r = 0 the row is 0, so the gradient is, too.
// Launch groups2d(ceil(rows / 64)).
struct Sizes { rows: u32 }
@group(0) @binding(0) var<storage, read> norms: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> losses: array<f32>;
@group(0) @binding(3) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

// 1 - e^-h for h >= 0: the difference loses its digits near 0, where a series takes its place.
fn one_minus_exp(h: f32) -> f32 {
  let series = h * (1.0 - h / 2.0 * (1.0 - h / 3.0 * (1.0 - h / 4.0)));
  return select(1.0 - exp(-h), series, h < 0.01);
}

@compute @workgroup_size(64, 1, 1)
fn hypersphere(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < sizes.rows) {
    let q = norms[row] * norms[row];
    let root = sqrt(q + 1.0);
    let h = q / (root + 1.0); // sqrt(q + 1) - 1 without the cancellation
    let away = one_minus_exp(h) + 1e-9;
    let isNormal = labels[row] == 0u;
    losses[row] = select(-log(away), h, isNormal);
    factors[row] = select(-exp(-h) / away / root, 1.0 / root, isNormal);
  }
}
