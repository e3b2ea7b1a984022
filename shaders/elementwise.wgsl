// y = expression(a, b, c, d), elementwise, with up to four inputs. The expression is a slot.
//   linear: all tensors have the same layout; vec4 accesses. strided: any strides, 0 for a broadcast axis; rank up to 6.
// Launch groups2d(ceil(count / 256)), or fewer for linear, which has a grid-stride loop.
alias T = vec4<f32>; // @param f32 for strided, u32 for a copy of u32
alias I = vec4<i32>; // @param i32 for strided: the bits of a T
struct Sizes {
  count: u32,
  rank: u32,
  shape: array<vec4<u32>, 2>,
  yStrides: array<vec4<u32>, 2>,
  aStrides: array<vec4<u32>, 2>,
  bStrides: array<vec4<u32>, 2>,
  cStrides: array<vec4<u32>, 2>,
  dStrides: array<vec4<u32>, 2>,
}
@group(0) @binding(0) var<storage, read> a: array<T>;
@group(0) @binding(1) var<storage, read> b: array<T>;
@group(0) @binding(2) var<storage, read> c: array<T>;
@group(0) @binding(3) var<storage, read> d: array<T>;
@group(0) @binding(4) var<storage, read_write> y: array<T>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

// These propagate NaN, as in PyTorch. They test bits, as max() may drop NaN and shader compilers may assume that there is no
// NaN (WGSL 15.7.2).
fn relu(value: T) -> T {
  return select(value, T(0), bitcast<I>(value) <= I(-8388608)); // from -infinity to -0
}

fn maximum(first: T, second: T) -> T {
  let isNan = ((bitcast<I>(first) & I(0x7fffffff)) > I(0x7f800000)) | ((bitcast<I>(second) & I(0x7fffffff)) > I(0x7f800000));
  return select(max(first, second), first + second, isNan);
}

// `value`, or 0 if the norm counts as 0, at most 1e-12.
fn unless_tiny(value: T, norm: T) -> T {
  return select(value, T(0), (bitcast<I>(norm) & I(0x7fffffff)) <= I(0x2b8cbccc));
}

@compute @workgroup_size(64, 1, 1)
fn linear(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let lanes = groups.x * groups.y * 64u;
  for (var i = (group.y * groups.x + group.x) * 64u + lane; i * 4u < sizes.count; i += lanes) {
    // @slot linear
    y[i] = a[i];
    // @end
  }
}

@compute @workgroup_size(256, 1, 1)
fn strided(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  var rest = (group.y * groups.x + group.x) * 256u + lane;
  if (rest < sizes.count) {
    var at = array<u32, 5>(0u, 0u, 0u, 0u, 0u);
    for (var axis = sizes.rank; axis > 0u; axis--) {
      let q = (axis - 1u) / 4u;
      let r = (axis - 1u) % 4u;
      let side = sizes.shape[q][r];
      let index = rest % side;
      rest /= side;
      at[0] += index * sizes.aStrides[q][r];
      at[1] += index * sizes.bStrides[q][r];
      at[2] += index * sizes.cStrides[q][r];
      at[3] += index * sizes.dStrides[q][r];
      at[4] += index * sizes.yStrides[q][r];
    }
    // @slot strided
    y[at[4]] = a[at[0]];
    // @end
  }
}
