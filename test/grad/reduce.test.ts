/** Sums and means over any axes. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { elementwiseF64, meanF64, sumF64, transposeF64 } from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { elementwise, reduction } = tolerance;

// around a workgroup of 64 lanes, a slice of 256 rows and one of 4096; primes; images in both memory orders
const cases: { shape: number[]; axes?: number[]; order?: readonly number[] }[] = [
  { shape: [1] },
  { shape: [63] },
  { shape: [64] },
  { shape: [65] },
  { shape: [4097] },
  { shape: [255, 3], axes: [0] },
  { shape: [256, 3], axes: [0] },
  { shape: [257, 67], axes: [0] },
  { shape: [5, 131], axes: [-1] },
  { shape: [3, 5, 7], axes: [1] },
  { shape: [3, 5, 7], axes: [0, 2] },
  { shape: [2, 5, 3, 7], axes: [0, 2, 3], order: rt.CHANNELS_LAST },
  { shape: [2, 5, 3, 7], axes: [2, 3], order: rt.CHANNELS_LAST },
  { shape: [2, 5, 3, 7], axes: [1], order: rt.CHANNELS_LAST },
  { shape: [2, 5, 3, 7], axes: [0, 1] },
];

describeOp('reduce', (suite) => {
  for (const [name, op, reference] of [
    ['sum', rt.sum, sumF64],
    ['mean', rt.mean, meanF64],
  ] as const) {
    test.for(cases)(`${name} of $shape over $axes`, async ({ shape, axes, order }, t) => {
      for (const keepDims of [false, true]) {
        await checkGradients(suite, t, name, {
          op: (x) => op(x, axes, { keepDims }),
          reference: (x) => reference(x, axes, { keepDims }),
          inputs: [{ ...uniformInput(shape), order }],
          within: reduction(shape.reduce((a, b) => a * b, 1)),
          gradientsWithin: elementwise,
          coordinates: 32,
        });
      }
    });
  }

  test('a transposed, expanded and sliced view', async (t) => {
    await checkGradients(suite, t, 'sum', {
      op: (x) => rt.sum(rt.expand(rt.slice(rt.transpose(x), 1, 1, 2), [5, 6]), [0]),
      reference: (x) => {
        const row = transposeF64(x); // [5, 4]: column 1, six times, summed over the five rows
        const total = [0, 1, 2, 3, 4].reduce((sum, r) => sum + row.data[r * 4 + 1], 0);
        return { shape: [6], data: new Float64Array(6).fill(total) };
      },
      inputs: [uniformInput([4, 5])],
      within: reduction(30),
    });
  });

  test('diamond: a mean taken from its own input', async (t) => {
    await checkGradients(suite, t, 'mean', {
      op: (x) => rt.sub(x, rt.mean(x, [-1], { keepDims: true })),
      reference: (x) => elementwiseF64((a, b) => a - b)(x, meanF64(x, [-1], { keepDims: true })),
      inputs: [uniformInput([3, 11])],
      within: reduction(11),
    });
  });

  test('refuses axes out of range and repeated axes', () => {
    const x = suite.context.zeros([2, 3]);
    expect(() => rt.sum(x, [2])).toThrow('sum: axes [2] are not distinct axes of a tensor of rank 2.');
    expect(() => rt.mean(x, [0, -2])).toThrow('mean: axes [0, -2] are not distinct axes of a tensor of rank 2.');
  });
});
