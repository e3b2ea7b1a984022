// Reduces each row of x [rows, cols], cols contiguous, to its L2 norm, its maximum, or the logarithm of its sum of exponentials.
// One workgroup per row, launch groups2d(rows): lanes stride over the row, then a tree. The order depends only on the shape.
struct Sizes { rows: u32, cols: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

var<workgroup> sums: array<f32, 64>;
var<workgroup> peaks: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn row_norm(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = min(group.y * groups.x + group.x, sizes.rows - 1u); // surplus workgroups repeat the last row
  var sum = 0.0;
  for (var col = lane; col < sizes.cols; col += 64u) {
    let value = x[row * sizes.cols + col];
    sum = fma(value, value, sum);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { sums[lane] += sums[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u) { y[row] = sqrt(sums[0]); }
}

// As in elementwise.wgsl: NaN passes through, here also where exp(NaN) is infinite (SwiftShader).
fn larger(a: f32, b: f32) -> f32 {
  let isNan = ((bitcast<u32>(a) & 0x7fffffffu) > 0x7f800000u) | ((bitcast<u32>(b) & 0x7fffffffu) > 0x7f800000u);
  return select(max(a, b), a + b, isNan);
}

@compute @workgroup_size(64, 1, 1)
fn row_max(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = min(group.y * groups.x + group.x, sizes.rows - 1u);
  var peak = x[row * sizes.cols];
  for (var col = lane; col < sizes.cols; col += 64u) { peak = larger(peak, x[row * sizes.cols + col]); }
  peaks[lane] = peak;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { peaks[lane] = larger(peaks[lane], peaks[lane + width]); }
    workgroupBarrier();
  }
  if (lane == 0u) { y[row] = peaks[0]; }
}

// Joins two sums of exponentials, each (peak, sum) relative to a maximum, by rescaling the smaller one.
fn joined(peak: f32, sum: f32, otherPeak: f32, otherSum: f32) -> vec2<f32> {
  let highest = larger(peak, otherPeak);
  return vec2<f32>(highest, sum * exp(peak - highest) + otherSum * exp(otherPeak - highest));
}

@compute @workgroup_size(64, 1, 1)
fn log_sum_exp(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = min(group.y * groups.x + group.x, sizes.rows - 1u);
  var peak = -3.0e38;
  for (var col = lane; col < sizes.cols; col += 64u) { peak = larger(peak, x[row * sizes.cols + col]); }
  var sum = 0.0;
  for (var col = lane; col < sizes.cols; col += 64u) { sum += exp(x[row * sizes.cols + col] - peak); }
  peaks[lane] = peak;
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      let both = joined(peaks[lane], sums[lane], peaks[lane + width], sums[lane + width]);
      peaks[lane] = both.x;
      sums[lane] = both.y;
    }
    workgroupBarrier();
  }
  if (lane == 0u) { y[row] = peaks[0] + log(sums[0]); }
}
