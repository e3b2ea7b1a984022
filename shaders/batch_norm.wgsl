// Batch normalisation over the rows of x [rows, C], C contiguous (channels-last images: rows = N H W), with the sum with a
// residual and the ReLU that follow it, and their gradients:
//   y = relu((x - mean) * invStd * weight + bias + residual)
// Statistics take two launches: `statistics` sums every slices-th row from one on, `finish_statistics` joins the slices
// (Chan, Golub and LeVeque 1979), so that sums stay short. `backward_sums` and `finish_sums` do the same for the gradients
// of weight and bias, and `backward` gives that of x. All sums have an order that follows from the shape alone.
// A lane has four channels (T = vec4) or, when C is not a multiple of 4, one (T = f32). Reads x twice, forward and backward.
alias T = vec4<f32>; // @param f32
struct Sizes { rows: u32, quads: u32, slices: u32, perRow: f32, momentum: f32, unbiased: f32, eps: f32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> y: array<T>; // what forward gave: tells where ReLU let through
@group(0) @binding(3) var<storage, read> sliced: array<T>; // [slices, 2, C]
@group(0) @binding(4) var<storage, read> statistic: array<T>; // [2, C]: mean, 1 / sqrt(variance + eps)
@group(0) @binding(5) var<storage, read> weight: array<T>;
@group(0) @binding(6) var<storage, read> bias: array<T>;
@group(0) @binding(7) var<storage, read> residual: array<T>;
@group(0) @binding(8) var<storage, read> dWeight: array<T>;
@group(0) @binding(9) var<storage, read> dBias: array<T>;
@group(0) @binding(10) var<storage, read_write> slices_out: array<T>;
@group(0) @binding(11) var<storage, read_write> statistics_out: array<T>;
@group(0) @binding(12) var<storage, read_write> runningMean: array<T>;
@group(0) @binding(13) var<storage, read_write> runningVar: array<T>;
@group(0) @binding(14) var<storage, read_write> out: array<T>;
@group(0) @binding(15) var<storage, read_write> dWeightOut: array<T>;
@group(0) @binding(16) var<storage, read_write> dBiasOut: array<T>;
@group(0) @binding(17) var<storage, read_write> dResidual: array<T>;
@group(0) @binding(18) var<uniform> sizes: Sizes;

fn index_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

fn rows_of(slice: u32) -> u32 {
  return (sizes.rows - slice + sizes.slices - 1u) / sizes.slices;
}

// slices_out[s] = mean and sum of squared deviations of rows s, s + slices, ... One lane a (slice, quad);
// launch groups2d(ceil(slices * quads / 64)). Values are taken relative to the slice's first, so that the square of a
// large mean does not swallow a small variance.
@compute @workgroup_size(64, 1, 1)
fn statistics(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.slices * sizes.quads) {
    let slice = i / sizes.quads;
    let quad = i - slice * sizes.quads;
    let step = sizes.slices * sizes.quads;
    let count = rows_of(slice);
    let shift = x[i];
    var sum = T(0.0);
    var square = T(0.0);
    var at = i + step;
    for (var row = 1u; row < count; row++) {
      let d = x[at] - shift;
      sum += d;
      square = fma(d, d, square);
      at += step;
    }
    let n = f32(count);
    slices_out[2u * slice * sizes.quads + quad] = shift + sum / n;
    slices_out[(2u * slice + 1u) * sizes.quads + quad] = max(square - sum * sum / n, T(0.0));
  }
}

var<workgroup> counts: array<f32, 64>;
var<workgroup> first: array<T, 64>;
var<workgroup> second: array<T, 64>;

// Joins the slices of one quad of channels, a workgroup each: lane l takes slices l, l + 64, ..., then a tree.
// Launch (quads, 1, 1).
@compute @workgroup_size(64, 1, 1)
fn finish_statistics(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = group.x;
  var n = 0.0;
  var mean = T(0.0);
  var m2 = T(0.0);
  for (var slice = lane; slice < sizes.slices; slice += 64u) {
    let added = f32(rows_of(slice));
    let delta = sliced[2u * slice * sizes.quads + quad] - mean;
    let share = added / (n + added);
    m2 += sliced[(2u * slice + 1u) * sizes.quads + quad] + delta * delta * (n * share);
    mean += delta * share;
    n += added;
  }
  counts[lane] = n;
  first[lane] = mean;
  second[lane] = m2;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width && counts[lane + width] > 0.0) {
      let delta = first[lane + width] - first[lane];
      let share = counts[lane + width] / (counts[lane] + counts[lane + width]);
      second[lane] += second[lane + width] + delta * delta * (counts[lane] * share);
      first[lane] += delta * share;
      counts[lane] += counts[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let variance = second[0] * sizes.perRow;
    statistics_out[quad] = first[0];
    statistics_out[sizes.quads + quad] = T(1.0) / sqrt(variance + T(sizes.eps));
    runningMean[quad] += sizes.momentum * (first[0] - runningMean[quad]);
    runningVar[quad] += sizes.momentum * (variance * sizes.unbiased - runningVar[quad]);
  }
}

// The statistics that inference uses. Launch (ceil(quads / 64), 1, 1).
@compute @workgroup_size(64, 1, 1)
fn running_statistics(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = group.x * 64u + lane;
  if (quad < sizes.quads) {
    statistics_out[quad] = weight[quad]; // bound to the running mean
    statistics_out[sizes.quads + quad] = T(1.0) / sqrt(bias[quad] + T(sizes.eps)); // and to the running variance
  }
}

// Launch groups2d(ceil(rows * quads / 64)).
@compute @workgroup_size(64, 1, 1)
fn normalize(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.rows * sizes.quads) {
    let quad = i % sizes.quads;
    var value = fma((x[i] - statistic[quad]) * statistic[sizes.quads + quad], weight[quad], bias[quad]);
    // @slot residual
    value += residual[i];
    // @end
    // @slot relu
    value = max(value, T(0.0));
    // @end
    out[i] = value;
  }
}

// The gradient that reaches the normalised value.
fn gradient(i: u32) -> T {
  var g = dy[i];
  // @slot mask
  g = select(T(0.0), g, y[i] > T(0.0));
  // @end
  return g;
}

// slices_out[s] = sum of g and of g * normalised x over rows s, s + slices, ... Launch as statistics.
@compute @workgroup_size(64, 1, 1)
fn backward_sums(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.slices * sizes.quads) {
    let slice = i / sizes.quads;
    let quad = i - slice * sizes.quads;
    let mean = statistic[quad];
    var sum = T(0.0);
    var product = T(0.0);
    var at = i;
    for (var row = slice; row < sizes.rows; row += sizes.slices) {
      let g = gradient(at);
      sum += g;
      product = fma(g, x[at] - mean, product);
      at += sizes.slices * sizes.quads;
    }
    slices_out[2u * slice * sizes.quads + quad] = sum;
    slices_out[(2u * slice + 1u) * sizes.quads + quad] = product * statistic[sizes.quads + quad];
  }
}

// Launch (quads, 1, 1).
@compute @workgroup_size(64, 1, 1)
fn finish_sums(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let quad = group.x;
  var sum = T(0.0);
  var product = T(0.0);
  for (var slice = lane; slice < sizes.slices; slice += 64u) {
    sum += sliced[2u * slice * sizes.quads + quad];
    product += sliced[(2u * slice + 1u) * sizes.quads + quad];
  }
  first[lane] = sum;
  second[lane] = product;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) {
      first[lane] += first[lane + width];
      second[lane] += second[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    dBiasOut[quad] = first[0];
    dWeightOut[quad] = second[0];
  }
}

// dx = weight * invStd * (g - mean of g - normalised x * mean of (g * normalised x)), the means being 0 at inference,
// where statistics do not depend on x (perRow = 0). Launch as normalize.
@compute @workgroup_size(64, 1, 1)
fn backward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.rows * sizes.quads) {
    let quad = i % sizes.quads;
    let g = gradient(i);
    let invStd = statistic[sizes.quads + quad];
    let normalized = (x[i] - statistic[quad]) * invStd;
    out[i] = weight[quad] * invStd * (g - (dBias[quad] + normalized * dWeight[quad]) * sizes.perRow);
    // @slot residual_gradient
    dResidual[i] = g;
    // @end
  }
}
