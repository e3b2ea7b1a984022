/** The hypersphere loss: values, gradients, and its guards near the zero vector (docs/methods.md 1.7). */
import { expect, test } from 'vitest';
import type { GradCheckInput } from '../../runtime/gradcheck/gradCheck.ts';
import * as rt from '../../runtime/index.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { elementwiseF64, transposeF64 } from '../helpers/reference.ts';
import { hypersphereF64, hypersphereLossF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { transcendental } = tolerance;
const labelsOf = (rows: number): GradCheckInput => ({
  values: Uint32Array.from({ length: rows }, (_, i) => i % 3),
  shape: [rows],
  dtype: 'u32',
});

describeOp('hypersphere', (suite) => {
  const shapes = [
    [3, 5],
    [1, 1],
    [2, 64],
    [63, 7],
    [65, 65],
  ];
  test.for(inPage(shapes, 2))('hypersphereLoss of [%i, %i]', async (shape, t) => {
    await checkGradients(suite, t, 'hypersphereLoss', {
      op: rt.hypersphereLoss,
      reference: hypersphereLossF64,
      inputs: [uniformInput(shape, { low: -2, high: 2 }), labelsOf(shape[0])],
      within: transcendental,
    });
  });

  test('hypersphereLoss: transposed features, and a diamond', async (t) => {
    await checkGradients(suite, t, 'hypersphereLoss', {
      op: (x, labels) => rt.mul(rt.hypersphereLoss(rt.transpose(x), labels), rt.mean(rt.square(x))),
      reference: (x, labels) => {
        const square = x.data.reduce((sum, value) => sum + value * value, 0) / x.data.length;
        return elementwiseF64((loss) => loss * square)(hypersphereLossF64(transposeF64(x), labels));
      },
      inputs: [uniformInput([5, 4]), labelsOf(4)],
      within: transcendental,
    });
  });

  test('near the zero vector: both sides of the series at h = 0.01, tiny rows, and the dead point', async () => {
    const { context } = suite;
    const edge = Math.sqrt((0.01 + 1) ** 2 - 1); // the norm at which h is 0.01
    for (const norm of [edge * 0.999, edge * 1.001, 1e-2, 1e-3, 3e-4]) {
      const row = context.tensor([norm, 0], [1, 2]);
      row.requiresGrad = true;
      const loss = rt.hypersphereLoss(row, context.tensor([1], [1], { dtype: 'u32' }));
      rt.backward(loss);
      const q = Math.fround(norm) ** 2;
      const [h, root] = [q / (Math.sqrt(q + 1) + 1), Math.sqrt(q + 1)];
      const factor = -Math.exp(-h) / (-Math.expm1(-h) + 1e-9) / root;
      expectClose([await loss.item()], [hypersphereF64(q, 1)], transcendental);
      expectClose(await row.grad!.read(), [factor * Math.fround(norm), 0], transcendental);
    }
    for (const [label, expected] of [
      [0, 0],
      [1, -Math.log(1e-9)],
    ]) {
      const zero = context.zeros([1, 3]);
      zero.requiresGrad = true;
      const loss = rt.hypersphereLoss(zero, context.tensor([label], [1], { dtype: 'u32' }));
      rt.backward(loss);
      expect(await loss.item()).toBeCloseTo(expected, 4); // 20.723
      expect(Array.from(await zero.grad!.read(), Math.abs)).toEqual([0, 0, 0]);
    }
  });

  test('wrong calls', () => {
    const { context } = suite;
    const features = context.zeros([3, 2]);
    const wrong = 'hypersphereLoss: expected features [N, D] and u32 labels [N].';
    expect(() => rt.hypersphereLoss(features, context.zeros([3]))).toThrow(wrong);
    expect(() => rt.hypersphereLoss(features, context.zeros([2], { dtype: 'u32' }))).toThrow(wrong);
    expect(() => rt.hypersphereLoss(context.zeros([3]), context.zeros([3], { dtype: 'u32' }))).toThrow(wrong);
  });
});
