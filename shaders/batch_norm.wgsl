// Batch normalization over the rows of x [rows, C], C contiguous (channels-last images: rows = N H W), with the residual sum
// and the ReLU that follow it, and their gradients:
//   y = relu((x - mean) * invStd * weight + bias + residual)
// Two launches forward and two backward. `statistics` sums slices of the rows, and every workgroup of `normalize` joins
// them (Chan, Golub and LeVeque 1979), which is cheaper than a launch in between; `backward_sums` and `backward` do the same
// for the gradients. If a workgroup has all rows of its channels, `normalize` and `backward` compute the sums themselves
// (slots `deviations` and `sums`) in a single launch. The order of sums is fixed: the rows of a lane, then lanes in two
// levels; slices likewise.
// A workgroup processes quadsPerGroup quads of channels times rowsPerGroup rows at a time, of slice group.y. A quad is four
// channels (T = vec4) or, if C is not a multiple of 4, one (T = f32). These are uniforms, so that layers share a pipeline.
// Launch (ceil(quads / quadsPerGroup), slices, 1) for all four; quadsPerGroup may differ between launches if slices is 1.
alias T = vec4<f32>; // @param f32
alias I = vec4<i32>; // @param i32: the bits of a T
const LANES: u32 = 64u; // @param
struct Sizes {
  firstGroup: vec3<u32>, rows: u32, quads: u32, slices: u32, rowsPerSlice: u32,
  quadsPerGroup: u32, rowsPerGroup: u32, // powers of two whose product is LANES
  perRow: f32, momentum: f32, unbiased: f32, eps: f32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> y: array<T>; // the output of forward: gives the ReLU mask
@group(0) @binding(3) var<storage, read> sliced: array<T>; // [slices, 2, C]
@group(0) @binding(4) var<storage, read> statistic: array<T>; // [2, C]: mean, 1 / sqrt(variance + eps)
@group(0) @binding(5) var<storage, read> weight: array<T>;
@group(0) @binding(6) var<storage, read> bias: array<T>;
@group(0) @binding(7) var<storage, read> residual: array<T>;
@group(0) @binding(8) var<storage, read_write> slices_out: array<T>;
@group(0) @binding(9) var<storage, read_write> statistics_out: array<T>;
@group(0) @binding(10) var<storage, read_write> runningMean: array<T>;
@group(0) @binding(11) var<storage, read_write> runningVar: array<T>;
@group(0) @binding(12) var<storage, read_write> out: array<T>;
@group(0) @binding(13) var<storage, read_write> dWeightOut: array<T>;
@group(0) @binding(14) var<storage, read_write> dBiasOut: array<T>;
@group(0) @binding(15) var<storage, read_write> dResidual: array<T>;
@group(0) @binding(16) var<storage, read> addend: array<T>; // to dy
@group(0) @binding(17) var<uniform> sizes: Sizes;

// Values that the lanes of a quad join: lane = row * quadsPerGroup + quad.
var<workgroup> counts: array<f32, LANES>;
var<workgroup> first: array<T, LANES>;
var<workgroup> second: array<T, LANES>;

// As in elementwise.wgsl: NaN passes through.
fn relu(value: T) -> T {
  return select(value, T(0), bitcast<I>(value) <= I(-8388608)); // from -infinity to -0
}

// Lanes that remain after the first of two levels: eight per quad.
fn eights() -> u32 { return min(8u * sizes.quadsPerGroup, LANES); }

// Adds the values of lanes lane + step, lane + 2 step, ... below `end` to lane `lane`.
fn join_deviations(lane: u32, end: u32, step: u32) {
  for (var other = lane + step; other < end; other += step) {
    let delta = first[other] - first[lane];
    let share = counts[other] / max(counts[lane] + counts[other], 1.0);
    second[lane] += second[other] + delta * delta * (counts[lane] * share);
    first[lane] += delta * share;
    counts[lane] += counts[other];
  }
}

fn join_sums(lane: u32, end: u32, step: u32) {
  for (var other = lane + step; other < end; other += step) {
    first[lane] += first[other];
    second[lane] += second[other];
  }
}

// Lanes beyond the last quad repeat it, so that all lanes reach the barriers, and store nothing.
fn quad_of(group: vec3<u32>, lane: u32) -> u32 {
  return min(group.x * sizes.quadsPerGroup + lane % sizes.quadsPerGroup, sizes.quads - 1u);
}

fn is_inside(group: vec3<u32>, lane: u32) -> bool {
  return group.x * sizes.quadsPerGroup + lane % sizes.quadsPerGroup < sizes.quads;
}

// The value of the first lane of each quad.
fn store_slice(group: vec3<u32>, lane: u32) {
  if ((lane < sizes.quadsPerGroup) & is_inside(group, lane)) {
    let at = 2u * group.y * sizes.quads + quad_of(group, lane);
    slices_out[at] = first[lane];
    slices_out[at + sizes.quads] = second[lane];
  }
}

fn end_of(slice: u32) -> u32 {
  return min((slice + 1u) * sizes.rowsPerSlice, sizes.rows);
}

// Mean and sum of squared deviations of the lane's rows in slice group.y. Values are relative to the first one, so that a
// small variance is not lost to the square of a large mean.
fn deviations_of_rows(group: vec3<u32>, lane: u32) {
  let quad = quad_of(group, lane);
  let begin = group.y * sizes.rowsPerSlice + lane / sizes.quadsPerGroup;
  let end = end_of(group.y);
  let shift = x[min(begin, sizes.rows - 1u) * sizes.quads + quad];
  var n = 0.0;
  var sum = T(0.0);
  var square = T(0.0);
  for (var row = begin; row < end; row += sizes.rowsPerGroup) {
    let d = x[row * sizes.quads + quad] - shift;
    sum += d;
    square = fma(d, d, square);
    n += 1.0;
  }
  counts[lane] = n;
  first[lane] = shift + sum / max(n, 1.0);
  second[lane] = relu(square - sum * sum / max(n, 1.0));
}

fn deviations_of_slices(group: vec3<u32>, lane: u32) {
  let quad = quad_of(group, lane);
  var n = 0.0;
  var joined = T(0.0);
  var m2 = T(0.0);
  for (var slice = lane / sizes.quadsPerGroup; slice < sizes.slices; slice += sizes.rowsPerGroup) {
    let added = f32(end_of(slice) - slice * sizes.rowsPerSlice);
    let delta = sliced[2u * slice * sizes.quads + quad] - joined;
    let share = added / (n + added);
    m2 += sliced[(2u * slice + 1u) * sizes.quads + quad] + delta * delta * (n * share);
    joined += delta * share;
    n += added;
  }
  counts[lane] = n;
  first[lane] = joined;
  second[lane] = m2;
}

// slices_out[s] = mean and sum of squared deviations of slice s.
@compute @workgroup_size(LANES, 1, 1)
fn statistics(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = id + sizes.firstGroup;
  deviations_of_rows(group, lane);
  workgroupBarrier();
  if (lane < eights()) { join_deviations(lane, LANES, eights()); }
  workgroupBarrier();
  if (lane < sizes.quadsPerGroup) { join_deviations(lane, eights(), sizes.quadsPerGroup); }
  workgroupBarrier();
  store_slice(group, lane);
}

@compute @workgroup_size(LANES, 1, 1)
fn normalize(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = id + sizes.firstGroup;
  let quad = quad_of(group, lane);
  let isInside = is_inside(group, lane);
  // @slot deviations
  deviations_of_slices(group, lane);
  // @end
  // @slot statistics
  workgroupBarrier();
  if (lane < eights()) { join_deviations(lane, LANES, eights()); }
  workgroupBarrier();
  if (lane < sizes.quadsPerGroup) { join_deviations(lane, eights(), sizes.quadsPerGroup); }
  workgroupBarrier();
  let mean = first[lane % sizes.quadsPerGroup];
  let variance = second[lane % sizes.quadsPerGroup] * sizes.perRow;
  if ((lane < sizes.quadsPerGroup) & isInside & (group.y == 0u)) {
    runningMean[quad] += sizes.momentum * (mean - runningMean[quad]);
    runningVar[quad] += sizes.momentum * (variance * sizes.unbiased - runningVar[quad]);
  }
  // @end
  let invStd = T(1.0) / sqrt(variance + T(sizes.eps));
  if ((lane < sizes.quadsPerGroup) & isInside & (group.y == 0u)) {
    statistics_out[quad] = mean;
    statistics_out[sizes.quads + quad] = invStd;
  }
  let scale = weight[quad];
  let shift = bias[quad];
  let end = select(0u, end_of(group.y), isInside);
  for (var row = group.y * sizes.rowsPerSlice + lane / sizes.quadsPerGroup; row < end; row += sizes.rowsPerGroup) {
    let i = row * sizes.quads + quad;
    var value = fma((x[i] - mean) * invStd, scale, shift);
    // @slot residual
    value += residual[i];
    // @end
    // @slot relu
    value = relu(value);
    // @end
    out[i] = value;
  }
}

// Sums of g and of g * normalized x over the lane's rows in slice group.y, where g is the gradient of the sum before ReLU.
fn sums_of_rows(group: vec3<u32>, lane: u32) {
  let quad = quad_of(group, lane);
  let mean = statistic[quad];
  let invStd = statistic[sizes.quads + quad];
  // @slot input
  // @end
  var sum = T(0.0);
  var product = T(0.0);
  let end = select(0u, end_of(group.y), is_inside(group, lane));
  for (var row = group.y * sizes.rowsPerSlice + lane / sizes.quadsPerGroup; row < end; row += sizes.rowsPerGroup) {
    let i = row * sizes.quads + quad;
    let normalized = (x[i] - mean) * invStd;
    var g = dy[i];
    // @slot addend
    g += addend[i];
    // @end
    // @slot mask
    g = select(g, T(0.0), y[i] <= T(0.0));
    // @end
    // @slot residual_gradient
    dResidual[i] = g;
    // @end
    sum += g;
    product = fma(g, normalized, product);
  }
  first[lane] = sum;
  second[lane] = product;
}

fn sums_of_slices(group: vec3<u32>, lane: u32) {
  let quad = quad_of(group, lane);
  var sum = T(0.0);
  var product = T(0.0);
  for (var slice = lane / sizes.quadsPerGroup; slice < sizes.slices; slice += sizes.rowsPerGroup) {
    sum += sliced[2u * slice * sizes.quads + quad];
    product += sliced[(2u * slice + 1u) * sizes.quads + quad];
  }
  first[lane] = sum;
  second[lane] = product;
}

// slices_out[s] = both sums over slice s.
@compute @workgroup_size(LANES, 1, 1)
fn backward_sums(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = id + sizes.firstGroup;
  sums_of_rows(group, lane);
  workgroupBarrier();
  if (lane < eights()) { join_sums(lane, LANES, eights()); }
  workgroupBarrier();
  if (lane < sizes.quadsPerGroup) { join_sums(lane, eights(), sizes.quadsPerGroup); }
  workgroupBarrier();
  store_slice(group, lane);
}

// dx = weight * invStd * (g - mean of g - normalized x * mean of (g * normalized x)). For inference, where the statistics do
// not depend on x, the means are 0 (perRow = 0).
@compute @workgroup_size(LANES, 1, 1)
fn backward(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let group = id + sizes.firstGroup;
  let quad = quad_of(group, lane);
  let isInside = is_inside(group, lane);
  // @slot sums
  sums_of_slices(group, lane);
  // @end
  workgroupBarrier();
  if (lane < eights()) { join_sums(lane, LANES, eights()); }
  workgroupBarrier();
  if (lane < sizes.quadsPerGroup) { join_sums(lane, eights(), sizes.quadsPerGroup); }
  workgroupBarrier();
  let dBias = first[lane % sizes.quadsPerGroup];
  let dWeight = second[lane % sizes.quadsPerGroup];
  if ((lane < sizes.quadsPerGroup) & isInside & (group.y == 0u)) {
    dBiasOut[quad] = dBias;
    dWeightOut[quad] = dWeight;
  }
  let mean = statistic[quad];
  let invStd = statistic[sizes.quads + quad];
  let factor = weight[quad];
  // @slot bias
  let shift = bias[quad];
  // @end
  let end = select(0u, end_of(group.y), isInside);
  for (var row = group.y * sizes.rowsPerSlice + lane / sizes.quadsPerGroup; row < end; row += sizes.rowsPerGroup) {
    let i = row * sizes.quads + quad;
    let normalized = (x[i] - mean) * invStd;
    // @slot gradient
    var g = dy[i];
    // @end
    // @slot input_mask
    g = select(g, T(0.0), fma(normalized, factor, shift) <= T(0.0));
    // @end
    out[i] = factor * invStd * (g - (dBias + normalized * dWeight) * sizes.perRow);
  }
}
