/**
 * The test vectors of docs/methods.md, computed by what a run uses: losses and gradients, scores, optimizers, the learning
 * rates. Those of the metrics are in metrics.test.ts. A(n, d) has the elements sin(i d + j + 1).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { methodNamed } from '../../src/methods/table.ts';
import { meanSquaredNorm } from '../../src/scores/meanSquaredNorm.ts';
import { norm } from '../../src/scores/norm.ts';
import { normEnsemble } from '../../src/scores/normEnsemble.ts';
import { normOfMean } from '../../src/scores/normOfMean.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { expectClose } from '../helpers/matchers.ts';
import {
  alignmentF64,
  hypersphereLossF64,
  normPenaltyF64,
  ntXentF64,
  supConF64,
  uniformityF64,
} from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const A = (n: number, d: number): number[] => Array.from({ length: n * d }, (_, k) => Math.sin(k + 1));
const f64 = (shape: number[], values: readonly number[]) => ({ shape, data: Float64Array.from(values) });
/** Features of outliers. */
const outliers = A(3, 3).map((value) => 2 * value);

let context: rt.Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

/** The loss of a method and its gradient for the normal features. */
async function lossOf(name: 'oecl' | 'simclr', shape: number[], values: readonly number[], lambda = 0) {
  const normal = context.tensor(values, shape);
  normal.requiresGrad = true;
  const parts = { normal, outliers: name === 'oecl' ? context.tensor(outliers, [3, 3]) : null };
  const batch = { parts: () => parts, labels: {}, weights: { lambda: context.tensor([lambda], []) } };
  const { loss } = methodNamed(name).loss!({ backbone: normal, projection: normal, logits: {} }, batch, {
    temperature: 0.5,
  });
  rt.backward(loss);
  return { value: await loss.item(), gradient: Array.from(await normal.grad!.read()) };
}

describe('NT-Xent (docs/methods.md 1.1)', () => {
  test('values and gradients, tau 0.5', async () => {
    expect(ntXentF64(f64([4, 3], A(4, 3)), 0.5).data[0]).toBeCloseTo(0.040788858187, 11);
    expect(ntXentF64(f64([8, 5], A(8, 5)), 0.5).data[0]).toBeCloseTo(1.56819653461, 11);
    const small = await lossOf('simclr', [4, 3], A(4, 3));
    expectClose([small.value], [0.040788858187], tolerance.transcendental);
    expectClose(small.gradient.slice(0, 3), [0.008440755, -0.005567464, -0.014456983], tolerance.transcendental);
    expectClose(small.gradient.slice(9), [0.012268419, -0.000057841, -0.012330922], tolerance.transcendental);
    const large = await lossOf('simclr', [8, 5], A(8, 5));
    expectClose([large.value], [1.56819653461], tolerance.transcendental);
    const total = large.gradient.reduce((sum, value) => sum + Math.abs(value), 0);
    expectClose([total], [4.154604536909], tolerance.transcendental);
  });

  test('the gradient is orthogonal to the features, row by row', async () => {
    const values = A(8, 5);
    const { gradient } = await lossOf('simclr', [8, 5], values);
    for (let row = 0; row < 8; row++) {
      const dot = values.slice(5 * row, 5 * row + 5).reduce((sum, value, k) => sum + value * gradient[5 * row + k], 0);
      expect(Math.abs(dot), `row ${row}`).toBeLessThan(1e-6);
    }
  });

  test('scaling a row leaves the loss and divides its gradient by the scale', async () => {
    const before = await lossOf('simclr', [8, 5], A(8, 5));
    const scaled = A(8, 5).map((value, k) => (k >= 10 && k < 15 ? 4 * value : value));
    const after = await lossOf('simclr', [8, 5], scaled);
    expectClose([after.value], [before.value], tolerance.transcendental);
    const expected = before.gradient.map((value, k) => (k >= 10 && k < 15 ? value / 4 : value));
    expectClose(after.gradient, expected, tolerance.transcendental);
  });

  test.each([
    [3, Math.log(5)],
    [1, 0],
  ])('B = %i, all views equal: log(2B - 1), without a gradient', async (B, expected) => {
    const row = [0.3, -1.2, 0.8];
    const values = Array.from({ length: 2 * B }, () => row).flat();
    const { value, gradient } = await lossOf('simclr', [2 * B, 3], values);
    expect(Math.abs(value - expected)).toBeLessThan(1e-5);
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-6);
  });

  test('B = 1, two different views: no loss and no gradient', async () => {
    const { value, gradient } = await lossOf('simclr', [2, 3], A(2, 3));
    expect(Math.abs(value)).toBeLessThan(1e-6);
    expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-6);
  });
});

test('norm penalty and OECL, lambda 0.1 and 1 (docs/methods.md 1.3)', async () => {
  expect(normPenaltyF64(f64([3, 3], outliers)).data[0]).toBeCloseTo(2.504773839774, 11);
  expectClose(
    [await rt.normPenalty(context.tensor(outliers, [3, 3])).item()],
    [2.504773839774],
    tolerance.reduction(9),
  );
  for (const [lambda, expected] of [
    [0.1, 0.291266242164],
    [1, 2.545562697961],
  ]) {
    const { value } = await lossOf('oecl', [4, 3], A(4, 3), lambda);
    expectClose([value], [expected], tolerance.transcendental);
  }
});

test('hypersphere loss (docs/methods.md 1.7)', async () => {
  const labels = [0, 0, 1, 1];
  expect(hypersphereLossF64(f64([4, 3], A(4, 3)), f64([4], labels)).data[0]).toBeCloseTo(0.694183158461, 11);
  const loss = rt.hypersphereLoss(context.tensor(A(4, 3), [4, 3]), context.tensor(labels, [4], { dtype: 'u32' }));
  expectClose([await loss.item()], [0.694183158461], tolerance.transcendental);
});

test('SupCon (docs/methods.md 1.6)', async () => {
  const labels = [0, 0, 1, 1, 0, 0, 1, 1];
  const onDevice = context.tensor(Uint32Array.from(labels), [8], { dtype: 'u32' });
  for (const [temperature, expected] of [
    [0.5, 1.827813973548],
    [0.07, 8.0122649306],
  ]) {
    expect(supConF64(f64([8, 5], A(8, 5)), labels, temperature).data[0]).toBeCloseTo(expected, 10);
    const loss = rt.supCon(context.tensor(A(8, 5), [8, 5]), onDevice, { temperature });
    expectClose([await loss.item()], [expected], tolerance.transcendental);
  }
});

test('alignment and uniformity (docs/methods.md 1.2)', async () => {
  for (const [distance, align, uniform] of [
    ['cosine', 1.093962363971, -3.369369080744],
    ['euclidean', 2.801073542089, -7.305164727005],
  ] as const) {
    const reference = f64([8, 5], A(8, 5));
    expect(alignmentF64(reference, distance).data[0]).toBeCloseTo(align, 10);
    expect(uniformityF64(reference, distance).data[0]).toBeCloseTo(uniform, 10);
    const features = context.tensor(A(8, 5), [8, 5]);
    const values = [
      await rt.alignment(features, { distance }).item(),
      await rt.uniformity(features, { distance }).item(),
    ];
    expectClose(values, [align, uniform], tolerance.transcendental);
  }
});

test('Deep SAD, Deep SVDD, BCE, focal and uniform logits (docs/methods.md 1.7)', async () => {
  const labels = context.tensor([0, 0, 1, 1], [4], { dtype: 'u32' });
  const features = context.tensor(A(4, 3), [4, 3]);
  const truth = context.tensor([0, 1, 0, 1], [4], { dtype: 'u32' });
  const logits = context.tensor([-2, -0.5, 0.5, 3], [4]);
  const uniform = (values: number[]) => rt.neg(rt.mean(rt.logSoftmax(context.tensor(values, [1, 3]))));
  const got = [
    rt.deepSadLoss(features, labels),
    rt.mean(rt.sum(rt.square(features), [-1])),
    rt.binaryCrossEntropy(logits, truth),
    rt.focalLoss(logits, truth),
    uniform([1, 2, 3]),
    uniform([0, 0, 0]),
  ];
  const expected = [1.097332996419, 1.572330385754, 0.530917332744, 0.18918401197, 1.407605964, 1.098612289];
  expectClose(await Promise.all(got.map((value) => value.item())), expected, tolerance.transcendental);
});

test('the view scores (docs/methods.md 2.1)', async () => {
  const a = A(2, 3);
  const views = [a, a.map((value) => 0.5 * value + 0.1), a.map((value) => -0.25 * value)];
  const projection = { data: Float32Array.from(views.flat()), width: 3 };
  const images = { count: 2, views: 3, shifts: 1, rowsPerShift: 2, logits: {}, backbone: projection, projection };
  const table = Object.fromEntries(
    await Promise.all(
      [norm, normEnsemble, normOfMean, meanSquaredNorm].map(async (score) => [score.name, await score.open()(images)]),
    ),
  ) as Record<string, ArrayLike<number>>;
  const of = (image: number) => Object.fromEntries(Object.keys(table).map((name) => [name, table[name][image]]));
  const expected = [
    { normOfMean: 0.570804779, meanSquaredNorm: 0.75329236, normEnsemble: 0.779441394 },
    { normOfMean: 0.469621604, meanSquaredNorm: 0.630527234, normEnsemble: 0.679577712 },
  ];
  expected.forEach((scores, image) => {
    const actual = of(image);
    for (const [name, value] of Object.entries(scores)) {
      expect(actual[name], `${name} of image ${image}`).toBeCloseTo(value, 7); // features are f32
    }
    expect(actual.norm).toBeCloseTo(Math.hypot(...a.slice(3 * image, 3 * image + 3)), 6);
  });
});

describe('optimizers (docs/methods.md 4)', () => {
  /** A parameter after each of the steps with these gradients, the learning rate 0.1. */
  async function after(
    make: (p: rt.Tensor[], learningRate: rt.Tensor) => rt.Optimizer,
    start: readonly number[],
    shape: number[],
    gradients: readonly (readonly number[])[],
  ): Promise<number[][]> {
    const p = context.tensor(start, shape);
    p.requiresGrad = true;
    const optimizer = make([p], context.tensor([0.1], []));
    const values: number[][] = [];
    for (const gradient of gradients) {
      context.scope(() => optimizer.minimize(rt.sum(rt.mul(p, context.tensor(gradient, shape)))));
      values.push(Array.from(await p.read()));
    }
    return values;
  }

  test('SGD with momentum and weight decay, two steps', async () => {
    const make = (p: rt.Tensor[], learningRate: rt.Tensor) =>
      new rt.SGD(p, { learningRate, momentum: 0.9, weightDecay: 5e-4 });
    const gradients = [
      [0.5, 0.25],
      [-0.1, 0.4],
    ];
    const [first, second] = await after(make, [1, -2], [2], gradients);
    expectClose(first, [0.94995, -2.0249], tolerance.elementwise);
    expectClose(second, [0.914857502, -2.087208755], tolerance.elementwise);
  });

  test.each([
    { p: [1, -2], g: [0.5, 0.25], weightDecay: 5e-4, factor: 0.003992015968 },
    { p: [1.234, 0], g: [5.678, 0], weightDecay: 1e-4, factor: 0.000217325 },
  ])('LARS: the factor $factor, seen in the step', async ({ p, g, weightDecay, factor }) => {
    // a trust coefficient of 1000 times the default, as a step of 4e-4 would drown in the rounding of p
    const make = (parameters: rt.Tensor[], learningRate: rt.Tensor) =>
      new rt.LARS(parameters, { learningRate, momentum: 0.9, weightDecay, trustCoefficient: 1 });
    const [actual] = await after(make, p, [1, 2], [g]);
    const expected = p.map((value, i) => value - 0.1 * 1000 * factor * (g[i] + weightDecay * value));
    expectClose(actual, expected, tolerance.elementwise);
  });

  test('cosine schedule of 500 epochs', () => {
    const rates = rt.cosineSchedule(500, 0.1);
    expect(rates).toHaveLength(500);
    expect(rates[0]).toBe(0.1);
    expect(rates[50]).toBeCloseTo(0.097552826, 9);
    expect(rates[250]).toBeCloseTo(0.05, 12);
    expect(rates[499]).toBeCloseTo(9.8696e-7, 11);
  });
});
