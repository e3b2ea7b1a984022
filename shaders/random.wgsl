// Counter-based random numbers: threefry2x32, 20 rounds (Salmon et al. 2011), with the same bits as runtime/random.ts. A number
// depends only on its key (seed, stream) and counter (index, draw). Fills the slot `random` of kernels that draw.
fn threefry2x32(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  let keys = array<u32, 3>(key.x, key.y, 0x1bd11bdau ^ key.x ^ key.y);
  var a = counter.x + key.x;
  var b = counter.y + key.y;
  for (var quartet = 1u; quartet <= 5u; quartet++) {
    // rotations 13 15 26 6, and 17 29 16 24 in every second quartet of rounds
    let isOdd = (quartet & 1u) == 1u;
    let bits = select(vec4<u32>(17u, 29u, 16u, 24u), vec4<u32>(13u, 15u, 26u, 6u), isOdd);
    for (var i = 0u; i < 4u; i++) { // @unroll
      a += b;
      let rotated = (b << bits[i]) | (b >> (32u - bits[i]));
      b = rotated ^ a;
    }
    a += keys[quartet % 3u];
    b += keys[(quartet + 1u) % 3u] + quartet;
  }
  return vec2<u32>(a, b);
}

// A word as a number in [0, 1): its upper 24 bits times 2^-24, exact in f32.
fn uniform01(bits: u32) -> f32 {
  return f32(bits >> 8u) * 5.9604644775390625e-8;
}
