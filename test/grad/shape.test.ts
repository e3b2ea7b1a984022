/** Views and shape ops: elements move, bit for bit. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput, uniformInputs } from '../helpers/inputs.ts';
import {
  concatF64,
  elementwiseF64,
  expandF64,
  permuteF64,
  reshapeF64,
  sliceF64,
  transposeF64,
} from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { exact, elementwise, reduction } = tolerance;

describeOp('shape', (suite) => {
  test('reshape, of a dense tensor, of a transposed one and of a channels-last image', async (t) => {
    await checkGradients(suite, t, 'reshape', {
      op: (x) => rt.reshape(x, [5, -1]),
      reference: (x) => reshapeF64(x, [5, 6]),
      inputs: [uniformInput([2, 3, 5])],
      within: exact,
    });
    await checkGradients(suite, t, 'reshape', {
      op: (x) => rt.reshape(rt.transpose(x), [6, 5]),
      reference: (x) => reshapeF64(transposeF64(x), [6, 5]),
      inputs: [uniformInput([2, 3, 5])],
      within: exact,
    });
    await checkGradients(suite, t, 'reshape', {
      op: (x) => rt.reshape(x, [2, 45]),
      reference: (x) => reshapeF64(x, [2, 45]),
      inputs: [{ ...uniformInput([2, 5, 3, 3]), order: rt.CHANNELS_LAST }],
      within: exact,
    });
  });

  test.for([[[2, 3]], [[1, 7]], [[5, 1, 4]], [[2, 3, 5, 7]]] as number[][][])(
    'transpose and permute of %j',
    async ([shape], t) => {
      const axes = shape.map((_, axis) => (axis + 1) % shape.length);
      const inputs = [uniformInput(shape)];
      await checkGradients(suite, t, 'transpose', {
        op: (x) => rt.transpose(x),
        reference: transposeF64,
        inputs,
        within: exact,
      });
      await checkGradients(suite, t, 'permute', {
        op: (x) => rt.permute(x, axes),
        reference: (x) => permuteF64(x, axes),
        inputs,
        within: exact,
      });
    },
  );

  test('expand: the gradient is the sum over the copies', async (t) => {
    for (const [from, to] of [
      [[1], [5]],
      [
        [3, 1],
        [2, 3, 4],
      ],
      [
        [1, 5, 1],
        [3, 5, 67],
      ],
    ]) {
      await checkGradients(suite, t, 'expand', {
        op: (x) => rt.expand(x, to),
        reference: (x) => expandF64(x, to),
        inputs: [uniformInput(from)],
        within: exact,
        gradientsWithin: reduction(67 * 3),
      });
    }
  });

  test('concat along each axis, of three parts, one a view', async (t) => {
    for (const axis of [0, 1, 2]) {
      const shapes = [2, 1, 4].map((side) => [3, 5, 2].map((other, at) => (at === axis ? side : other)));
      await checkGradients(suite, t, 'concat', {
        op: (a, b, c) => rt.concat([a, rt.transpose(rt.transpose(b, 0, 2), 0, 2), c], axis),
        reference: (a, b, c) => concatF64([a, b, c], axis),
        inputs: uniformInputs(shapes),
        within: exact,
      });
    }
  });

  test('concat of channels-last images along the batch', async (t) => {
    await checkGradients(suite, t, 'concat', {
      op: (a, b) => rt.concat([a, b]),
      reference: (a, b) => concatF64([a, b], 0),
      inputs: uniformInputs([
        [2, 3, 4, 5],
        [1, 3, 4, 5],
      ]).map((input) => ({ ...input, order: rt.CHANNELS_LAST })),
      within: exact,
    });
  });

  test('split: used parts and an unused one', async (t) => {
    for (const axis of [0, 1]) {
      await checkGradients(suite, t, 'split', {
        op: (x) => {
          const [first, , third] = rt.split(x, [2, 1, 2], axis);
          return rt.mul(first, third);
        },
        reference: (x) => elementwiseF64((a, b) => a * b)(sliceF64(x, axis, 0, 2), sliceF64(x, axis, 3, 5)),
        inputs: [uniformInput([5, 5])],
        within: elementwise,
      });
    }
  });

  test('slice at the start, in the middle, at the end, and of everything', async (t) => {
    for (const [axis, start, end] of [
      [0, 0, 2],
      [1, 1, 4],
      [2, 3, 7],
      [1, 0, 5],
    ]) {
      await checkGradients(suite, t, 'slice', {
        op: (x) => rt.slice(x, axis, start, end),
        reference: (x) => sliceF64(x, axis, start, end),
        inputs: [uniformInput([3, 5, 7])],
        within: exact,
      });
    }
  });

  test('diamond: a tensor joined with its own transpose', async (t) => {
    await checkGradients(suite, t, 'concat', {
      op: (x) => rt.concat([x, rt.transpose(x), x], 1),
      reference: (x) => concatF64([x, transposeF64(x), x], 1),
      inputs: [uniformInput([5, 5])],
      within: exact,
      gradientsWithin: elementwise,
    });
  });

  test('refuses mismatched shapes', () => {
    const { context } = suite;
    const x = context.zeros([2, 3]);
    expect(() => rt.reshape(x, [4, 2])).toThrow('reshape: 6 elements do not fit [4, 2].');
    expect(() => rt.permute(x, [0])).toThrow('permute: 1 axes for a tensor of rank 2.');
    expect(() => rt.transpose(x, 0, 2)).toThrow('transpose: axes [0, 2] are not distinct axes');
    expect(() => rt.expand(x, [2, 2, 4])).toThrow('expand: shapes [2, 3] and [2, 2, 4] do not broadcast together.');
    expect(() => rt.expand(x, [1, 3])).toThrow('expand: [2, 3] does not expand to [1, 3].');
    expect(() => rt.concat([x, context.zeros([2, 4])])).toThrow('concat: the sides beside axis 0 differ.');
    expect(() => rt.concat([])).toThrow('concat: no tensors');
    expect(() => rt.split(x, [1, 1], 1)).toThrow('split: sides [1, 1] do not add up to axis 1 of [2, 3].');
    expect(() => rt.slice(x, 1, 2, 2)).toThrow('slice: [2, 2) is not inside axis 1 of [2, 3].');
  });
});
