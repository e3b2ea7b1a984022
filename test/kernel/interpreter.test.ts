/** The interpreter itself: it finds races and errors, and which of its bugs are worked around. */
import { expect, test } from 'vitest';
import { detectRaces } from 'wgsl_reflect/wgsl_reflect.module.js';
import { runOnCpu, shaderText } from '../helpers/interpreter.ts';

const sumOf = (source: string) =>
  runOnCpu({
    kernel: { file: 'reduce.wgsl', source, entry: 'reduce_rows' },
    bindings: { x: Float32Array.from({ length: 70 }, (_, i) => i), y: new Float32Array(1) },
    uniforms: { keep: 1, rows: 70, cols: 1, slices: 1, rowsPerSlice: 70, scale: 1 },
    groups: [1, 1, 1],
  });

test('a missing barrier is a race, and the file as it stands has none', () => {
  const source = shaderText('reduce.wgsl');
  const { values, races } = sumOf(source);
  expect(races).toEqual([]);
  expect(values.y[0]).toBe((69 * 70) / 2);
  for (const barrier of source.match(/ *workgroupBarrier\(\);\n/g) ?? []) {
    expect(sumOf(source.replace(barrier, '')).races.length).toBeGreaterThan(0);
  }
});

test('errors that the interpreter only prints are thrown', () => {
  const source = shaderText('fill.wgsl').replace('sizes.value;', 'unheard_of(1.0);');
  expect(() =>
    runOnCpu({
      kernel: { file: 'fill.wgsl', source, entry: 'fill' },
      bindings: { y: new Float32Array(4) },
      uniforms: { count: 4, value: 1 },
      groups: [1, 1, 1],
    }),
  ).toThrow('unheard_of');
});

/** What two lanes write, with and without the fixes. */
function bothWays(body: string): { mended: number[]; bare: number[] } {
  const source = `
    @group(0) @binding(0) var<storage, read_write> out: array<u32>;
    fn twice(a: u32) -> u32 { let b = a + a; return b; }
    fn minus(a: u32, b: u32) -> u32 { return a - b; }
    const one: u32 = 1u;
    fn plus_one(a: u32) -> u32 { return a + one; }
    @compute @workgroup_size(2, 1, 1) fn main(@builtin(local_invocation_index) lane: u32) { ${body} }`;
  const { values } = runOnCpu({
    kernel: { file: 'test.wgsl', source, entry: 'main' },
    bindings: { out: new Uint32Array(2) },
    groups: [1, 1, 1],
  });
  const bare = new Uint32Array(2);
  try {
    detectRaces(source, 'main', [1, 1, 1], { 0: { 0: bare.buffer } });
  } catch {
    bare.fill(0xffffffff);
  }
  return { mended: [...values.out], bare: [...bare] };
}

// When a right side fails because `bare` is right too, the fault is gone, and so can its mending in helpers/interpreter.ts.
test.each([
  ['a call in two lanes', 'let x = twice(lane + 1u); out[lane] = x;', [2, 4]],
  ['an argument named as a parameter before it', 'let a = lane + 1u; out[lane] = minus(10u, a);', [9, 8]],
  ['a local named as a constant of the module', 'let one = 5u; out[lane] = plus_one(lane * one);', [1, 6]],
  ['a right side that must not be evaluated', 'if (lane < 1u && out[lane + 1u] == 0u) { out[lane] = 1u; }', [1, 0]],
  ['a shift of a large u32', 'out[lane] = 4000000000u >> (lane + 1u);', [2_000_000_000, 1_000_000_000]],
  [
    'a comparison of a vector of bits',
    'out[lane] = select(0u, 7u, all(bitcast<vec2<i32>>(vec2<f32>(-1.5)) < vec2<i32>(0)));',
    [7, 7],
  ],
  ['a vector of large u32', 'let v = vec2<u32>(4000000001u, 7u); out[lane] = v[lane];', [4_000_000_001, 7]],
])('fault of wgsl_reflect 1.6, mended: %s', (_, body, right) => {
  const { mended, bare } = bothWays(body);
  expect(mended).toEqual(right);
  expect(bare).not.toEqual(right);
});
