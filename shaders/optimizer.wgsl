// One optimiser step over all parameters: they, their gradients and the optimiser's state lie in arenas of one layout,
// so that a single launch updates everything. g is the gradient plus weight decay.
//   sgd  (PyTorch): v = momentum v + g;  p -= lr v
//   lars (You et al. 2017): as sgd with g times eta ||p|| / ||g|| for tensors of rank > 1, others without weight decay;
//        `lars_ratios` computes that factor first, a workgroup a tensor
//   adam (Kingma and Ba 2015): first and second moments m, v, corrected by 1 - beta^t, t counted on the device
// Launch groups2d(ceil(count / 256)), count in scalars; lars_ratios (tensors, 1, 1); adam_powers (1, 1, 1).
struct Sizes { count: u32, momentum: f32, weightDecay: f32, eta: f32, beta1: f32, beta2: f32, eps: f32 }
@group(0) @binding(0) var<storage, read_write> p: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grads: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> lr: array<f32>;
@group(0) @binding(5) var<storage, read_write> powers: array<f32>; // beta1^t, beta2^t
@group(0) @binding(6) var<storage, read> tensorOf: array<u32>; // of each run of 64 scalars
@group(0) @binding(7) var<storage, read> tensors: array<vec4<u32>>; // first run, runs, 1 when scaled
@group(0) @binding(8) var<storage, read_write> ratios: array<f32>;
@group(0) @binding(9) var<storage, read> ratio: array<f32>;
@group(0) @binding(10) var<storage, read> parameters: array<vec4<f32>>;
@group(0) @binding(11) var<uniform> sizes: Sizes;

fn index_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

@compute @workgroup_size(64, 1, 1)
fn sgd(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i * 4u < sizes.count) {
    let g = fma(p[i], vec4<f32>(sizes.weightDecay), grads[i]);
    let velocity = fma(v[i], vec4<f32>(sizes.momentum), g);
    v[i] = velocity;
    p[i] = fma(velocity, vec4<f32>(-lr[0]), p[i]);
  }
}

var<workgroup> norms: array<vec2<f32>, 64>;

@compute @workgroup_size(64, 1, 1)
fn lars_ratios(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tensor = tensors[group.x];
  var sum = vec2<f32>(0.0);
  for (var i = tensor.x * 16u + lane; i < (tensor.x + tensor.y) * 16u; i += 64u) { // padding is zero in both
    let g = fma(parameters[i], vec4<f32>(sizes.weightDecay), grads[i]);
    sum += vec2<f32>(dot(parameters[i], parameters[i]), dot(g, g));
  }
  norms[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { norms[lane] += norms[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let both = norms[0].x > 0.0 && norms[0].y > 0.0;
    ratios[group.x] = select(1.0, sizes.eta * sqrt(norms[0].x) / sqrt(norms[0].y), both);
  }
}

@compute @workgroup_size(64, 1, 1)
fn lars(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i * 4u < sizes.count) {
    let tensor = tensorOf[i / 16u];
    var g = grads[i];
    if (tensors[tensor].z == 1u) { g = fma(p[i], vec4<f32>(sizes.weightDecay), g) * ratio[tensor]; }
    let velocity = fma(v[i], vec4<f32>(sizes.momentum), g);
    v[i] = velocity;
    p[i] = fma(velocity, vec4<f32>(-lr[0]), p[i]);
  }
}

@compute @workgroup_size(1, 1, 1)
fn adam_powers() {
  powers[0] *= sizes.beta1;
  powers[1] *= sizes.beta2;
}

@compute @workgroup_size(64, 1, 1)
fn adam(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i * 4u < sizes.count) {
    let g = fma(p[i], vec4<f32>(sizes.weightDecay), grads[i]);
    let mean = fma(m[i], vec4<f32>(sizes.beta1), g * (1.0 - sizes.beta1));
    let square = fma(v[i], vec4<f32>(sizes.beta2), g * g * (1.0 - sizes.beta2));
    m[i] = mean;
    v[i] = square;
    let step = mean / (1.0 - powers[0]) / (sqrt(square / (1.0 - powers[1])) + vec4<f32>(sizes.eps));
    p[i] = fma(step, vec4<f32>(-lr[0]), p[i]);
  }
}
