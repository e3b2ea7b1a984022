/**
 * Ops on tensors stored as f16. The reference gets the same rounded inputs, so values have one rounding error, that of the
 * store, and gradients, which are f32, have the same errors as in f32.
 */
import { expect, test } from 'vitest';
import type { GradCheckInput } from '../../runtime/gradcheck/gradCheck.ts';
import { fromHalves, toHalves } from '../../runtime/half.ts';
import * as rt from '../../runtime/index.ts';
import { checkGradients, describeConvVariants, describeHalves } from '../helpers/gradSuite.ts';
import { distinctInput, uniformInput, uniformInputs } from '../helpers/inputs.ts';
import { expectSameBits } from '../helpers/matchers.ts';
import {
  avgPool2dF64,
  concatF64,
  conv2dF64,
  elementwiseF64,
  globalAvgPool2dF64,
  linearF64,
  maxPool2dF64,
  meanF64,
  permuteF64,
} from '../helpers/reference.ts';
import { batchNormF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { exact, elementwise, half, reduction } = tolerance;

const stored = (input: GradCheckInput): GradCheckInput => ({ ...input, dtype: 'f16' });

const identityF64 = elementwiseF64((a) => a);

interface ConvCase {
  x: number[];
  w: number[];
  stride?: number;
  padding?: number;
}

// what differs from f32: loads and stores of channels, and sums stored between pieces or slices
const convCases: ConvCase[] = [
  { x: [2, 3, 7, 5], w: [5, 3, 3, 3], padding: 1 }, // an odd number of elements, one channel per load
  { x: [2, 4, 7, 7], w: [8, 4, 3, 3], stride: 2, padding: 1 }, // four channels per load
  { x: [1, 3, 10, 4], w: [2, 3, 9, 2], padding: 1 }, // in pieces; sums are not rounded in between
  { x: [3, 2, 19, 19], w: [4, 2, 3, 3], padding: 1 }, // weight gradient in slices
];

describeConvVariants(
  'conv2d',
  (suite) => {
    test.for(convCases)('$x by $w, stride $stride, padding $padding', async ({ x, w, stride, padding }, t) => {
      const [input, weight] = uniformInputs([x, w]);
      await checkGradients(suite, t, 'conv2d', {
        op: (a, b) => rt.conv2d(a, b, { stride, padding }),
        reference: (a, b) => conv2dF64(a, b, { stride, padding }),
        inputs: [stored(input), weight],
        within: half,
        gradientsWithin: reduction(Math.max(x[0] * x[2] * x[3], w[0] * w[2] * w[3])),
        coordinates: 40,
      });
    });

    test('bias, and a permuted image', async (t) => {
      const [x, w, bias] = uniformInputs([[5, 6, 4, 2], [8, 4, 3, 3], [8]]);
      await checkGradients(suite, t, 'conv2d', {
        op: (a, b, c) => rt.conv2d(rt.permute(a, [3, 2, 0, 1]), b, { bias: c, padding: 1 }),
        reference: (a, b, c) => conv2dF64(permuteF64(a, [3, 2, 0, 1]), b, { bias: c, padding: 1 }),
        inputs: [stored(x), w, bias],
        within: half,
        gradientsWithin: reduction(72),
        coordinates: 40,
      });
    });
  },
  { f16: true },
);

describeHalves('batchNorm', (suite) => {
  const shapes = [
    [2, 4, 3, 3],
    [3, 5, 3, 3],
    [65, 3],
    [2, 8, 9, 11],
  ];
  for (const training of [true, false]) {
    test.for([
      { relu: false, withResidual: false },
      { relu: true, withResidual: false },
      { relu: true, withResidual: true },
    ])(
      `${training ? 'training' : 'inference'}, ReLU $relu, residual $withResidual`,
      async ({ relu, withResidual }, t) => {
        for (const shape of shapes) {
          const C = shape[1];
          const [x, residual] = uniformInputs([shape, shape], { low: -1, high: 1.6 });
          const running = () => ({ runningMean: suite.context.zeros([C]), runningVar: suite.context.full([C], 1) });
          const ones = { mean: { shape: [C], data: new Float64Array(C) } };
          const inputs = [
            stored(x),
            uniformInput([C], { seed: 3, low: 0.5, high: 1.5 }),
            uniformInput([C], { seed: 4 }),
          ];
          await checkGradients(suite, t, 'batchNorm', {
            op: (a, weight, bias, added) =>
              rt.batchNorm(a, { weight, bias, ...running() }, { training, relu, residual: added ?? null }),
            reference: (a, weight, bias, added) =>
              batchNormF64(a, weight, bias, {
                running: training
                  ? undefined
                  : { ...ones, variance: { shape: [C], data: new Float64Array(C).fill(1) } },
                relu,
                residual: added,
              }),
            inputs: withResidual ? [...inputs, stored(residual)] : inputs,
            within: half,
            gradientsWithin: reduction(shape.reduce((a, b) => a * b, 1) / C + 4),
            coordinates: 24,
            skipKinks: relu,
          });
        }
      },
    );
  }
});

describeHalves('pools, sums and products', (suite) => {
  test.for([{ shape: [2, 3, 7, 5] }, { shape: [2, 4, 6, 6] }])('pools of $shape', async ({ shape }, t) => {
    const options = { kernel: 3, stride: 2, padding: 1 };
    await checkGradients(suite, t, 'maxPool2d', {
      op: (x) => rt.maxPool2d(x, options),
      reference: (x) => maxPool2dF64(x, options),
      inputs: [stored(distinctInput(shape))],
      within: exact, // a maximum is one of the values
      gradientsWithin: elementwise,
    });
    await checkGradients(suite, t, 'avgPool2d', {
      op: (x) => rt.avgPool2d(x, options),
      reference: (x) => avgPool2dF64(x, options),
      inputs: [stored(uniformInput(shape))],
      within: reduction(9),
    });
    await checkGradients(suite, t, 'globalAvgPool2d', {
      op: rt.globalAvgPool2d,
      reference: globalAvgPool2dF64,
      inputs: [stored(uniformInput(shape))],
      within: reduction(shape[2] * shape[3]),
    });
    await checkGradients(suite, t, 'mean', {
      op: (x) => rt.mean(x, [0, 2]),
      reference: (x) => meanF64(x, [0, 2]),
      inputs: [stored(uniformInput(shape))],
      within: reduction(20),
    });
  });

  test('linear: its result is f32', async (t) => {
    const [x, weight, bias] = uniformInputs([[3, 5], [7, 5], [7]]);
    await checkGradients(suite, t, 'linear', {
      op: rt.linear,
      reference: linearF64,
      inputs: [stored(x), weight, bias],
      within: reduction(7),
    });
  });
});

describeHalves('elementwise', (suite) => {
  test.for([{ shape: [1] }, { shape: [3] }, { shape: [5, 7] }, { shape: [2, 3, 4, 4] }])(
    'cast of $shape, both ways',
    async ({ shape }, t) => {
      await checkGradients(suite, t, 'cast', {
        op: (x) => rt.cast(x, 'f16'),
        reference: identityF64,
        inputs: [uniformInput(shape)],
        within: half,
        gradientsWithin: exact,
      });
      await checkGradients(suite, t, 'cast', {
        op: (x) => rt.cast(x, 'f32'),
        reference: identityF64,
        inputs: [stored(uniformInput(shape))],
        within: exact,
      });
    },
  );

  test('two f16 give f16, f16 and f32 give f32; broadcast, and a diamond', async (t) => {
    const [a, b] = uniformInputs([[5, 3], [3]]);
    await checkGradients(suite, t, 'mul', {
      op: rt.mul,
      reference: elementwiseF64((x, y) => x * y),
      inputs: [stored(a), stored(b)],
      within: half,
      gradientsWithin: elementwise,
    });
    await checkGradients(suite, t, 'add', {
      op: (x, y) => rt.add(rt.mul(x, y), x),
      reference: elementwiseF64((x, y) => x * y + x),
      inputs: [stored(a), b],
      within: elementwise,
    });
    await checkGradients(suite, t, 'relu', {
      op: rt.relu,
      reference: elementwiseF64((x) => Math.max(x, 0)),
      inputs: [stored(uniformInput([3, 5], { gap: 0.1 }))],
      within: exact,
    });
  });

  test('concat of parts that end at a word boundary; others are refused', async (t) => {
    const [a, b] = uniformInputs([
      [2, 4],
      [3, 4],
    ]);
    await checkGradients(suite, t, 'concat', {
      op: (x, y) => rt.concat([x, y]),
      reference: (x, y) => concatF64([x, y], 0),
      inputs: [stored(a), stored(b)],
      within: exact,
    });
    const odd = suite.context.zeros([3], { dtype: 'f16' });
    expect(() => rt.concat([odd, rt.cast(odd, 'f32')])).toThrow('concat: the types differ.');
    expect(() => rt.concat([odd, odd])).toThrow('a view of f16 starts at byte 6, inside a word of four bytes.');
  });

  test('written values are read back rounded to nearest, in any memory order and number', async (t) => {
    suite.require(t);
    for (const shape of [[1], [7], [3, 5], [2, 3, 5, 1]]) {
      const { values } = uniformInput(shape, { low: -70, high: 70 });
      const order = shape.map((_, axis) => shape.length - 1 - axis);
      for (const options of [{}, { order }]) {
        const x = suite.context.tensor(values, shape, { dtype: 'f16', ...options });
        expectSameBits((await x.read()) as Float32Array, fromHalves(toHalves(values)));
      }
    }
  });

  test('tensors of one value: every element', async (t) => {
    suite.require(t);
    for (const size of [1, 2, 7, 600]) {
      const made = [suite.context.zeros([size], { dtype: 'f16' }), suite.context.full([size], 0.1, { dtype: 'f16' })];
      const [zeros, tenths] = await Promise.all(made.map((each) => each.read()));
      expect(Array.from(zeros)).toEqual(new Array(size).fill(0));
      for (const value of tenths) expect(Math.abs(value - 0.1)).toBeLessThan(2 ** -14); // a neighbor: 2^-14 apart
    }
  });

  test('the device converts to one of the two nearest values, also subnormal ones', async (t) => {
    suite.require(t);
    const values = Float32Array.from({ length: 4097 }, (_, i) => (i % 2 ? -1 : 1) * 1.003 ** (i - 4000) * 60000);
    const x = rt.cast(suite.context.tensor(values, [values.length]), 'f16');
    const found = await x.read();
    for (let i = 0; i < values.length; i++) {
      const [a, b] = [Math.abs(found[i]), Math.abs(values[i])];
      if (b > 65504) continue; // WGSL does not define values above the largest
      expect(Math.abs(a - b), `${values[i]} became ${found[i]}`).toBeLessThan(Math.max(b * 2 ** -10, 2 ** -24));
    }
  });
});
