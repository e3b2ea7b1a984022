/**
 * More workgroups than a dimension of a grid allows (65535), once for each kernel family with a workgroup per row, patch or
 * column block. Kernels with a lane per element use the same groups2d() and would need millions of elements.
 */
import { beforeAll, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { sharedContext } from '../helpers/adapter.ts';
import { expectOnCpu } from '../helpers/interpreter.ts';
import { tolerance } from '../helpers/tolerances.ts';

const ROWS = 66_000;
let context: rt.Context;
beforeAll(async () => {
  context = await sharedContext();
});

/** Small whole numbers: sums of them are exact in any order. */
const cycle = (length: number, period = 5): Float32Array => Float32Array.from({ length }, (_, i) => i % period);

const leafOf = (values: Float32Array, shape: number[]): rt.Tensor => {
  const leaf = context.tensor(values, shape);
  leaf.requiresGrad = true;
  return leaf;
};

/** The values, and the gradients of sum(y * direction) with respect to the leaves; all are freed. */
async function valuesAndGradients(leaves: rt.Tensor[], op: () => rt.Tensor): Promise<ArrayLike<number>[]> {
  const y = context.scope(() => {
    const result = op();
    rt.backward(rt.sum(result));
    return result.detach();
  });
  const found = await Promise.all([y, ...leaves.map(({ grad }) => grad!)].map((each) => each.read()));
  for (const tensor of [y, ...leaves.map(({ grad }) => grad!), ...leaves]) tensor.dispose();
  return found;
}

/** Rows of an array that are not as expected: exact ones are compared as they are, others to 1e-5. */
const wrong = (found: ArrayLike<number>, expected: (i: number) => number): number => {
  let count = 0;
  for (let i = 0; i < found.length; i++) if (!(Math.abs(found[i] - expected(i)) <= 1e-5)) count++;
  return count;
};

test('sum and mean of many rows, and their gradients', async () => {
  for (const [op, factor] of [
    [rt.sum, 1],
    [rt.mean, 0.5],
  ] as const) {
    const x = leafOf(cycle(2 * ROWS), [ROWS, 2]);
    const [y, dx] = await valuesAndGradients([x], () => op(x, [1]));
    expect(y.length).toBe(ROWS);
    expect(wrong(y, (row) => factor * (((2 * row) % 5) + ((2 * row + 1) % 5)))).toBe(0);
    expect(wrong(dx, () => factor)).toBe(0);
  }
});

test('softmax, logSoftmax and crossEntropy of many rows, and their gradients', async () => {
  const at = (i: number) => i % 5;
  const share = (i: number) => 1 / (1 + Math.exp(at(i % 2 === 0 ? i + 1 : i - 1) - at(i)));
  const softmax = leafOf(cycle(2 * ROWS), [ROWS, 2]);
  const [y, dSoftmax] = await valuesAndGradients([softmax], () => rt.softmax(softmax));
  expect([wrong(y, share), wrong(dSoftmax, () => 0)]).toEqual([0, 0]);
  const logs = leafOf(cycle(2 * ROWS), [ROWS, 2]);
  const [logY, dLogs] = await valuesAndGradients([logs], () => rt.logSoftmax(logs));
  expect([wrong(logY, (i) => Math.log(share(i))), wrong(dLogs, (i) => 1 - 2 * share(i))]).toEqual([0, 0]);
  const logits = leafOf(cycle(2 * ROWS), [ROWS, 2]);
  const labels = context.tensor(new Uint32Array(ROWS), [ROWS], { dtype: 'u32' });
  const [loss, dLogits] = await valuesAndGradients([logits], () => rt.scale(rt.crossEntropy(logits, labels), ROWS));
  let expected = 0;
  for (let row = 0; row < ROWS; row++) expected -= Math.log(share(2 * row));
  expect(loss[0] / expected).toBeCloseTo(1, 4);
  expect(wrong(dLogits, (i) => share(i) - (i % 2 === 0 ? 1 : 0))).toBe(0);
  labels.dispose();
});

test('norms and unit rows of many rows, and their gradients', async () => {
  const norms = leafOf(
    cycle(ROWS).map((x) => x + 1),
    [ROWS, 1],
  );
  const [y, dx] = await valuesAndGradients([norms], () => rt.norm(norms));
  expect([wrong(y, (i) => (i % 5) + 1), wrong(dx, () => 1)]).toEqual([0, 0]);
  const rows = leafOf(
    cycle(ROWS).map((x) => x + 1),
    [ROWS, 1],
  );
  const [unit, dRows] = await valuesAndGradients([rows], () => rt.l2Normalize(rows));
  expect([wrong(unit, () => 1), wrong(dRows, () => 0)]).toEqual([0, 0]);
  const features = leafOf(new Float32Array(ROWS).fill(2), [ROWS, 1]);
  const [penalty, dFeatures] = await valuesAndGradients([features], () => rt.normPenalty(features));
  expect([wrong(penalty, () => 2), wrong(dFeatures, () => 1 / ROWS)]).toEqual([0, 0]);
});

test('sum over the first axis of 4.2 million columns', async () => {
  const columns = 65_536 * 64;
  const y = await context.scope(() => rt.sum(context.full([2, columns], 1.5), [0])).read();
  expect([y.length, wrong(y, () => 3)]).toEqual([columns, 0]);
});

test('convolution and its gradients over many images', async () => {
  const [x, w] = [leafOf(cycle(ROWS), [ROWS, 1, 1, 1]), leafOf(Float32Array.of(3), [1, 1, 1, 1])];
  const [y, dx, dw] = await valuesAndGradients([x, w], () => rt.conv2d(x, w));
  expect([wrong(y, (i) => 3 * (i % 5)), wrong(dx, () => 3), dw[0]]).toEqual([0, 0, 2 * ROWS]);
});

test('a matrix product with very many columns, in parts', async () => {
  // a workgroup has up to 16 columns per lane, 4 to 8 lanes on software adapters and 64 on a GPU
  const columns = 65_536 * 16 * (context.info.isSoftware ? Math.max(4, context.features.subgroupMinSize) : 64) + 4;
  const y = await context.scope(() => rt.matmul(context.full([1, 1], 2), context.full([1, columns], 3))).read();
  expect([y.length, wrong(y, () => 6)]).toEqual([columns, 0]);
});

test('the weight gradient of a layer with very many inputs, in parts', async () => {
  const inputs = 65_536 * 4 + 8; // an invocation has four
  const weight = leafOf(new Float32Array(inputs).fill(0.5), [1, inputs]);
  const x = context.tensor(cycle(inputs), [1, inputs]);
  const [y, dWeight] = await valuesAndGradients([weight], () => rt.linear(x, weight));
  expect([y.length, wrong(dWeight, (i) => i % 5)]).toEqual([1, 0]);
  x.dispose();
});

test('batch norm of more channels than a workgroup of a software adapter has lanes', async () => {
  const channels = 66_000;
  const parameters = { weight: context.full([channels], 1), bias: context.zeros([channels]) };
  const running = { runningMean: context.zeros([channels]), runningVar: context.full([channels], 1) };
  const x = leafOf(
    Float32Array.from({ length: 2 * channels }, (_, i) => (i < channels ? 1 : 3)),
    [2, channels],
  );
  const [y, dx] = await valuesAndGradients([x], () =>
    rt.batchNorm(x, { ...parameters, ...running }, { training: true, eps: 0 }),
  );
  expect([wrong(y, (i) => (i < channels ? -1 : 1)), wrong(dx, () => 0)]).toEqual([0, 0]);
  for (const tensor of Object.values({ ...parameters, ...running })) tensor.dispose();
});

test('a part of a grid computes what the whole grid computes there', () => {
  const [rows, channels] = [3, 3];
  const x = Float32Array.from({ length: rows * channels }, (_, i) => (i * 7) % 5);
  expectOnCpu(
    {
      kernel: {
        ...{ file: 'batch_norm.wgsl', entry: 'statistics' },
        params: { T: 'f32', I: 'i32', LANES: 8 },
      },
      bindings: { x, slices_out: new Float32Array(2 * channels).fill(9) },
      uniforms: {
        ...{ firstGroup: [1, 0, 0], rows, quads: channels, slices: 1, rowsPerSlice: rows, quadsPerGroup: 2 },
        ...{ rowsPerGroup: 4, perRow: 1 / rows, momentum: 0, unbiased: 1, eps: 0 },
      },
      groups: [1, 1, 1],
    },
    {
      slices_out: [
        9,
        9,
        (x[2] + x[5] + x[8]) / 3,
        9,
        9,
        [2, 5, 8].reduce((sum, i) => sum + (x[i] - (x[2] + x[5] + x[8]) / 3) ** 2, 0),
      ],
    },
    tolerance.reduction(rows),
  );
});
