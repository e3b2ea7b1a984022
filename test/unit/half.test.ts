/** f16 on the host, and the kernels over f16 that the emitter generates. */
import { describe, expect, test } from 'vitest';
import { byteLength } from '../../runtime/dtype.ts';
import { fromHalves, toHalves } from '../../runtime/half.ts';
import { emit } from '../../runtime/kernel/emit.ts';
import { storedAsHalves } from '../../runtime/kernel/halves.ts';
import { RandomStream } from '../../runtime/random.ts';
import convSource from '../../shaders/conv.wgsl';

/** The nearest multiple of the spacing at that magnitude, ties to even, in plain f64. */
function nearest(value: number): number {
  const size = Math.abs(value);
  let step = 2 ** -24;
  while (step * 2048 <= size) step *= 2;
  const below = Math.floor(size / step);
  const rest = size / step - below;
  const steps = rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
  const rounded = steps * step > 65504 ? Number.POSITIVE_INFINITY : steps * step;
  return value < 0 ? -rounded : rounded;
}

describe('binary16', () => {
  test('all 65536 bit patterns convert to f32 and back unchanged; NaN stays NaN', () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = fromHalves(bits);
    const back = toHalves(values);
    bits.forEach((pattern, i) => {
      if (Number.isNaN(values[i])) expect(Number.isNaN(fromHalves(back.subarray(i, i + 1))[0])).toBe(true);
      else if (back[i] !== pattern) expect.fail(`${pattern} became ${back[i]}`);
    });
    expect(values[0x3c00]).toBe(1);
    expect(values[0x7bff]).toBe(65504);
    expect(values[1]).toBe(2 ** -24);
    expect(Object.is(values[0x8000], -0)).toBe(true);
  });

  test('rounds to nearest, ties to even, at every magnitude and next to ties', () => {
    const random = new RandomStream(1, 0);
    const values: number[] = [];
    for (let exponent = -30; exponent < 18; exponent++) {
      for (let i = 0; i < 200; i++) values.push((1 + random.uniform(0, 1)) * 2 ** exponent * (i % 2 ? 1 : -1));
      const tie = (1 + 2 ** -11) * 2 ** exponent;
      // the last two are ties in f32, and not in f64: rounding twice would be wrong
      values.push(tie, tie * (1 + 2 ** -23), tie * (1 - 2 ** -23), tie * (1 + 2 ** -40), tie * (1 - 2 ** -40));
    }
    expect(Array.from(fromHalves(toHalves(values)))).toEqual(values.map(nearest));
  });

  test('overflows to infinity from 65520', () => {
    expect(Array.from(fromHalves(toHalves([65519.99, 65520, -1e30, Number.POSITIVE_INFINITY, Number.NaN])))).toEqual([
      65504,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  test('buffers are whole words', () => expect([1, 2, 3].map((count) => byteLength('f16', count))).toEqual([4, 4, 8]));
});

describe('kernels over f16', () => {
  const text = [
    'enable subgroups;',
    'alias V = vec2<f32>;',
    '// y[i] = x[i], in words',
    '@group(0) @binding(0) var<storage, read> x: array<V>;',
    '@group(0) @binding(1) var<storage, read_write> y: array<V>;',
    'fn f() { y[at[4]] = x[min(i, at[1])] + max.x[0] + xx[1]; if (y[2] == x[3]) { y[0] = V(0.0); } }',
  ].join('\n');

  test('elements are f16, loads and stores convert; comments, members and other names are left alone', () => {
    const lines = storedAsHalves(text, ['x', 'y']).split('\n');
    expect(lines.slice(0, 3)).toEqual(['enable f16;', 'enable subgroups;', 'alias V = vec2<f32>;']);
    expect(lines.slice(4)).toEqual([
      '@group(0) @binding(0) var<storage, read> x: array<vec2<f16>>;',
      '@group(0) @binding(1) var<storage, read_write> y: array<vec2<f16>>;',
      'fn f() { y[at[4]] = vec2<f16>(V(x[min(i, at[1])]) + max.x[0] + xx[1]); if (V(y[2]) == V(x[3])) { y[0] = vec2<f16>(V(0.0)); } }',
    ]);
  });

  test('only named bindings are converted; without any, the source is unchanged', () => {
    expect(storedAsHalves(text, ['x'])).toContain('y: array<V>;');
    expect(storedAsHalves(text, ['x'])).toContain('y[at[4]] = V(x[');
    const conv = emit({ file: 'conv.wgsl', source: convSource, entry: 'conv' });
    expect(storedAsHalves(conv, [])).toBe(conv);
    expect(() => storedAsHalves(text, ['z'])).toThrow('no binding "z: array<...>"');
  });
});
