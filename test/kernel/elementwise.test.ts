/** elementwise.wgsl and fill.wgsl on the CPU, against plain loops. */
import { test } from 'vitest';
import { groups2d } from '../../runtime/index.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

const draw = (size: number, seed: number) => Float32Array.from(uniformInput([size], { seed, gap: 0.1 }).values);
const NO_STRIDES = { aStrides: [], bStrides: [], cStrides: [], dStrides: [] };

test.each([4, 256, 260])('linear: %i elements, a + b * c / d', (size) => {
  const [a, b, c, d] = [1, 2, 3, 4].map((seed) => draw(size, seed));
  expectOnCpu(
    {
      kernel: {
        file: 'elementwise.wgsl',
        entry: 'linear',
        slots: { linear: '    y[i] = a[i] + b[i] * c[i] / d[i];' },
      },
      bindings: { a, b, c, d, y: new Float32Array(size) },
      uniforms: { count: size, rank: 1, shape: [size], yStrides: [1], ...NO_STRIDES },
      groups: [1, 1, 1], // of 260, the last four are a second turn
    },
    { y: a.map((x, i) => x + (b[i] * c[i]) / d[i]) },
    { ...tolerance.elementwise, floor: 1 }, // the sum may cancel
  );
});

test('linear: count ends within the last workgroup, and nothing is written after it', () => {
  const a = draw(12, 1);
  expectOnCpu(
    {
      kernel: { file: 'elementwise.wgsl', entry: 'linear' },
      bindings: { a, y: new Float32Array(16).fill(7) },
      uniforms: { count: 12, rank: 1, shape: [12], yStrides: [1], ...NO_STRIDES },
      groups: [1, 1, 1],
    },
    { y: [...a, 7, 7, 7, 7] },
    tolerance.exact,
  );
});

test('strided: a transposed [5, 7, 3], a broadcast row and a broadcast scalar, in rows of another order', () => {
  const shape = [5, 7, 3];
  const [a, b, c] = [draw(105, 1), draw(7, 2), draw(1, 3)];
  const strides = { aStrides: [1, 5, 35], bStrides: [0, 1, 0], cStrides: [0, 0, 0] };
  const yStrides = [3, 15, 1];
  const y = new Float32Array(105);
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 7; j++) {
      for (let k = 0; k < 3; k++) y[3 * i + 15 * j + k] = Math.max(a[i + 5 * j + 35 * k], b[j]) * c[0];
    }
  }
  expectOnCpu(
    {
      kernel: {
        file: 'elementwise.wgsl',
        entry: 'strided',
        params: { T: 'f32', I: 'i32' },
        slots: { strided: '    y[at[4]] = max(a[at[0]], b[at[1]]) * c[at[2]];' },
      },
      bindings: { a, b, c, y: new Float32Array(105) },
      uniforms: { count: 105, rank: 3, shape, yStrides, dStrides: [], ...strides },
      groups: [1, 1, 1],
    },
    { y },
    tolerance.elementwise,
  );
});

test('strided: six axes, two vec4s of strides', () => {
  const shape = [2, 1, 3, 2, 2, 3];
  const a = draw(72, 1);
  const strides = [36, 36, 12, 6, 3, 1];
  expectOnCpu(
    {
      kernel: { file: 'elementwise.wgsl', entry: 'strided', params: { T: 'f32', I: 'i32' } },
      bindings: { a, y: new Float32Array(72) },
      uniforms: { count: 72, rank: 6, shape, yStrides: strides, ...NO_STRIDES, aStrides: strides },
      groups: [1, 1, 1],
    },
    { y: a },
    tolerance.exact,
  );
});

test('fill: 300 of 304 elements', () => {
  expectOnCpu(
    {
      kernel: { file: 'fill.wgsl', entry: 'fill' },
      bindings: { y: new Float32Array(304) },
      uniforms: { count: 300, value: 2.5 },
      groups: groups2d(Math.ceil(300 / 256)),
    },
    { y: [...new Array<number>(300).fill(2.5), 0, 0, 0, 0] },
    tolerance.exact,
  );
});
