// Uniformity (docs/methods.md 1.2) of the two halves of rows f [N, D], each against itself: B = N / 2 rows.
// e_ij = -t ||f_i - f_j||^2 for i, j of the same half; no matrix of them is stored.
//   forward:  lse[i] = log of the sum over j != i of exp(e_ij), the largest exponent taken out
//   backward: df[i] = -2 t * dy * sum over j != i of exp(e_ij - total) (f_i - f_j), where total = log of the sum of exp(lse)
//             over the half; dy is of the mean over the halves
// A workgroup has one row; its lanes take j in steps of 64, in backward then the columns.
// Launch groups2d(N). Sums: k ascending; j ascending (forward: per lane, then a tree).
struct Sizes { rows: u32, cols: u32, t: f32 }
@group(0) @binding(0) var<storage, read> f: array<f32>;
@group(0) @binding(1) var<storage, read> totals: array<f32>; // per half
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;
@group(0) @binding(4) var<storage, read_write> df: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

var<workgroup> peaks: array<f32, 64>;
var<workgroup> sums: array<f32, 64>;

fn exponent(i: u32, j: u32) -> f32 {
  var square = 0.0;
  for (var k = 0u; k < sizes.cols; k++) {
    let difference = f[i * sizes.cols + k] - f[j * sizes.cols + k];
    square = fma(difference, difference, square);
  }
  return -sizes.t * square;
}

@compute @workgroup_size(64, 1, 1)
fn uniformity(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.y * groups.x + group.x;
  let row = min(index, sizes.rows - 1u); // surplus workgroups repeat the last row, as barriers need all, and write nothing
  let half = sizes.rows / 2u;
  let start = row / half * half;
  var peak = -3.0e38;
  var sum = 0.0;
  for (var j = start + lane; j < start + half; j += 64u) {
    if (j != row) {
      let e = exponent(row, j);
      let highest = max(peak, e);
      sum = sum * exp(peak - highest) + exp(e - highest);
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
  if ((lane == 0u) & (index == row)) { lse[row] = peaks[0] + log(sums[0]); }
}

@compute @workgroup_size(64, 1, 1)
fn uniformity_backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.y * groups.x + group.x;
  let row = min(index, sizes.rows - 1u);
  let half = sizes.rows / 2u;
  let start = row / half * half;
  let total = totals[row / half];
  for (var first = 0u; first < sizes.cols; first += 64u) {
    let col = min(first + lane, sizes.cols - 1u);
    let own = f[row * sizes.cols + col];
    var sum = 0.0;
    for (var chunk = start; chunk < start + half; chunk += 64u) {
      let j = chunk + lane;
      if (j < start + half) { sums[lane] = select(exp(exponent(row, j) - total), 0.0, j == row); }
      workgroupBarrier();
      for (var i = 0u; i < min(64u, start + half - chunk); i++) {
        sum = fma(sums[i], own - f[(chunk + i) * sizes.cols + col], sum);
      }
      workgroupBarrier();
    }
    if ((first + lane < sizes.cols) & (index == row)) { df[row * sizes.cols + col] = -2.0 * sizes.t * dy[0] * sum; }
  }
}
