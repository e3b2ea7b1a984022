/** Softmax, its logarithm, and cross-entropy. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { elementwiseF64, transposeF64 } from '../helpers/reference.ts';
import { crossEntropyF64, logSoftmaxF64, softmaxF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { transcendental } = tolerance;

const rowOps = [
  { name: 'softmax', op: rt.softmax, reference: softmaxF64 },
  { name: 'logSoftmax', op: rt.logSoftmax, reference: logSoftmaxF64 },
];

describeOp('softmax', (suite) => {
  for (const { name, op, reference } of rowOps) {
    test.for([[1], [1, 1], [3, 2], [5, 63], [2, 64], [2, 65], [67, 3], [2, 3, 7]])(
      `${name} of %j`,
      async (shape, t) => {
        const inputs = [uniformInput(shape, { low: -4, high: 4 })];
        await checkGradients(suite, t, name, { op, reference, inputs, within: transcendental, coordinates: 48 });
      },
    );

    test(`${name}: a transposed view, and a diamond`, async (t) => {
      await checkGradients(suite, t, name, {
        op: (x) => rt.mul(op(rt.transpose(x)), rt.transpose(x)),
        reference: (x) => elementwiseF64((a, b) => a * b)(reference(transposeF64(x)), transposeF64(x)),
        inputs: [uniformInput([5, 7])],
        within: transcendental,
      });
    });

    test(`${name}: large logits neither overflow nor vanish`, async (t) => {
      const values = [1000, 999, 998, -1000, -1001, -999];
      // log(sum(exp)) of about 1000 is rounded to 6e-5, which is a relative error of the exponential of its difference
      const within = { ...transcendental, relative: 1e-3 };
      await checkGradients(suite, t, name, { op, reference, inputs: [{ shape: [2, 3], values }], within });
    });
  }

  test.for([
    [1, 1],
    [2, 3],
    [65, 5],
    [7, 64],
    [3, 67],
  ])('crossEntropy of %j', async (shape, t) => {
    const labels = Uint32Array.from({ length: shape[0] }, (_, i) => (i * 7 + 1) % shape[1]);
    await checkGradients(suite, t, 'crossEntropy', {
      op: rt.crossEntropy,
      reference: crossEntropyF64,
      inputs: [uniformInput(shape, { low: -3, high: 3 }), { values: labels, shape: [shape[0]], dtype: 'u32' }],
      within: transcendental,
      coordinates: 48,
    });
  });

  test('crossEntropy: transposed logits', async (t) => {
    await checkGradients(suite, t, 'crossEntropy', {
      op: (x, labels) => rt.crossEntropy(rt.transpose(x), labels),
      reference: (x, labels) => crossEntropyF64(transposeF64(x), labels),
      inputs: [uniformInput([3, 5]), { values: [0, 2, 1, 1, 0], shape: [5], dtype: 'u32' }],
      within: transcendental,
    });
  });

  test('refuses mismatched shapes', () => {
    const { context } = suite;
    const logits = context.zeros([2, 3]);
    expect(() => rt.crossEntropy(logits, context.zeros([2]))).toThrow(
      'crossEntropy: expected logits [N, C] and u32 labels [N].',
    );
    expect(() => rt.crossEntropy(logits, context.zeros([3], { dtype: 'u32' }))).toThrow(
      'crossEntropy: expected logits',
    );
    expect(() => rt.softmax(context.zeros([]))).toThrow('softmax: a scalar has no last axis.');
    expect(() => rt.logSoftmax(context.zeros([]))).toThrow('logSoftmax: a scalar has no last axis.');
  });
});
