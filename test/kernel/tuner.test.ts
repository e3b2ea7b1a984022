/** The tuner on the test adapter: trials compute what the op computes, wrong ones are rejected, no memory is leaked. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromHalves, toHalves } from '../../runtime/half.ts';
import { type AskedKernel, backward, type Context, conv2d, matmul, sum, tuneKernels } from '../../runtime/index.ts';
import { type ConvChoice, nameOf } from '../../runtime/kernel/choices.ts';
import { type PreparedTrial, TrialBench } from '../../runtime/tune/trials.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { describeHalves } from '../helpers/gradSuite.ts';
import { expectClose, expectSameBits } from '../helpers/matchers.ts';
import { tolerance } from '../helpers/tolerances.ts';

let context: Context;
let asked: readonly AskedKernel[];

beforeAll(async () => {
  context = await openTestContext();
  context.scope(() => void matmul(context.zeros([20, 12]), context.zeros([12, 8])));
  asked = context.choices.asked;
});

afterAll(() => context.close());

const choicesOf = (): ConvChoice[] => context.choices.variants.map((variant) => ({ variant, patch: null }));

test('a trial computes the product of its operands, written in full; every choice to the same bits', async () => {
  expect(asked.map(({ key }) => key)).toEqual(['matmul 20x12->8']);
  const bench = new TrialBench(context, asked);
  const trials = (await bench.prepare(asked[0], choicesOf())) as PreparedTrial[];
  const results = [];
  for (const trial of trials) results.push(new Float32Array((await trial.result()).buffer));
  expect(results).toHaveLength(context.choices.variants.length);
  expect(results[0]).toHaveLength(20 * 8);
  expect(results[0].every((value) => Math.abs(value) < 12 && value !== 0)).toBe(true); // noise in (-1, 1), 12 products
  for (const result of results.slice(1)) expect(result).toEqual(results[0]);
  for (const trial of trials) trial.dispose();
  bench.dispose();
});

test('of trials with given times, the fastest correct one is used', async () => {
  const [fixed, wrong, right] = choicesOf().map(nameOf);
  const bench = new TrialBench(context, asked);
  const { table } = await tuneKernels(context, asked, {
    bench: {
      dispose: () => bench.dispose(),
      async prepare(each, choices) {
        const trials = (await bench.prepare(each, choices)) as PreparedTrial[];
        return trials.map((trial, i) => {
          const name = nameOf(choices[i]);
          const time = { [fixed]: 10, [wrong]: 1, [right]: 5 }[name]!;
          const result = async () =>
            (await trial.result()).map((bits, at) => (name === wrong && at === 7 ? bits ^ 1 : bits));
          return { dispose: () => trial.dispose(), time: async () => time, result };
        });
      },
    },
  });
  expect(table).toEqual({ 'matmul 20x12->8': right ?? fixed }); // without subgroups there are but two
});

test('measured on the device: a supported choice, and no memory leaked', async () => {
  const before = context.memory();
  const { table } = await tuneKernels(context, asked);
  expect(choicesOf().map(nameOf)).toContain(table['matmul 20x12->8']);
  const { liveTensors, liveBytes } = context.memory();
  expect({ liveTensors, liveBytes }).toEqual({ liveTensors: before.liveTensors, liveBytes: before.liveBytes });
  expect(context.choices.asked).toEqual(asked); // what the tuner computes is not asked for
});

describeHalves('tuner', (suite) => {
  /** What a convolution asks for, forward and backward: of an image in f32, and of one in f16. */
  function askedForBoth({ context }: { context: Context }): AskedKernel[] {
    for (const dtype of ['f32', 'f16'] as const) {
      context.scope(() => {
        const x = context.zeros([2, 8, 12, 12], { dtype });
        const w = context.zeros([8, 8, 3, 3]);
        for (const leaf of [x, w]) leaf.requiresGrad = true;
        backward(sum(conv2d(x, w, { padding: 1 })));
      });
    }
    return context.choices.asked.filter(({ key }) => key.includes('8->8 12x12')); // others share the context
  }

  test('keys name what is stored as f16; trials store it so, and compare what is stored', async (t) => {
    suite.require(t);
    const { context } = suite;
    const both = askedForBoth(suite);
    const bench = new TrialBench(context, both);
    const results: Record<string, Float32Array> = {};
    for (const each of both) {
      const choices = context.choices.variants.map((variant): ConvChoice => ({ variant, patch: null }));
      const trials = (await bench.prepare(each, choices)) as PreparedTrial[];
      const found: Float32Array[] = [];
      for (const trial of trials) found.push(new Float32Array((await trial.result()).buffer));
      for (const other of found.slice(1)) expectSameBits(other, found[0]);
      results[each.key] = found[0];
      for (const trial of trials) trial.dispose();
    }
    bench.dispose();
    const {
      'conv 3x3/1 8->8 12x12': full, // the input gradient's too, which is f32 in any case
      'conv 3x3/1 8->8 12x12, x f16, y f16': half,
      'conv weight 3x3/1 8->8 12x12': fullWeight,
      'conv weight 3x3/1 8->8 12x12, x f16': halfWeight,
      ...others
    } = results;
    expect(others).toEqual({});
    expectSameBits(half, fromHalves(toHalves(half)));
    for (const [inF16, inF32] of [
      [half, full],
      [halfWeight, fullWeight],
    ]) {
      expect(inF16).not.toEqual(inF32);
      expectClose(inF16, inF32, tolerance.halfNetwork); // the same noise, rounded
    }
  });

  test('measured for f16: a choice, and no memory leaked', async (t) => {
    suite.require(t);
    const { context } = suite;
    const half = askedForBoth(suite).filter(({ types }) => types.y === 'f16');
    const before = context.memory().liveTensors;
    const { table, measured } = await tuneKernels(context, half);
    expect([Object.keys(table), measured]).toEqual([['conv 3x3/1 8->8 12x12, x f16, y f16'], 1]);
    expect(context.memory().liveTensors).toBe(before);
  });
});
