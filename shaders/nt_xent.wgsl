// NT-Xent of unit rows z [N, D] (docs/methods.md 1.1): row i against all others; the positive is p(i) = i +- N / 2.
// s_ij = z_i . z_j / temperature is recomputed wherever it is needed: no N x N matrix is stored.
//   forward:  lse[i] = log of the sum over j != i of exp(s_ij);  losses[i] = lse[i] - s_ip
//   backward: dz[i] = scale * dy * sum over j != i of c_ij z_j,
//             c_ij = exp(s_ij - lse_i) + exp(s_ij - lse_j) - PULL [j = p(i)], scale = 1 / (N temperature)
// A workgroup has ROWS rows i and loops over j in steps of 64, one per lane: each load of z_j is used for ROWS of z_i. For dz
// the c_ij pass through workgroup memory, and the lanes share ROWS x D.
// Launch groups2d(ceil(N / ROWS)). Loads z N / ROWS times. Sums: k ascending; j ascending (forward: per lane, then a tree).
alias Z = vec4<f32>; // @param f32 when D is not a multiple of 4
const ROWS: u32 = 16u; // @param a multiple of 4
const OWN: u32 = 8u; // @param rows per lane in backward, a multiple of 4 that divides ROWS
const COL_LANES: u32 = 32u; // @param lanes across the columns: 64 * OWN / ROWS
const STEPS: u32 = 1u; // @param columns of Z per lane: ceil(cols / COL_LANES)
const PULL: f32 = 2.0; // @param 0 where the positives are added elsewhere (sup_con.wgsl)
struct Sizes { rows: u32, cols: u32, perTemperature: f32, scale: f32 } // cols in units of Z
@group(0) @binding(0) var<storage, read> z: array<Z>;
@group(0) @binding(1) var<storage, read> lse: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> lse_out: array<f32>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<storage, read_write> dz: array<Z>;
@group(0) @binding(6) var<uniform> sizes: Sizes;

var<workgroup> peaks: array<f32, 64 * ROWS>;
var<workgroup> sums: array<f32, 64 * ROWS>;
var<workgroup> positives: array<f32, ROWS>;
var<workgroup> weights: array<vec4<f32>, 16 * ROWS>;

fn partner_of(row: u32) -> u32 {
  let half = sizes.rows / 2u;
  return select(row - half, row + half, row < half);
}

// s_ij of rows row0, row0 + 1, ... with row j. Rows beyond the last repeat it.
fn similarities(row0: u32, j: u32) -> array<f32, ROWS> {
  var at: array<u32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    at[r] = min(row0 + r, sizes.rows - 1u) * sizes.cols;
  }
  let other = min(j, sizes.rows - 1u) * sizes.cols;
  var s: array<f32, ROWS>;
  for (var k = 0u; k < sizes.cols; k++) {
    let b = z[other + k];
    for (var r = 0u; r < ROWS; r++) { // @unroll
      let a = z[at[r] + k];
      // @slot product
      s[r] = fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, s[r]))));
      // @end
    }
  }
  for (var r = 0u; r < ROWS; r++) { // @unroll
    s[r] *= sizes.perTemperature;
  }
  return s;
}

@compute @workgroup_size(64, 1, 1)
fn nt_xent(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row0 = (group.y * groups.x + group.x) * ROWS;
  var peak: array<f32, ROWS>;
  var sum: array<f32, ROWS>;
  for (var r = 0u; r < ROWS; r++) { // @unroll
    peak[r] = -3.0e38;
  }
  for (var j = lane; j < sizes.rows; j += 64u) {
    let s = similarities(row0, j);
    for (var r = 0u; r < ROWS; r++) { // @unroll
      if (j != row0 + r) {
        let highest = max(peak[r], s[r]);
        sum[r] = sum[r] * exp(peak[r] - highest) + exp(s[r] - highest);
        peak[r] = highest;
      }
      if (j == partner_of(row0 + r)) { positives[r] = s[r]; }
    }
  }
  for (var r = 0u; r < ROWS; r++) { // @unroll
    peaks[r * 64u + lane] = peak[r];
    sums[r * 64u + lane] = sum[r];
  }
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    for (var i = lane; i < ROWS * width; i += 64u) {
      let at = i / width * 64u + i % width;
      let highest = max(peaks[at], peaks[at + width]);
      sums[at] = sums[at] * exp(peaks[at] - highest) + sums[at + width] * exp(peaks[at + width] - highest);
      peaks[at] = highest;
    }
    workgroupBarrier();
  }
  if ((lane < ROWS) & (row0 + lane < sizes.rows)) {
    let total = peaks[lane * 64u] + log(sums[lane * 64u]);
    lse_out[row0 + lane] = total;
    losses[row0 + lane] = total - positives[lane];
  }
}

@compute @workgroup_size(64, 1, 1)
fn nt_xent_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row0 = (group.y * groups.x + group.x) * ROWS;
  let own = lane / COL_LANES * OWN;
  let col0 = lane % COL_LANES;
  var acc: array<Z, OWN * STEPS>;
  for (var first = 0u; first < sizes.rows; first += 64u) {
    let j = first + lane;
    if (j < sizes.rows) {
      let s = similarities(row0, j);
      let lse_j = lse[j];
      var c: array<f32, ROWS>;
      for (var r = 0u; r < ROWS; r++) { // @unroll
        let row = row0 + r;
        let lse_i = lse[min(row, sizes.rows - 1u)];
        let both = exp(s[r] - lse_i) + exp(s[r] - lse_j) - select(0.0, PULL, j == partner_of(row));
        c[r] = select(both, 0.0, j == row);
      }
      for (var q = 0u; q < ROWS / 4u; q++) { // @unroll
        weights[lane * (ROWS / 4u) + q] = vec4<f32>(c[q * 4u], c[q * 4u + 1u], c[q * 4u + 2u], c[q * 4u + 3u]);
      }
    }
    workgroupBarrier();
    let count = min(64u, sizes.rows - first);
    for (var i = 0u; i < count; i++) {
      var c: array<vec4<f32>, OWN / 4u>;
      for (var q = 0u; q < OWN / 4u; q++) { // @unroll
        c[q] = weights[i * (ROWS / 4u) + own / 4u + q];
      }
      for (var step = 0u; step < STEPS; step++) { // @unroll
        let value = z[(first + i) * sizes.cols + min(col0 + step * COL_LANES, sizes.cols - 1u)];
        for (var r = 0u; r < OWN; r++) { // @unroll
          acc[step * OWN + r] = fma(value, Z(c[r / 4u][r % 4u]), acc[step * OWN + r]);
        }
      }
    }
    workgroupBarrier();
  }
  for (var step = 0u; step < STEPS; step++) { // @unroll
    for (var r = 0u; r < OWN; r++) { // @unroll
      let row = row0 + own + r;
      let col = col0 + step * COL_LANES;
      if ((row < sizes.rows) & (col < sizes.cols)) {
        dz[row * sizes.cols + col] = acc[step * OWN + r] * (sizes.scale * dy[0]);
      }
    }
  }
}
