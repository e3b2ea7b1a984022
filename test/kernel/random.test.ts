/** The generator on the device is the one on the host, bit for bit: random.wgsl on the CPU against runtime/random.ts. */
import { expect, test } from 'vitest';
import { RandomStream, threefry2x32, uniform01 } from '../../runtime/random.ts';
import { runOnCpu, shaderText } from '../helpers/interpreter.ts';

const source = `${shaderText('random.wgsl')}
  @group(0) @binding(0) var<storage, read> keys: array<vec4<u32>>;
  @group(0) @binding(1) var<storage, read_write> words: array<u32>;
  @group(0) @binding(2) var<storage, read_write> uniforms: array<f32>;
  @compute @workgroup_size(16, 1, 1)
  fn draw(@builtin(local_invocation_index) lane: u32) {
    let key = keys[lane];
    let bits = threefry2x32(key.xy, key.zw);
    words[2u * lane] = bits.x;
    words[2u * lane + 1u] = bits.y;
    uniforms[lane] = uniform01(bits.x);
  }`;

/** Key and counter of each lane: the known answers of Random123, and others. */
const KNOWN = [
  [0, 0, 0, 0],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
  [0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3],
];
const random = new RandomStream(1, 1);
const lanes = [...KNOWN, ...Array.from({ length: 13 }, () => [0, 0, 0, 0].map(() => random.bits()))];

test.each([
  ['rounds in a loop', source.replace('// @unroll', '')],
  ['rounds unrolled by the emitter', source],
])('%s', (_, text) => {
  const { values, races } = runOnCpu({
    kernel: { file: 'random.wgsl', source: text, entry: 'draw' },
    bindings: { keys: Uint32Array.from(lanes.flat()), words: new Uint32Array(32), uniforms: new Float32Array(16) },
    groups: [1, 1, 1],
  });
  const words = lanes.flatMap(([k0, k1, c0, c1]) => threefry2x32(k0, k1, c0, c1));
  expect(races).toEqual([]);
  expect([...values.words]).toEqual(words);
  expect([...values.uniforms]).toEqual(lanes.map((_, lane) => uniform01(words[2 * lane])));
  expect(words.slice(0, 6)).toEqual([0x6b200159, 0x99ba4efe, 0x1cb996fc, 0xbb002be7, 0xc4923a9c, 0x483df7a0]);
});
