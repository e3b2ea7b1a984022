/** Max, average and global average pooling. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { distinctInput, uniformInput } from '../helpers/inputs.ts';
import { avgPool2dF64, elementwiseF64, globalAvgPool2dF64, maxPool2dF64, permuteF64 } from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { exact, elementwise, reduction } = tolerance;

const cases: { shape: number[]; options: rt.PoolOptions }[] = [
  { shape: [1, 1, 1, 1], options: { kernel: 1 } },
  { shape: [2, 3, 4, 6], options: { kernel: 2 } },
  { shape: [2, 3, 7, 5], options: { kernel: 2 } }, // the last row and column belong to no window
  { shape: [2, 4, 7, 7], options: { kernel: 3, stride: 2, padding: 1 } }, // the ImageNet stem, odd
  { shape: [1, 5, 8, 8], options: { kernel: 3, stride: 2, padding: 1 } }, // even
  { shape: [1, 3, 7, 8], options: { kernel: 2, stride: 3 } }, // pixels between windows
  { shape: [1, 2, 5, 6], options: { kernel: 3, stride: 1 } }, // overlapping
  { shape: [1, 3, 6, 9], options: { kernel: [2, 3], stride: [1, 2], padding: [1, 0] } },
];

describeOp('pool', (suite) => {
  test.for(cases)('max and average of $shape, $options', async ({ shape, options }, t) => {
    await checkGradients(suite, t, 'maxPool2d', {
      op: (x) => rt.maxPool2d(x, options),
      reference: (x) => maxPool2dF64(x, options),
      inputs: [distinctInput(shape)],
      within: exact,
      gradientsWithin: elementwise, // of overlapping windows: a sum of up to 9
      coordinates: 64,
    });
    await checkGradients(suite, t, 'avgPool2d', {
      op: (x) => rt.avgPool2d(x, options),
      reference: (x) => avgPool2dF64(x, options),
      inputs: [uniformInput(shape)],
      within: reduction(9),
      coordinates: 64,
    });
  });

  test.for([
    [1, 1, 1, 1],
    [2, 3, 4, 4],
    [3, 5, 7, 3],
    [2, 8, 8, 8],
  ])('globalAvgPool2d of %j', async (shape, t) => {
    await checkGradients(suite, t, 'globalAvgPool2d', {
      op: rt.globalAvgPool2d,
      reference: globalAvgPool2dF64,
      inputs: [uniformInput(shape)],
      within: reduction(shape[2] * shape[3]),
      coordinates: 64,
    });
  });

  test('views: a permuted image of negative values, where padding must not be the maximum', async (t) => {
    const { shape, values } = distinctInput([4, 5, 2, 3]);
    const below = { shape, values: Float32Array.from(values, (v) => v - 2) };
    await checkGradients(suite, t, 'maxPool2d', {
      op: (x) => rt.maxPool2d(rt.permute(x, [2, 3, 0, 1]), { kernel: 3, stride: 2, padding: 1 }),
      reference: (x) => maxPool2dF64(permuteF64(x, [2, 3, 0, 1]), { kernel: 3, stride: 2, padding: 1 }),
      inputs: [below],
      within: exact,
      gradientsWithin: elementwise,
    });
    await checkGradients(suite, t, 'globalAvgPool2d', {
      op: (x) => rt.globalAvgPool2d(rt.permute(x, [2, 3, 0, 1])),
      reference: (x) => globalAvgPool2dF64(permuteF64(x, [2, 3, 0, 1])),
      inputs: [below],
      within: reduction(20),
    });
  });

  test('diamond: maximum plus average of the same windows', async (t) => {
    await checkGradients(suite, t, 'maxPool2d', {
      op: (x) => rt.add(rt.maxPool2d(x, { kernel: 2 }), rt.avgPool2d(x, { kernel: 2 })),
      reference: (x) => elementwiseF64((a, b) => a + b)(maxPool2dF64(x, { kernel: 2 }), avgPool2dF64(x, { kernel: 2 })),
      inputs: [distinctInput([2, 3, 4, 4])],
      within: reduction(5),
    });
  });

  test('a tie: the first of equal values gets the gradient', async () => {
    const x = suite.context.full([1, 1, 2, 2], 3);
    x.requiresGrad = true;
    rt.backward(rt.sum(rt.maxPool2d(x, { kernel: 2 })));
    expect(Array.from(await x.grad!.read())).toEqual([1, 0, 0, 0]);
  });

  test('refuses mismatched shapes', () => {
    const x = suite.context.zeros([1, 2, 4, 4]);
    expect(() => rt.maxPool2d(x, { kernel: 5 })).toThrow('maxPool2d: no window of 5 x 5 fits.');
    expect(() => rt.avgPool2d(x, { kernel: 2, padding: 2 })).toThrow('avgPool2d: no window of 2 x 2 fits.');
    expect(() => rt.maxPool2d(x, { kernel: 2, stride: 0 })).toThrow('maxPool2d: no window of 2 x 2 fits.');
    expect(() => rt.globalAvgPool2d(suite.context.zeros([2, 3]))).toThrow(
      'globalAvgPool2d: expected images [N, C, H, W].',
    );
  });
});
