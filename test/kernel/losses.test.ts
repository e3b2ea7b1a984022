/** The kernels of losses on the CPU, against the formulas of docs/methods.md 1 as plain loops. */
import { describe, expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu, runOnCpu } from '../helpers/interpreter.ts';
import { expectClose } from '../helpers/matchers.ts';
import { f64 } from '../helpers/reference.ts';
import {
  binaryCrossEntropyF64,
  deepSadF64,
  focalF64,
  hypersphereF64,
  l2NormalizeF64,
} from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const sumTo = (count: number, f: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => f(i)).reduce((a, b) => a + b, 0);

describe.each([
  { rows: 2, cols: 1, blocks: { ROWS: 4, OWN: 4, COL_LANES: 64, STEPS: 1 } }, // fewer rows than a workgroup has
  { rows: 6, cols: 5, blocks: { ROWS: 8, OWN: 4, COL_LANES: 32, STEPS: 1 } }, // lanes share the rows
  { rows: 66, cols: 2, blocks: { ROWS: 4, OWN: 4, COL_LANES: 64, STEPS: 1 } }, // more rows than lanes
  { rows: 4, cols: 70, blocks: { ROWS: 4, OWN: 4, COL_LANES: 64, STEPS: 2 } }, // more columns than lanes
  { rows: 6, cols: 12, blocks: { ROWS: 8, OWN: 8, COL_LANES: 64, STEPS: 1 } }, // by four
])('nt_xent: $rows rows of $cols', ({ rows, cols, blocks }) => {
  const temperature = 0.5;
  const z = Float32Array.from(l2NormalizeF64(f64([rows, cols], uniformInput([rows, cols]).values)).data);
  const partner = (i: number) => (i + rows / 2) % rows;
  const s = (i: number, j: number) => sumTo(cols, (k) => z[i * cols + k] * z[j * cols + k]) / temperature;
  const logSums = Array.from({ length: rows }, (_, i) =>
    Math.log(sumTo(rows, (j) => (j === i ? 0 : Math.exp(s(i, j))))),
  );
  const isVector = cols % 4 === 0;
  const uniforms = {
    ...{ rows, cols: isVector ? cols / 4 : cols, perTemperature: 1 / temperature, scale: 1 / (rows * temperature) },
  };
  const kernel = {
    file: 'nt_xent.wgsl',
    params: { ...blocks, Z: isVector ? 'vec4<f32>' : 'f32' },
    slots: (isVector ? {} : { product: '      s[r] = fma(a, b, s[r]);' }) as Record<string, string>,
  };
  const workgroups = Math.ceil(rows / blocks.ROWS);

  test('forward, one workgroup too many', () => {
    expectOnCpu(
      {
        kernel: { ...kernel, entry: 'nt_xent' },
        bindings: { z, lse_out: new Float32Array(rows), losses: new Float32Array(rows) },
        uniforms,
        groups: [workgroups + 1, 1, 1],
      },
      { lse_out: logSums, losses: logSums.map((logSum, i) => logSum - s(i, partner(i))) },
      tolerance.transcendental,
    );
  });

  test('backward', () => {
    const dy = 0.7;
    const groups = Math.min(workgroups, 2); // each does the same for its own rows, and takes seconds on the CPU
    const computed = Math.min(rows, groups * blocks.ROWS) * cols;
    const q = (i: number, j: number) => (i === j ? 0 : Math.exp(s(i, j) - logSums[i]));
    const G = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: rows }, (_, j) => (q(i, j) - (j === partner(i) ? 1 : 0)) / rows),
    );
    const dz = Array.from({ length: computed }, (_, at) => {
      const [i, k] = [Math.floor(at / cols), at % cols];
      return (dy / temperature) * sumTo(rows, (j) => (G[i][j] + G[j][i]) * z[j * cols + k]);
    });
    const { values, races } = runOnCpu({
      kernel: { ...kernel, entry: 'nt_xent_backward' },
      bindings: { z, lse: Float32Array.from(logSums), dy: Float32Array.of(dy), dz: new Float32Array(rows * cols) },
      uniforms,
      groups: [groups, 1, 1],
    });
    expect(races).toEqual([]);
    expect(
      [...values.dz.slice(computed)].every((value) => value === 0),
      'rows of others',
    ).toBe(true);
    // two rows: the only pair is its own softmax, the gradient 0 but for the rounding of lse
    if (rows === 2) expect(Math.max(...values.dz.map(Math.abs))).toBeLessThan(1e-6);
    else expectClose(values.dz.slice(0, computed), dz, tolerance.transcendental);
  });
});

test.each([
  { rows: 1, cols: 2 },
  { rows: 5, cols: 3 },
  { rows: 23, cols: 3 },
])('cross_entropy: $rows rows of $cols classes, both ways', ({ rows, cols }) => {
  const logits = Float32Array.from(uniformInput([rows, cols], { low: -4, high: 4 }).values);
  const labels = Uint32Array.from({ length: rows }, (_, i) => (i * 2) % cols);
  const dy = Float32Array.of(0.7);
  const logSums = Array.from({ length: rows }, (_, r) => Math.log(sumTo(cols, (c) => Math.exp(logits[r * cols + c]))));
  const given = { logits, labels, lse: Float32Array.from(logSums) };
  expectOnCpu(
    {
      kernel: { file: 'cross_entropy.wgsl', entry: 'cross_entropy' },
      bindings: { ...given, losses: new Float32Array(rows) },
      uniforms: { rows, cols },
      groups: [1, 1, 1],
    },
    { losses: logSums.map((logSum, r) => logSum - logits[r * cols + labels[r]]) },
    tolerance.transcendental,
  );
  expectOnCpu(
    {
      kernel: { file: 'cross_entropy.wgsl', entry: 'cross_entropy_backward' },
      bindings: { ...given, dy, dx: new Float32Array(rows * cols) },
      uniforms: { rows, cols },
      groups: [Math.ceil((rows * cols) / 64), 1, 1],
    },
    {
      dx: Array.from(logits, (logit, i) => {
        const [r, c] = [Math.floor(i / cols), i % cols];
        return (dy[0] / rows) * (Math.exp(logit - logSums[r]) - (c === labels[r] ? 1 : 0));
      }),
    },
    tolerance.transcendental,
  );
});

test('hypersphere: rows of both labels, on both sides of the series, one workgroup too many', () => {
  const norms = Float32Array.from({ length: 70 }, (_, i) => (i * i) / 400);
  const labels = Uint32Array.from(norms, (_, i) => i % 2);
  expectOnCpu(
    {
      kernel: { file: 'one_class.wgsl', entry: 'hypersphere' },
      bindings: { norms, labels, losses: new Float32Array(70), factors: new Float32Array(70) },
      uniforms: { rows: 70 },
      groups: [3, 1, 1],
    },
    {
      losses: Array.from(norms, (norm, i) => hypersphereF64(norm * norm, labels[i])),
      factors: Array.from(norms, (norm, i) => {
        const root = Math.sqrt(norm * norm + 1);
        const h = (norm * norm) / (root + 1);
        return labels[i] === 0 ? 1 / root : -Math.exp(-h) / (-Math.expm1(-h) + 1e-9) / root;
      }),
    },
    tolerance.transcendental,
  );
});

test('deep_sad: rows of both labels, around the clamp at 1e-6', () => {
  const norms = Float32Array.of(0, 2 ** -10, 2 ** -10, 2 ** -9, 2 ** -9, 0.5, 0.5, 3, 3, 0);
  const labels = Uint32Array.from(norms, (_, i) => i % 2);
  expectOnCpu(
    {
      kernel: { file: 'one_class.wgsl', entry: 'deep_sad' },
      bindings: { norms, labels, losses: new Float32Array(10), factors: new Float32Array(10) },
      uniforms: { rows: 10 },
      groups: [2, 1, 1],
    },
    {
      losses: Array.from(norms, (norm, i) => deepSadF64(norm * norm, labels[i])),
      factors: Array.from(norms, (norm, i) => {
        const q = norm * norm;
        return labels[i] === 0 ? 2 : q > 1e-6 ? -2 / (q + 1e-9) ** 2 : 0;
      }),
    },
    tolerance.transcendental,
  );
});

test.each([
  { entry: 'binary_cross_entropy', of: binaryCrossEntropyF64 },
  { entry: 'focal', of: focalF64 },
])('$entry: logits of any size for both labels', ({ entry, of }) => {
  const logits = Float32Array.from([-80, -20, -8, -1, -0.25, 0, 0.25, 1, 8, 20, 80].flatMap((a) => [a, a]));
  const labels = Uint32Array.from(logits, (_, i) => i % 2);
  const count = logits.length;
  const { values, races } = runOnCpu({
    kernel: { file: 'binary.wgsl', entry },
    bindings: { logits, labels, losses: new Float32Array(count), factors: new Float32Array(count) },
    uniforms: { rows: count },
    groups: [2, 1, 1],
  });
  expect(races).toEqual([]);
  const step = 1e-6;
  const slope = (a: number, y: number) => (of(a + step, y) - of(a - step, y)) / (2 * step);
  expectClose(
    values.losses,
    Array.from(logits, (a, i) => of(a, labels[i])),
    tolerance.transcendental,
  );
  // the clamp's kink leaves up to 3.3e-6 between the slope and the formula without it
  expectClose(
    values.factors,
    Array.from(logits, (a, i) => slope(a, labels[i])),
    tolerance.transcendental,
  );
});

test('sup_con: rows with several, one and no positive; more columns than lanes', () => {
  const [rows, cols, temperature] = [5, 70, 0.5];
  const z = Float32Array.from(l2NormalizeF64(f64([rows, cols], uniformInput([rows, cols]).values)).data);
  const labels = Uint32Array.of(2, 0, 2, 1, 2);
  const lse = Float32Array.of(3, 1, 4, 1.5, 5);
  const positives = (i: number) => [0, 1, 2, 3, 4].filter((j) => j !== i && labels[j] === labels[i]);
  const meanOf = (i: number, k: number) =>
    sumTo(rows, (j) => (positives(i).includes(j) ? z[j * cols + k] : 0)) / Math.max(1, positives(i).length);
  expectOnCpu(
    {
      kernel: { file: 'sup_con.wgsl', entry: 'sup_con' },
      bindings: {
        ...{ z, labels, lse },
        losses: new Float32Array(rows),
        pulls: new Float32Array(rows * cols),
        push_lse: new Float32Array(rows),
      },
      uniforms: { rows, cols, perTemperature: 1 / temperature },
      groups: [rows + 1, 1, 1],
    },
    {
      losses: Array.from(lse, (value, i) =>
        positives(i).length === 0 ? 0 : value - sumTo(cols, (k) => meanOf(i, k) * z[i * cols + k]) / temperature,
      ),
      pulls: Array.from(z, (_, at) => 2 * meanOf(Math.floor(at / cols), at % cols)),
      push_lse: Array.from(lse, (value, i) => (positives(i).length === 0 ? Math.fround(3e38) : value)),
    },
    tolerance.reduction(cols),
  );
});

test('uniformity: both halves apart, more columns than lanes; far rows do not underflow', () => {
  const [rows, cols] = [6, 66];
  const f = Float32Array.from(uniformInput([rows, cols]).values, (value) => 2.5 * value);
  const e = (i: number, j: number) => -2 * sumTo(cols, (k) => (f[i * cols + k] - f[j * cols + k]) ** 2);
  const others = (i: number) => [0, 1, 2].map((j) => j + (i < 3 ? 0 : 3)).filter((j) => j !== i);
  const logSum = (values: readonly number[]) => {
    const peak = Math.max(...values);
    return peak + Math.log(values.reduce((sum, value) => sum + Math.exp(value - peak), 0));
  };
  const lse = Array.from({ length: rows }, (_, i) => logSum(others(i).map((j) => e(i, j))));
  expect(Math.max(...lse)).toBeLessThan(-103); // exp of it is 0 in f32
  const totals = [logSum(lse.slice(0, 3)), logSum(lse.slice(3))];
  const common = { uniforms: { rows, cols, t: 2 }, groups: [rows + 1, 1, 1] as [number, number, number] };
  expectOnCpu(
    {
      kernel: { file: 'uniformity.wgsl', entry: 'uniformity' },
      bindings: { f, lse: new Float32Array(rows) },
      ...common,
    },
    { lse },
    tolerance.reduction(cols),
  );
  const dy = 0.7;
  const { values } = runOnCpu({
    kernel: { file: 'uniformity.wgsl', entry: 'uniformity_backward' },
    bindings: { f, totals: Float32Array.from(totals), dy: Float32Array.of(dy), df: new Float32Array(rows * cols) },
    ...common,
  });
  const df = Array.from(f, (own, at) => {
    const [i, k] = [Math.floor(at / cols), at % cols];
    const weight = (j: number) => Math.exp(e(i, j) - totals[i < 3 ? 0 : 1]);
    return -4 * dy * others(i).reduce((sum, j) => sum + weight(j) * (own - f[j * cols + k]), 0);
  });
  // exponents of some hundreds are rounded to 3e-5, which their exponentials keep
  expectClose(values.df, df, { ...tolerance.transcendental, relative: 1e-4 });
});

test('quantile: the values of a rank and the next, with ties, more values than lanes', () => {
  const x = Float32Array.from({ length: 70 }, (_, i) => Math.floor(((i * 37) % 70) / 2));
  const sorted = x.toSorted();
  for (const rank of [0, 34, 69]) {
    expectOnCpu(
      {
        kernel: { file: 'quantile.wgsl', entry: 'quantile' },
        bindings: { x, ends: new Float32Array(2) },
        uniforms: { count: 70, rank },
        groups: [2, 1, 1],
      },
      { ends: [sorted[rank], sorted[Math.min(rank + 1, 69)]] },
      tolerance.exact,
    );
  }
});
