// Integers as floats and back. u8 is packed, four to a word, the first in the lowest bits.
//   to_floats: x, u32 or u8 of any strides -> y f32, row-major; beyond 2^24 one of the two nearest values.
//   to_integers: x f32, row-major -> y, u32 or u8: truncates toward 0, clamps to the range, NaN becomes 0. One lane per word.
// Launch groups2d(ceil(count / 64)), count in elements of y for to_floats and in words of y for to_integers.
const PER_WORD: u32 = 1u; // @param 4 for u8
struct Sizes { count: u32, size: u32, rank: u32, shape: array<vec4<u32>, 2>, strides: array<vec4<u32>, 2>, offset: u32 }
@group(0) @binding(0) var<storage, read> integers: array<u32>;
@group(0) @binding(1) var<storage, read_write> floats_out: array<f32>;
@group(0) @binding(2) var<storage, read> floats: array<f32>;
@group(0) @binding(3) var<storage, read_write> integers_out: array<u32>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn to_floats(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.count) {
    var rest = i;
    var at = sizes.offset;
    for (var axis = sizes.rank; axis > 0u; axis--) {
      let q = (axis - 1u) / 4u;
      let r = (axis - 1u) % 4u;
      let side = sizes.shape[q][r];
      at += rest % side * sizes.strides[q][r];
      rest /= side;
    }
    let word = integers[at / PER_WORD];
    let bits = 32u / PER_WORD;
    floats_out[i] = f32(select((word >> (at % PER_WORD * bits)) & 0xffu, word, PER_WORD == 1u));
  }
}

@compute @workgroup_size(64, 1, 1)
fn to_integers(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.count) {
    var word = 0u;
    for (var k = 0u; k < PER_WORD; k++) {
      let at = i * PER_WORD + k;
      let value = floats[min(at, sizes.size - 1u)];
      let most = select(255.0, 4294967040.0, PER_WORD == 1u); // the largest f32 below 2^32
      let isNumber = (bitcast<u32>(value) & 0x7fffffffu) <= 0x7f800000u;
      var whole = select(0u, u32(clamp(value, 0.0, most)), isNumber);
      if (PER_WORD == 1u) { whole = select(whole, 0xffffffffu, value >= 4294967296.0); }
      word |= select(0u, whole << (k * 8u), at < sizes.size);
    }
    integers_out[i] = word;
  }
}
