// Updates a part of the parameters. Parameters and optimizer state are in arenas with the same layout, where the part begins
// at `first`; its gradients begin at 0. g is the gradient plus weight decay.
//   sgd  (PyTorch): v = momentum v + g;  p -= lr v
//   nesterov: the same v;  p -= lr (g + momentum v)
//   lars (docs/methods.md 4): as sgd with g times eta ||p|| / (||gradient|| + weightDecay ||p|| + eps) for tensors of
//        rank > 1, others without weight decay; `lars_ratios` computes this factor first, one workgroup per tensor
//   adam (Kingma and Ba 2015): first and second moments m, v, corrected by 1 - beta^t, t counted on the device
// `first` and `count` are in vec4s. Launch groups2d(ceil(count / 256)); lars_ratios groups2d(tensors of the part);
// adam_powers (1, 1, 1).
struct Sizes { first: u32, count: u32, firstTensor: u32, tensorCount: u32, momentum: f32, weightDecay: f32, eta: f32, beta1: f32, beta2: f32, eps: f32 }
@group(0) @binding(0) var<storage, read_write> p: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grads: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> v: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> m: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> lr: array<f32>;
@group(0) @binding(5) var<storage, read_write> powers: array<f32>; // beta1^t, beta2^t
@group(0) @binding(6) var<storage, read> tensorOf: array<u32>; // the tensor of each run of 64 scalars
@group(0) @binding(7) var<storage, read> tensors: array<vec4<u32>>; // first run, runs, 1 when scaled
@group(0) @binding(8) var<storage, read_write> ratios: array<f32>;
@group(0) @binding(9) var<storage, read> ratio: array<f32>;
@group(0) @binding(10) var<storage, read> parameters: array<vec4<f32>>;
@group(0) @binding(11) var<uniform> sizes: Sizes;

const EACH = 4u; // vec4s per lane, 64 apart: uniform values are loaded once

fn first_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u * EACH + lane;
}

@compute @workgroup_size(64, 1, 1)
fn sgd(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let own = first_of(group, groups, lane);
  let end = min(own + 64u * EACH, sizes.count);
  let first = sizes.first;
  let weightDecay = vec4<f32>(sizes.weightDecay);
  let momentum = vec4<f32>(sizes.momentum);
  let step = vec4<f32>(-lr[0]);
  for (var at = own; at < end; at += 64u) {
    let i = first + at;
    let old = p[i];
    let velocity = fma(v[i], momentum, fma(old, weightDecay, grads[at]));
    v[i] = velocity;
    p[i] = fma(velocity, step, old);
  }
}

@compute @workgroup_size(64, 1, 1)
fn nesterov(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let own = first_of(group, groups, lane);
  let end = min(own + 64u * EACH, sizes.count);
  let momentum = vec4<f32>(sizes.momentum);
  let step = vec4<f32>(-lr[0]);
  for (var at = own; at < end; at += 64u) {
    let i = sizes.first + at;
    let old = p[i];
    let g = fma(old, vec4<f32>(sizes.weightDecay), grads[at]);
    let velocity = fma(v[i], momentum, g);
    v[i] = velocity;
    p[i] = fma(fma(velocity, momentum, g), step, old);
  }
}

var<workgroup> norms: array<vec2<f32>, 64>;

@compute @workgroup_size(64, 1, 1)
fn lars_ratios(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  // surplus workgroups repeat the last
  let index = sizes.firstTensor + min(group.y * groups.x + group.x, sizes.tensorCount - 1u);
  let tensor = tensors[index];
  let begin = tensor.x * 16u - sizes.first;
  let end = min(begin + tensor.y * 16u, sizes.count);
  var sum = vec2<f32>(0.0);
  for (var at = begin + lane; at < end; at += 64u) { // padding is zero in both
    let own = parameters[sizes.first + at];
    sum += vec2<f32>(dot(own, own), dot(grads[at], grads[at]));
  }
  norms[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { norms[lane] += norms[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let both = norms[0].x > 0.0 && norms[0].y > 0.0;
    let norm = sqrt(norms[0]); // of the parameters, of the gradient
    let scaled = sizes.eta * norm.x / (norm.y + sizes.weightDecay * norm.x + sizes.eps);
    ratios[index] = select(1.0, scaled, both);
  }
}

@compute @workgroup_size(64, 1, 1)
fn lars(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let own = first_of(group, groups, lane);
  let end = min(own + 64u * EACH, sizes.count);
  let step = vec4<f32>(-lr[0]);
  for (var at = own; at < end; at += 64u) {
    let i = sizes.first + at;
    let tensor = tensorOf[i / 16u];
    let old = p[i];
    var g = grads[at];
    if (tensors[tensor].z == 1u) { g = fma(old, vec4<f32>(sizes.weightDecay), g) * ratio[tensor]; }
    let velocity = fma(v[i], vec4<f32>(sizes.momentum), g);
    v[i] = velocity;
    p[i] = fma(velocity, step, old);
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
  let own = first_of(group, groups, lane);
  let end = min(own + 64u * EACH, sizes.count);
  let correction = vec2<f32>(1.0) - vec2<f32>(powers[0], powers[1]);
  let factor = vec4<f32>(-lr[0]);
  for (var at = own; at < end; at += 64u) {
    let i = sizes.first + at;
    let old = p[i];
    let g = fma(old, vec4<f32>(sizes.weightDecay), grads[at]);
    let mean = fma(m[i], vec4<f32>(sizes.beta1), g * (1.0 - sizes.beta1));
    let square = fma(v[i], vec4<f32>(sizes.beta2), g * g * (1.0 - sizes.beta2));
    m[i] = mean;
    v[i] = square;
    let step = mean / correction.x / (sqrt(square / correction.y) + vec4<f32>(sizes.eps));
    p[i] = fma(step, factor, old);
  }
}
