// Peak rate of an adapter: y[i] = 12 chains of fused multiply-adds, ROUNDS * 16 links each. 12 chains hide the latency of an
// addition, and 16 links per round the overhead of the loop. Launch (y / 64, 1, 1).
const ROUNDS: u32 = 1u; // @param
const CHAINS: u32 = 12u; // @param
struct Sizes { factor: f32, added: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(1) var<uniform> sizes: Sizes;

@compute @workgroup_size(64, 1, 1)
fn multiply_add(@builtin(global_invocation_id) id: vec3<u32>) {
  var value: array<f32, CHAINS>;
  for (var c = 0u; c < CHAINS; c++) { // @unroll
    value[c] = f32(id.x + c);
  }
  for (var round = 0u; round < ROUNDS; round++) {
    for (var link = 0u; link < 16u; link++) { // @unroll
      for (var c = 0u; c < CHAINS; c++) { // @unroll
        value[c] = fma(value[c], sizes.factor, sizes.added);
      }
    }
  }
  var sum = 0.0;
  for (var c = 0u; c < CHAINS; c++) { // @unroll
    sum += value[c];
  }
  y[id.x] = sum;
}
