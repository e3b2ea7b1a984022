/** Norms of rows, and normalized rows. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { elementwiseF64, transposeF64 } from '../helpers/reference.ts';
import { l2NormalizeF64, normF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction } = tolerance;

const shapes = [[1], [2, 1], [3, 3], [5, 63], [2, 64], [3, 65], [67, 5], [2, 3, 7]];

describeOp('normalize', (suite) => {
  test.for(shapes)('norm and l2Normalize of %j', async (shape, t) => {
    const inputs = [uniformInput(shape, { gap: 0.05 })];
    const within = reduction(shape[shape.length - 1]);
    await checkGradients(suite, t, 'norm', { op: rt.norm, reference: normF64, inputs, within, coordinates: 48 });
    if (shape[shape.length - 1] === 1) return; // the direction of a number is its sign: slope 0, tested below
    await checkGradients(suite, t, 'l2Normalize', {
      op: rt.l2Normalize,
      reference: l2NormalizeF64,
      inputs,
      within,
      coordinates: 48,
    });
  });

  test('views: transposed rows', async (t) => {
    const inputs = [uniformInput([7, 5])];
    const within = reduction(7);
    await checkGradients(suite, t, 'norm', {
      op: (x) => rt.norm(rt.transpose(x)),
      reference: (x) => normF64(transposeF64(x)),
      inputs,
      within,
    });
    await checkGradients(suite, t, 'l2Normalize', {
      op: (x) => rt.l2Normalize(rt.transpose(x)),
      reference: (x) => l2NormalizeF64(transposeF64(x)),
      inputs,
      within,
    });
  });

  test('diamond: rows times their own direction', async (t) => {
    await checkGradients(suite, t, 'l2Normalize', {
      op: (x) => rt.mul(rt.l2Normalize(x), x),
      reference: (x) => elementwiseF64((a, b) => a * b)(l2NormalizeF64(x), x),
      inputs: [uniformInput([3, 7])],
      within: reduction(7),
    });
  });

  test('a zero row: norm 0, direction 0, gradients 0; its neighbors are unaffected', async () => {
    const x = suite.context.tensor([3, 4, 0, 0, 0, -2], [3, 2]);
    x.requiresGrad = true;
    const norms = rt.norm(x);
    rt.backward(rt.sum(norms));
    expect(Array.from(await norms.read())).toEqual([5, 0, 2]);
    expect(Array.from(await x.grad!.read(), (g) => Math.round(g * 1e6) / 1e6)).toEqual([0.6, 0.8, 0, 0, 0, -1]);
    const directions = rt.l2Normalize(x);
    rt.backward(rt.sum(directions));
    expect(Array.from(await directions.read()).slice(2, 4)).toEqual([0, 0]);
    expect(Array.from(await x.grad!.read()).slice(2, 4)).toEqual([0, 0]);
  });

  test('a row of one element: the direction is the sign, with gradient 0', async () => {
    const x = suite.context.tensor([3, -2], [2, 1]);
    x.requiresGrad = true;
    const y = rt.l2Normalize(x);
    rt.backward(rt.sum(y));
    expect(Array.from(await y.read())).toEqual([1, -1]);
    expect(Array.from(await x.grad!.read(), Math.abs)).toEqual([0, 0]);
  });

  test('refuses scalars', () => {
    expect(() => rt.norm(suite.context.zeros([]))).toThrow('norm: a scalar has no last axis.');
    expect(() => rt.l2Normalize(suite.context.zeros([]))).toThrow('l2Normalize: a scalar has no last axis.');
  });
});
