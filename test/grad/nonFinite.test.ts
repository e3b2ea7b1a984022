/** Ops propagate NaN as in PyTorch, in spite of their guards: an upstream fault must not turn into a number. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { openTestContext } from '../helpers/adapter.ts';

let context: rt.Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(() => context.close());

/** Both signs: Infinity - Infinity is negative NaN on x86. */
const NAN = Number.NaN;
const NEGATIVE_NAN = new Float32Array(Uint32Array.of(0xffc00000).buffer)[0];
const INPUTS = [NAN, -1, 2, Infinity, -Infinity, 0, NEGATIVE_NAN, 3];

const values = async (body: () => rt.Tensor): Promise<number[]> => Array.from(await context.scope(body).read());
/** A contiguous tensor of four or more elements takes the vec4 kernel, a strided view the scalar one. */
const rowOf = (numbers: number[]): rt.Tensor => context.tensor(numbers, [numbers.length]);
const column = (numbers: number[]): rt.Tensor =>
  rt.slice(
    context.tensor(
      numbers.flatMap((x) => [x, 7]),
      [numbers.length, 2],
    ),
    1,
    0,
    1,
  );

test.each([
  ['vec4', rowOf],
  ['scalar', column],
])('relu, maximum and exp, %s', async (_, made) => {
  const ones = (): rt.Tensor => context.full([8, 1].slice(0, made([1]).rank), 1);
  expect(await values(() => rt.relu(made(INPUTS)))).toEqual([NAN, 0, 2, Infinity, 0, 0, NAN, 3]);
  const expected = [NAN, 1, 2, Infinity, 1, 1, NAN, 3];
  expect(await values(() => rt.maximum(made(INPUTS), ones()))).toEqual(expected);
  expect(await values(() => rt.maximum(ones(), made(INPUTS)))).toEqual(expected);
  const exponentials = INPUTS.map((x) => (Number.isFinite(x) ? expect.closeTo(Math.exp(x), 4) : Math.exp(x)));
  expect(await values(() => rt.exp(made(INPUTS)))).toEqual(exponentials);
});

test('the gradient of relu at NaN is that of the output', async () => {
  const x = rowOf(INPUTS);
  x.requiresGrad = true;
  context.scope(() => rt.backward(rt.sum(rt.relu(x))));
  expect(Array.from(await x.grad!.read())).toEqual([1, 0, 1, 1, 0, 0, 1, 1]);
  x.grad!.dispose();
  x.dispose();
});

test.each([1, 4])('maxPool2d of %i channels: a window with NaN anywhere', async (channels) => {
  for (const at of [0, 1, 3]) {
    const window = [1, 2, 3, 4].map((value, i) => (i === at ? NAN : value));
    const image = Array.from({ length: channels }, () => window).flat();
    const y = await values(() => rt.maxPool2d(context.tensor(image, [1, channels, 2, 2]), { kernel: 2 }));
    expect(y).toEqual(new Array(channels).fill(NAN));
  }
});

test.each([true, false])(
  'batchNorm with relu, training %s: NaN of one channel, and a negative running variance',
  async (training) => {
    const batchNorm = (x: number[], runningVar: number[]) =>
      values(() =>
        rt.batchNorm(
          context.tensor(x, [2, 4]),
          {
            ...{ weight: context.full([4], 1), bias: context.zeros([4]) },
            ...{ runningMean: context.zeros([4]), runningVar: rowOf(runningVar) },
          },
          { training, relu: true },
        ),
      );
    const y = await batchNorm([NAN, 1, 2, 3, 1, 2, 3, 4], [1, 1, 1, 1]);
    expect(y[0]).toBeNaN();
    expect([1, 2, 3, 5, 6, 7].map((i) => Number.isFinite(y[i]))).toEqual(new Array(6).fill(true));
    if (!training) expect((await batchNorm([1, 1, 2, 3, 1, 2, 3, 4], [-1, 1, 1, 1]))[0]).toBeNaN();
  },
);

test('rows with NaN: norms, unit rows, softmax, losses', async () => {
  const x = () => context.tensor([1, NAN, 3, 4], [2, 2]);
  expect(await values(() => rt.norm(x()))).toEqual([NAN, 5]);
  const unit = await values(() => rt.l2Normalize(x()));
  expect(unit.map(Number.isNaN)).toEqual([true, true, false, false]);
  for (const op of [rt.softmax, rt.logSoftmax])
    expect((await values(() => op(x()))).map(Number.isNaN)).toEqual([true, true, false, false]);
  const labels = () => context.tensor([0, 1], [2], { dtype: 'u32' });
  for (const loss of [
    () => rt.normPenalty(x()),
    () => rt.ntXent(x(), { temperature: 0.5 }),
    () => rt.crossEntropy(x(), labels()),
  ])
    expect(await values(loss)).toEqual([NAN]);
});

test('crossEntropy of an invalid label is NaN', async () => {
  const loss = (label: number) =>
    values(() => rt.crossEntropy(context.tensor([1, 2], [1, 2]), context.tensor([label], [1], { dtype: 'u32' })));
  expect(await loss(1)).toEqual([expect.closeTo(Math.log(1 + Math.exp(-1)), 5)]);
  expect([await loss(2), await loss(0xffffffff)]).toEqual([[NAN], [NAN]]);
});
