/** Elementwise arithmetic: values, slopes, broadcasting, views. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { distinctInput, uniformInput, uniformInputs } from '../helpers/inputs.ts';
import { elementwiseF64, expandF64, permuteF64, sliceF64, transposeF64 } from '../helpers/reference.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { exact, elementwise, reduction, transcendental } = tolerance;

const binaries = [
  { name: 'add', op: rt.add, f: (a: number, b: number) => a + b },
  { name: 'sub', op: rt.sub, f: (a: number, b: number) => a - b },
  { name: 'mul', op: rt.mul, f: (a: number, b: number) => a * b },
  { name: 'div', op: rt.div, f: (a: number, b: number) => a / b },
  { name: 'maximum', op: rt.maximum, f: Math.max },
];

const unaries = [
  { name: 'neg', op: rt.neg, f: (a: number) => -a, low: -2, within: exact },
  { name: 'exp', op: rt.exp, f: Math.exp, low: -2, within: transcendental },
  { name: 'log', op: rt.log, f: Math.log, low: 0.25, within: transcendental },
  { name: 'sqrt', op: rt.sqrt, f: Math.sqrt, low: 0.25, within: elementwise },
  { name: 'square', op: rt.square, f: (a: number) => a * a, low: -2, within: elementwise },
  { name: 'abs', op: rt.abs, f: Math.abs, low: -2, within: exact },
  { name: 'relu', op: rt.relu, f: (a: number) => Math.max(a, 0), low: -2, within: exact },
  {
    name: 'relu6',
    op: (x: rt.Tensor) => rt.relu6(rt.scale(x, 4.3)),
    f: (a: number) => Math.min(6, Math.max(0, 4.3 * a)),
    low: -2,
    within: elementwise,
  },
  { name: 'sigmoid', op: rt.sigmoid, f: (a: number) => 1 / (1 + Math.exp(-a)), low: -2, within: transcendental },
  {
    name: 'leakyRelu',
    op: (x: rt.Tensor) => rt.leakyRelu(x, 0.01),
    f: (a: number) => (a > 0 ? a : 0.01 * a),
    low: -2,
    within: elementwise,
  },
  { name: 'scale', op: (x: rt.Tensor) => rt.scale(x, -1.7), f: (a: number) => a * -1.7, low: -2, within: elementwise },
];

// one value, around a vec4, around a workgroup's 256, two dimensions of primes, and channels-last images
const unaryShapes = [[1], [3], [4], [5], [255], [256], [257], [7, 11], [2, 3, 5, 3]];

const broadcasts = [
  [[1], [1]],
  [[257], [257]],
  [[5, 7], [7]],
  [
    [5, 1],
    [1, 7],
  ],
  [
    [2, 3, 5, 3],
    [3, 1, 1],
  ],
  [[], [4, 3]],
];

describeOp('elementwise', (suite) => {
  for (const { name, op, f, low, within } of unaries) {
    test(`${name}: values and slopes over shapes`, async (t) => {
      for (const shape of unaryShapes) {
        const inputs = [uniformInput(shape, { low, high: 2, gap: 0.01 })];
        await checkGradients(suite, t, name, { op, reference: elementwiseF64(f), inputs, within, coordinates: 64 });
      }
    });
  }

  for (const { name, op, f } of binaries) {
    test(`${name}: values and slopes over broadcast shapes`, async (t) => {
      for (const shapes of broadcasts) {
        // divisors away from 0; for maximum, no ties
        const [a, b] = uniformInputs(shapes, { low: 0.5, high: 2 });
        const inputs = name === 'maximum' ? [distinctInput(shapes[0], 1), distinctInput(shapes[1], 2)] : [a, b];
        await checkGradients(suite, t, name, {
          op,
          reference: elementwiseF64(f),
          inputs,
          within: elementwise,
          gradientsWithin: reduction(30), // at most 2 x 5 x 3 terms for a repeated operand
          coordinates: 64,
          skipKinks: name === 'maximum', // the operands may differ by less than a step
        });
      }
    });

    test(`${name}: a transposed and an expanded operand`, async (t) => {
      await checkGradients(suite, t, name, {
        op: (a, b) => op(rt.transpose(a), rt.expand(b, [5, 7])),
        reference: (a, b) => elementwiseF64(f)(transposeF64(a), expandF64(b, [5, 7])),
        inputs: uniformInputs(
          [
            [7, 5],
            [5, 1],
          ],
          { low: 0.5, high: 2 },
        ),
        within: elementwise,
        gradientsWithin: reduction(7),
      });
    });
  }

  test('a sliced operand, at an offset not allowed for bindings', async (t) => {
    await checkGradients(suite, t, 'mul', {
      op: (a) => rt.mul(rt.slice(a, 0, 1, 4), rt.slice(a, 0, 2, 5)),
      reference: (a) => elementwiseF64((x, y) => x * y)(sliceF64(a, 0, 1, 4), sliceF64(a, 0, 2, 5)),
      inputs: [uniformInput([6, 3])],
      within: elementwise,
    });
  });

  test('a permuted image keeps its memory order', async (t) => {
    await checkGradients(suite, t, 'exp', {
      op: (x) => rt.exp(rt.permute(x, [0, 3, 1, 2])),
      reference: (x) => elementwiseF64(Math.exp)(permuteF64(x, [0, 3, 1, 2])),
      inputs: [uniformInput([2, 3, 5, 4])],
      within: transcendental,
    });
  });

  test('diamond: an operand used three times', async (t) => {
    await checkGradients(suite, t, 'mul', {
      op: (x) => rt.add(rt.mul(x, rt.exp(x)), rt.div(x, rt.square(x))),
      reference: elementwiseF64((x) => x * Math.exp(x) + 1 / x),
      inputs: [uniformInput([3, 5], { low: 0.5, high: 2 })],
      within: transcendental,
    });
  });

  test('slopes at kinks: relu and abs 0 at 0, maximum one half each at a tie', async () => {
    const { context } = suite;
    const gradientsOf = async (f: (...inputs: rt.Tensor[]) => rt.Tensor, count: number) => {
      const leaves = Array.from({ length: count }, () => context.zeros([3]));
      for (const leaf of leaves) leaf.requiresGrad = true;
      rt.backward(rt.sum(f(...leaves)));
      return Promise.all(leaves.map(async (leaf) => Array.from(await leaf.grad!.read())));
    };
    expect(await gradientsOf(rt.relu, 1)).toEqual([[0, 0, 0]]);
    expect(await gradientsOf(rt.abs, 1)).toEqual([[0, 0, 0]]);
    expect(await gradientsOf(rt.maximum, 2)).toEqual([
      [0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5],
    ]);
  });

  test('refuses shapes that do not broadcast, an empty batch, and more than six axes', () => {
    const { context } = suite;
    const [a, b] = [context.zeros([2, 3]), context.zeros([4, 3])];
    for (const { name, op } of binaries) {
      expect(() => op(a, b)).toThrow(`${name}: shapes [2, 3] and [4, 3] do not broadcast together.`);
    }
    expect(() => context.zeros([0, 3])).toThrow('an empty tensor, [0, 3]');
    expect(() => rt.neg(context.zeros([1, 1, 1, 1, 1, 1, 2]))).toThrow('a tensor of rank 7, at most 6 axes');
  });
});
