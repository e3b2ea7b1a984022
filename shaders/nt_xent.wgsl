// NT-Xent of unit rows z [N, D] (methods.md 1.1): row i against all others, its partner p(i) = i +- N / 2 the positive.
// s_ij = z_i . z_j / temperature is recomputed wherever it is needed: no N x N matrix is stored.
//   forward:  lse[i] = log of the sum over j != i of exp(s_ij);  losses[i] = lse[i] - s_ip
//   backward: dz[i] = scale * dy * sum over j != i of c_ij z_j,
//             c_ij = exp(s_ij - lse_i) + exp(s_ij - lse_j) - 2 [j = p(i)], scale = 1 / (N temperature)
// One workgroup a row, launch groups2d(N). Reads z N times, from caches. Sums: lanes, then a tree, from the shape alone.
const STEPS: u32 = 2u; // @param columns of z that a lane sums in backward: ceil(D / 64)
struct Sizes { rows: u32, cols: u32, perTemperature: f32, scale: f32 }
@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> lse: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> lse_out: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;
@group(0) @binding(6) var<uniform> sizes: Sizes;

var<workgroup> peaks: array<f32, 64>;
var<workgroup> sums: array<f32, 64>;
var<workgroup> weights: array<f32, 64>;

fn partner_of(row: u32) -> u32 {
  let half = sizes.rows / 2u;
  return select(row - half, row + half, row < half);
}

fn similarity(i: u32, j: u32) -> f32 {
  var sum = 0.0;
  for (var k = 0u; k < sizes.cols; k++) { sum = fma(z[i * sizes.cols + k], z[j * sizes.cols + k], sum); }
  return sum * sizes.perTemperature;
}

@compute @workgroup_size(64, 1, 1)
fn nt_xent(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = min(group.y * groups.x + group.x, sizes.rows - 1u); // surplus workgroups repeat the last row
  var peak = -3.0e38;
  var sum = 0.0;
  for (var j = lane; j < sizes.rows; j += 64u) {
    if (j != row) {
      let s = similarity(row, j);
      let highest = max(peak, s);
      sum = sum * exp(peak - highest) + exp(s - highest);
      peak = highest;
    }
  }
  peaks[lane] = peak;
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      let highest = max(peaks[lane], peaks[lane + width]);
      sums[lane] = sums[lane] * exp(peaks[lane] - highest) + sums[lane + width] * exp(peaks[lane + width] - highest);
      peaks[lane] = highest;
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let total = peaks[0] + log(sums[0]);
    lse_out[row] = total;
    losses[row] = total - similarity(row, partner_of(row));
  }
}

@compute @workgroup_size(64, 1, 1)
fn nt_xent_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = min(group.y * groups.x + group.x, sizes.rows - 1u);
  var acc: array<f32, STEPS>;
  for (var first = 0u; first < sizes.rows; first += 64u) {
    let j = first + lane;
    var weight = 0.0;
    if (j < sizes.rows && j != row) {
      let s = similarity(row, j);
      weight = exp(s - lse[row]) + exp(s - lse[j]) - select(0.0, 2.0, j == partner_of(row));
    }
    weights[lane] = weight;
    workgroupBarrier();
    let count = min(64u, sizes.rows - first);
    for (var step = 0u; step < STEPS; step++) {
      let col = step * 64u + lane;
      if (col < sizes.cols) {
        for (var i = 0u; i < count; i++) { acc[step] = fma(weights[i], z[(first + i) * sizes.cols + col], acc[step]); }
      }
    }
    workgroupBarrier();
  }
  for (var step = 0u; step < STEPS; step++) {
    let col = step * 64u + lane;
    if (col < sizes.cols) { dz[row * sizes.cols + col] = acc[step] * (sizes.scale * dy[0]); }
  }
}
