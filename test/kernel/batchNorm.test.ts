/** batch_norm.wgsl on the CPU, launch by launch, with the vec4 and the scalar form, against plain loops. */
import { describe, expect, test } from 'vitest';
import { uniformInput } from '../helpers/inputs.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

const MOMENTUM = 0.1;
const EPS = 1e-3;
const within = tolerance.reduction(16);

const cases = [
  { form: 'vec4<f32>', rows: 7, channels: 8, width: 2, lanes: 8, slices: 3 },
  { form: 'f32', rows: 9, channels: 3, width: 2, lanes: 8, slices: 2 }, // two workgroups beside each other, one lane idle
  { form: 'f32', rows: 5, channels: 1, width: 1, lanes: 64, slices: 1 }, // more lanes than rows; two levels of the tree
  { form: 'f32', rows: 20, channels: 1, width: 1, lanes: 2, slices: 10 }, // more slices than lanes
];

describe.each(cases)('$form: $rows x $channels, $slices slices', ({ form, rows, channels, width, lanes, slices }) => {
  const draw = (shape: number[], seed: number, options = {}) =>
    Float32Array.from(uniformInput(shape, { seed, ...options }).values);
  const x = draw([rows, channels], 1, { low: 3, high: 5 }); // a mean that is large beside the deviation
  const [weight, bias, runningMean] = [2, 3, 4].map((seed) => draw([channels], seed));
  const runningVar = draw([channels], 5, { low: 0.5, high: 2 });
  const residual = draw([rows, channels], 6);
  // sums that cancel would have no digits to compare
  const [part, addend] = [7, 8].map((seed) => draw([rows, channels], seed, { low: 0.1, high: 1 }));
  const dy = part.map((value, i) => value + addend[i]);
  const quads = form === 'f32' ? channels : channels / 4;
  const params = { T: form, I: form === 'f32' ? 'i32' : 'vec4<i32>', LANES: lanes };
  const uniforms = {
    ...{
      rows,
      quads,
      slices,
      rowsPerSlice: Math.ceil(rows / slices),
      perRow: 1 / rows,
      quadsPerGroup: width,
      rowsPerGroup: lanes / width,
      momentum: MOMENTUM,
      eps: EPS,
    },
    unbiased: rows / (rows - 1),
  };
  const groups: [number, number, number] = [Math.ceil(quads / width), slices, 1];
  /** What a launch gets whose workgroups have all rows of their channels. */
  const whole = {
    uniforms: { ...uniforms, slices: 1, rowsPerSlice: rows },
    groups: [groups[0], 1, 1] as typeof groups,
  };
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

  const sums = () => new Float32Array(slices * 2 * channels);
  const elements = () => new Float32Array(rows * channels);
  const alone = { residual: '', relu: '' };

  const toNormalize = () => ({
    ...{ x, weight, bias, out: elements(), statistics_out: new Float32Array(2 * channels) },
    ...{ runningMean, runningVar },
  });
  const normalized = {
    out: perElement(affine),
    statistics_out: statistic,
    runningMean: perChannel((c) => (1 - MOMENTUM) * runningMean[c] + MOMENTUM * mean[c]),
    runningVar: perChannel((c) => (1 - MOMENTUM) * runningVar[c] + (MOMENTUM * variance[c] * rows) / (rows - 1)),
  };

  test('statistics and normalize', () => {
    const { slices_out: sliced } = expectOnCpu(
      { kernel: kernel('statistics'), bindings: { x, slices_out: sums() }, uniforms, groups },
      {},
      within,
    );
    expectOnCpu(
      { kernel: kernel('normalize', alone), bindings: { ...toNormalize(), sliced }, uniforms, groups },
      normalized,
      within,
    );
  });

  test('normalize by itself', () => {
    const deviations = '  deviations_of_rows(group, lane);';
    expectOnCpu(
      { kernel: kernel('normalize', { ...alone, deviations }), bindings: toNormalize(), ...whole },
      normalized,
      within,
    );
  });

  test('normalize with given statistics, residual and ReLU', () => {
    const given = '  let mean = runningMean[quad]; let variance = runningVar[quad];';
    const [runningMean, runningVar] = [mean, variance].map((values) => Float32Array.from(values));
    expectOnCpu(
      {
        kernel: kernel('normalize', { deviations: '', statistics: given }),
        bindings: {
          ...{ x, weight, bias, residual, out: elements(), statistics_out: new Float32Array(2 * channels) },
          ...{ runningMean, runningVar },
        },
        uniforms,
        groups,
      },
      { out: perElement((i) => Math.max(affine(i) + residual[i], 0)), statistics_out: statistic },
      within,
    );
  });

  interface Parts {
    slots: Record<string, string>;
    bindings: Record<string, Float32Array<ArrayBuffer>>;
  }

  /** @param isOpen whether ReLU let element i through */
  const expectGradients = (first: Parts, second: Parts, isOpen: (i: number) => boolean) => {
    const g = (i: number) => (isOpen(i) ? dy[i] : 0);
    const dBias = perChannel((c) => overRows(c, g));
    const dWeight = perChannel((c) => overRows(c, (i) => g(i) * normal(i)));
    const expected = {
      out: perElement((i, c) => {
        const centered = g(i) - (dBias[c] + normal(i) * dWeight[c]) / rows;
        return (weight[c] / Math.sqrt(variance[c] + EPS)) * centered;
      }),
      dWeightOut: dWeight,
      dBiasOut: dBias,
    };
    const ofSums: Record<string, Float32Array<ArrayBuffer>> = { x, dy, statistic, ...first.bindings };
    const outputs = () => ({
      ...{ weight, out: elements(), dWeightOut: new Float32Array(channels), dBiasOut: new Float32Array(channels) },
      ...second.bindings,
    });
    // every normalized value has the rounding error of a mean of several deviations; then a difference
    const afterwards = tolerance.reduction(400 * rows);
    const toSums: typeof ofSums = { ...ofSums, slices_out: sums() };
    const { slices_out: sliced, dResidual = dy } = expectOnCpu(
      { kernel: kernel('backward_sums', first.slots), bindings: toSums, uniforms, groups },
      'dResidual' in first.bindings ? { dResidual: perElement(g) } : {},
      tolerance.exact,
    );
    const bindings = { x, dy: dResidual, sliced, statistic, ...outputs() };
    expectOnCpu({ kernel: kernel('backward', second.slots), bindings, uniforms, groups }, expected, afterwards);

    const slots = {
      ...{ ...first.slots, ...second.slots, sums: '  sums_of_rows(group, lane);' },
      ...('dResidual' in first.bindings ? { gradient: '    let g = dResidual[i];' } : {}),
    };
    expectOnCpu(
      { kernel: kernel('backward', slots), bindings: { ...ofSums, ...outputs() }, ...whole },
      expected,
      afterwards,
    );
  };

  test.each([false, true])(
    'backward_sums and backward, and backward by itself, through residual and ReLU, addend %s',
    (withAddend) => {
      const y = Float32Array.from(perElement((i) => Math.max(affine(i) + residual[i], 0)));
      expect(y.some((value) => value === 0) && y.some((value) => value > 0)).toBe(true);
      expectGradients(
        withAddend
          ? { slots: {}, bindings: { y, dResidual: elements(), dy: part, addend } }
          : { slots: { addend: '' }, bindings: { y, dResidual: elements() } },
        { slots: { bias: '', input_mask: '' }, bindings: {} }, // the sums wrote the masked gradient
        (i) => y[i] > 0,
      );
    },
  );

  test('backward_sums and backward, and backward by itself, through ReLU alone', () => {
    const input = '  let factor = weight[quad];\n  let shift = bias[quad];';
    const mask = '    g = select(T(0.0), g, fma(normalized, factor, shift) > T(0.0));';
    expectGradients(
      { slots: { addend: '', input, mask, residual_gradient: '' }, bindings: { weight, bias } },
      { slots: {}, bindings: { bias } },
      (i) => affine(i) > 0,
    );
  });
});
