// Losses that pull normal rows of features to zero and push outliers (label not 0) away (docs/methods.md 1.7), per row with
// norm r and q = r^2. factors: the loss's gradient is factor * row.
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

// h = sqrt(q + 1) - 1;  loss = h, for outliers -log(1 - e^-h + 1e-9)
// At r = 0 the row is 0, so the gradient is, too.
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

// loss = q, for outliers 1 / (q + 1e-9) with q at least 1e-6, below which there is no gradient: 1e-9 alone would let the
// factor overflow.
@compute @workgroup_size(64, 1, 1)
fn deep_sad(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * 64u + lane;
  if (row < sizes.rows) {
    let q = norms[row] * norms[row];
    let inverse = 1.0 / (max(q, 1e-6) + 1e-9);
    let isNormal = labels[row] == 0u;
    losses[row] = select(inverse, q, isNormal);
    factors[row] = select(select(0.0, -2.0 * inverse * inverse, q > 1e-6), 2.0, isNormal);
  }
}
