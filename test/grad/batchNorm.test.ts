/** Batch norm in training and inference, with ReLU and residual, and its running statistics. */
import { expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { inPage } from '../helpers/adapter.ts';
import { checkGradients, describeOp } from '../helpers/gradSuite.ts';
import { uniformInput, uniformInputs } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { elementwiseF64, f64, permuteF64, sizeOf } from '../helpers/reference.ts';
import { batchNormF64, channelStatisticsF64 } from '../helpers/referenceStatistics.ts';
import { tolerance } from '../helpers/tolerances.ts';

const { reduction } = tolerance;

// two rows, the fewest; channels around a vec4; primes; rows around a slice of 64, in images and vectors
const shapes = [
  [3, 4],
  [65, 5],
  [2, 3, 5, 7],
  [3, 8, 3, 3], // a page stops here
  [2, 1],
  [63, 3],
  [64, 4],
  [1, 4, 2, 2],
  [2, 5, 9, 11],
  [5, 67],
];

/** x, weight, bias, residual. Values around 0.3, so that the mean matters. */
function inputsOf(shape: number[]) {
  const C = shape[1];
  const [x, residual] = uniformInputs([shape, shape], { low: -1, high: 1.6 });
  return [x, uniformInput([C], { seed: 3, low: 0.5, high: 1.5 }), uniformInput([C], { seed: 4 }), residual];
}

const runningF64 = (C: number) => ({
  mean: f64(
    [C],
    Array.from({ length: C }, (_, c) => 0.1 * (c % 5)),
  ),
  variance: f64(
    [C],
    Array.from({ length: C }, (_, c) => Math.fround(0.5 + 0.1 * (c % 7))),
  ),
});

describeOp('batchNorm', (suite) => {
  const running = (C: number) => {
    const { mean, variance } = runningF64(C);
    return { runningMean: suite.context.tensor(mean.data, [C]), runningVar: suite.context.tensor(variance.data, [C]) };
  };

  for (const training of [true, false]) {
    for (const relu of [false, true]) {
      for (const withResidual of [false, true]) {
        const label = [training ? 'training' : 'inference', relu ? 'ReLU' : '', withResidual ? 'residual' : '']
          .filter(Boolean)
          .join(', ');
        test(label, async (t) => {
          // all shapes for two of them, which between them have every part of the kernels
          const isWhole = training ? relu === withResidual : relu && withResidual;
          for (const shape of inPage(isWhole ? shapes : shapes.slice(0, 4), 4)) {
            const C = shape[1];
            const rows = shape.reduce((a, b) => a * b, 1) / C;
            // mean and variance of 2 or 3 rows leave almost no freedom: with a small eps the gradient is only the remainder of
            // canceling terms, mostly rounding error
            const eps = rows < 5 ? 1 : 1e-5;
            const inputs = inputsOf(shape);
            await checkGradients(suite, t, `batchNorm (${label})`, {
              op: (x, weight, bias, residual) =>
                rt.batchNorm(
                  x,
                  { weight, bias, ...running(C) },
                  { training, eps, relu, residual: withResidual ? residual : null },
                ),
              reference: (x, weight, bias, residual) =>
                batchNormF64(x, weight, bias, {
                  running: training ? undefined : runningF64(C),
                  eps,
                  relu,
                  residual: withResidual ? residual : undefined,
                }),
              inputs: withResidual ? inputs : inputs.slice(0, 3),
              within: reduction(rows + 4),
              coordinates: 24,
              skipKinks: relu,
            });
          }
        });
      }
    }
  }

  test('views: a permuted image and a residual in channels-last order', async (t) => {
    const inputs = inputsOf([2, 4, 3, 5]);
    await checkGradients(suite, t, 'batchNorm', {
      op: (x, weight, bias, residual) =>
        rt.batchNorm(
          rt.permute(x, [0, 1, 3, 2]),
          { weight, bias, ...running(4) },
          { training: true, residual: rt.permute(residual, [0, 1, 3, 2]) },
        ),
      reference: (x, weight, bias, residual) =>
        batchNormF64(permuteF64(x, [0, 1, 3, 2]), weight, bias, { residual: permuteF64(residual, [0, 1, 3, 2]) }),
      inputs: [inputs[0], inputs[1], inputs[2], { ...inputs[3], order: rt.CHANNELS_LAST }],
      within: reduction(30),
    });
  });

  // too large for a single launch on a software adapter: a second launch joins the sums of slices
  const [byQuads, byChannels] = [
    [2, 12, 105, 107],
    [2, 3, 211, 211],
  ];
  const large = [
    { shape: byQuads, relu: true, withResidual: true },
    { shape: byChannels, relu: true, withResidual: false },
  ];
  test.for(large)(
    'large, used twice: $shape, ReLU $relu, residual $withResidual',
    async ({ shape, relu, withResidual }, t) => {
      const inputs = inputsOf(shape);
      await checkGradients(suite, t, 'batchNorm', {
        op: (x, weight, bias, residual) => {
          const parameters = { weight, bias, ...running(shape[1]) };
          const y = rt.batchNorm(x, parameters, { training: true, relu, residual: withResidual ? residual : null });
          return rt.add(rt.mul(y, y), y);
        },
        reference: (x, weight, bias, residual) => {
          const y = batchNormF64(x, weight, bias, { relu, residual: withResidual ? residual : undefined });
          return elementwiseF64((value) => value * value + value)(y);
        },
        inputs: withResidual ? inputs : inputs.slice(0, 3),
        within: reduction(sizeOf(shape) / shape[1]),
        coordinates: 3,
        skipKinks: relu,
      });
    },
  );

  test.for([
    { shape: [3, 8, 3, 3], entries: ['normalize', 'backward'] },
    { shape: byQuads, entries: ['statistics', 'normalize', 'backward_sums', 'backward'] },
  ])('launches of $shape: $entries', async ({ shape, entries }) => {
    const { context } = suite;
    const { launch } = context;
    const launched: string[] = [];
    context.launch = (call) => {
      if (call.kernel.file === 'batch_norm.wgsl') launched.push(call.kernel.entry);
      launch.call(context, call);
    };
    try {
      const [x, weight, bias] = inputsOf(shape).map(({ values, shape: sides }) => context.tensor(values, sides));
      weight.requiresGrad = true;
      const y = rt.batchNorm(x, { weight, bias, ...running(shape[1]) }, { training: true, relu: true });
      rt.backward(rt.sum(y));
    } finally {
      context.launch = launch;
    }
    expect(launched).toEqual(entries);
  });

  test('diamond: its own input as residual, as in a block whose shortcut is the identity', async (t) => {
    await checkGradients(suite, t, 'batchNorm', {
      op: (x, weight, bias) =>
        rt.batchNorm(rt.mul(x, x), { weight, bias, ...running(4) }, { training: true, relu: true, residual: x }),
      reference: (x, weight, bias) =>
        batchNormF64(elementwiseF64((a) => a * a)(x), weight, bias, { relu: true, residual: x }),
      inputs: inputsOf([3, 4, 3, 3]).slice(0, 3),
      within: reduction(27),
      skipKinks: true,
    });
  });

  // the gradient is a sum here, and the kernel that reads it adds the last summand
  test.for([
    { uses: 2, relu: true, withResidual: true },
    { uses: 2, relu: true, withResidual: false },
    { uses: 2, relu: false, withResidual: true },
    { uses: 3, relu: true, withResidual: true },
  ])('used $uses times, once permuted, ReLU $relu, residual $withResidual', async (tail, t) => {
    const { uses, relu, withResidual } = tail;
    const inputs = inputsOf([3, 4, 3, 3]);
    const permuted = [0, 1, 3, 2];
    await checkGradients(suite, t, 'batchNorm', {
      op: (x, weight, bias, residual) => {
        const parameters = { weight, bias, ...running(4) };
        const y = rt.batchNorm(x, parameters, { training: true, relu, residual: withResidual ? residual : null });
        const twice = rt.mul(rt.permute(y, permuted), y);
        return uses === 2 ? twice : rt.add(twice, y);
      },
      reference: (x, weight, bias, residual) => {
        const y = batchNormF64(x, weight, bias, { relu, residual: withResidual ? residual : undefined });
        const twice = elementwiseF64((a, b) => a * b)(permuteF64(y, permuted), y);
        return uses === 2 ? twice : elementwiseF64((a, b) => a + b)(twice, y);
      },
      inputs: withResidual ? inputs : inputs.slice(0, 3),
      within: reduction(40),
      skipKinks: relu,
    });
  });

  test('another eps', async (t) => {
    await checkGradients(suite, t, 'batchNorm', {
      op: (x, weight, bias) => rt.batchNorm(x, { weight, bias, ...running(3) }, { training: true, eps: 0.1 }),
      reference: (x, weight, bias) => batchNormF64(x, weight, bias, { eps: 0.1 }),
      inputs: inputsOf([7, 3]).slice(0, 3),
      within: reduction(7),
    });
  });

  test('running statistics: 0.9 old + 0.1 batch, the variance unbiased; untouched in inference', async () => {
    const { context } = suite;
    const shape = [5, 3, 3, 3];
    const [input] = inputsOf(shape);
    const x = context.tensor(input.values, shape);
    const parameters = { weight: context.full([3], 1), bias: context.zeros([3]), ...running(3) };
    const before = runningF64(3);
    rt.batchNorm(x, parameters, { training: false });
    expect(Array.from(await parameters.runningMean.read())).toEqual(Array.from(before.mean.data, Math.fround));
    rt.batchNorm(x, parameters, { training: true });
    const { mean, variance, count } = channelStatisticsF64(f64(shape, input.values));
    const moved = (old: Float64Array, batch: Float64Array, factor = 1) =>
      old.map((value, c) => 0.9 * value + 0.1 * batch[c] * factor);
    expectClose(await parameters.runningMean.read(), moved(before.mean.data, mean), reduction(count));
    expectClose(
      await parameters.runningVar.read(),
      moved(before.variance.data, variance, count / (count - 1)),
      reduction(count),
    );
  });

  test('refuses mismatched shapes', () => {
    const { context } = suite;
    const parameters = { weight: context.zeros([3]), bias: context.zeros([3]), ...running(3) };
    const training = { training: true };
    expect(() => rt.batchNorm(context.zeros([2, 4]), parameters, training)).toThrow(
      'batchNorm: the input has 4 channels, weight is [3].',
    );
    expect(() => rt.batchNorm(context.zeros([2, 3, 4]), parameters, training)).toThrow(
      'expected an input [N, C] or [N, C, H, W].',
    );
    expect(() => rt.batchNorm(context.zeros([1, 3]), parameters, training)).toThrow(
      'one value per channel has no variance.',
    );
    expect(() =>
      rt.batchNorm(context.zeros([2, 3]), parameters, { training: true, residual: context.zeros([3, 3]) }),
    ).toThrow('the shape of the residual differs from that of the input.');
  });
});
