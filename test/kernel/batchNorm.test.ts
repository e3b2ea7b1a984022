/** batch_norm.wgsl on the CPU, launch by launch, with the vec4 and the scalar form, against plain loops. */
import { describe, expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

const MOMENTUM = 0.1;
const EPS = 1e-3;
const within = tolerance.reduction(16);

const cases = [
  { form: 'vec4<f32>', rows: 7, channels: 8, slices: 3 },
  { form: 'f32', rows: 9, channels: 3, slices: 2 },
  { form: 'f32', rows: 3, channels: 1, slices: 1 },
  { form: 'f32', rows: 70, channels: 1, slices: 66 }, // more slices than lanes
];

describe.each(cases)('$form: $rows x $channels, $slices slices', ({ form, rows, channels, slices }) => {
  const draw = (shape: number[], seed: number, options = {}) =>
    Float32Array.from(uniformInput(shape, { seed, ...options }).values);
  const x = draw([rows, channels], 1, { low: 3, high: 5 }); // a mean that is large beside the deviation
  const [weight, bias, runningMean] = [2, 3, 4].map((seed) => draw([channels], seed));
  const runningVar = draw([channels], 5, { low: 0.5, high: 2 });
  const [residual, dy] = [6, 7].map((seed) => draw([rows, channels], seed));
  const lanes = form === 'f32' ? 1 : 4;
  const quads = channels / lanes;
  const params = { T: form };
  const uniforms = {
    ...{ rows, quads, slices, perRow: 1 / rows, momentum: MOMENTUM, eps: EPS },
    unbiased: rows / (rows - 1),
  };
  const groups = (count: number): [number, number, number] => [Math.ceil(count / 64), 1, 1];
  const kernel = (entry: string, slots: Record<string, string> = {}) => ({
    ...{ file: 'batch_norm.wgsl', entry, params, slots },
  });
  const perChannel = (f: (c: number) => number) => Array.from({ length: channels }, (_, c) => f(c));
  const perElement = (f: (i: number, c: number) => number) =>
    Array.from({ length: rows * channels }, (_, i) => f(i, i % channels));
  const overRows = (c: number, f: (i: number) => number) =>
    Array.from({ length: rows }, (_, row) => f(row * channels + c)).reduce((a, b) => a + b, 0);

  const mean = perChannel((c) => overRows(c, (i) => x[i]) / rows);
  const variance = perChannel((c) => overRows(c, (i) => (x[i] - mean[c]) ** 2) / rows);
  const statistic = Float32Array.from([...mean, ...variance.map((value) => 1 / Math.sqrt(value + EPS))]);
  const normal = (i: number) => (x[i] - mean[i % channels]) / Math.sqrt(variance[i % channels] + EPS);
  const affine = (i: number) => normal(i) * weight[i % channels] + bias[i % channels];

  test('statistics, and finish_statistics of its slices', () => {
    const { slices_out: sliced } = expectOnCpu(
      {
        kernel: kernel('statistics'),
        bindings: { x, slices_out: new Float32Array(slices * 2 * channels) },
        uniforms,
        groups: groups(slices * quads),
      },
      {},
      within,
    );
    expectOnCpu(
      {
        kernel: kernel('finish_statistics'),
        bindings: { sliced, statistics_out: new Float32Array(2 * channels), runningMean, runningVar },
        uniforms,
        groups: [quads, 1, 1],
      },
      {
        statistics_out: statistic,
        runningMean: perChannel((c) => (1 - MOMENTUM) * runningMean[c] + MOMENTUM * mean[c]),
        runningVar: perChannel((c) => (1 - MOMENTUM) * runningVar[c] + (MOMENTUM * variance[c] * rows) / (rows - 1)),
      },
      within,
    );
  });

  test('running_statistics', () => {
    expectOnCpu(
      {
        kernel: kernel('running_statistics'),
        bindings: { weight: runningMean, bias: runningVar, statistics_out: new Float32Array(2 * channels) },
        uniforms,
        groups: [1, 1, 1],
      },
      { statistics_out: [...runningMean, ...Array.from(runningVar, (value) => 1 / Math.sqrt(value + EPS))] },
      within,
    );
  });

  test('normalize: alone, and with residual and ReLU', () => {
    const launch = { uniforms, groups: groups(rows * quads) };
    const bindings = { x, statistic, weight, bias, out: new Float32Array(rows * channels) };
    expectOnCpu(
      { ...launch, kernel: kernel('normalize', { residual: '', relu: '' }), bindings },
      { out: perElement(affine) },
      within,
    );
    expectOnCpu(
      { ...launch, kernel: kernel('normalize'), bindings: { ...bindings, residual } },
      { out: perElement((i) => Math.max(affine(i) + residual[i], 0)) },
      within,
    );
  });

  test('backward_sums, finish_sums and backward, through residual and ReLU', () => {
    const y = Float32Array.from(perElement((i) => Math.max(affine(i) + residual[i], 0)));
    expect(y.some((value) => value === 0) && y.some((value) => value > 0)).toBe(true);
    const g = (i: number) => (y[i] > 0 ? dy[i] : 0);
    const dBias = perChannel((c) => overRows(c, g));
    const dWeight = perChannel((c) => overRows(c, (i) => g(i) * normal(i)));
    const { slices_out: sliced } = expectOnCpu(
      {
        kernel: kernel('backward_sums'),
        bindings: { x, dy, y, statistic, slices_out: new Float32Array(slices * 2 * channels) },
        uniforms,
        groups: groups(slices * quads),
      },
      {},
      within,
    );
    const { dWeightOut, dBiasOut } = expectOnCpu(
      {
        kernel: kernel('finish_sums'),
        bindings: { sliced, dWeightOut: new Float32Array(channels), dBiasOut: new Float32Array(channels) },
        uniforms,
        groups: [quads, 1, 1],
      },
      { dWeightOut: dWeight, dBiasOut: dBias },
      tolerance.reduction(4 * rows),
    );
    const [out, dResidual] = [new Float32Array(rows * channels), new Float32Array(rows * channels)];
    const dx = perElement((i, c) => {
      const centered = g(i) - (dBias[c] + normal(i) * dWeight[c]) / rows;
      return (weight[c] / Math.sqrt(variance[c] + EPS)) * centered;
    });
    expectOnCpu(
      {
        kernel: kernel('backward'),
        bindings: { x, dy, y, statistic, weight, dWeight: dWeightOut, dBias: dBiasOut, out, dResidual },
        uniforms,
        groups: groups(rows * quads),
      },
      { out: dx, dResidual: perElement(g) },
      tolerance.reduction(4 * rows),
    );
  });
});
