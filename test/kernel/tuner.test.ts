/** The tuner on the tests' adapter: trials compute what the op computes, wrong ones are found out, nothing is left behind. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AskedKernel, type Context, matmul, tuneKernels } from '../../runtime/index.ts';
import { type ConvChoice, nameOf } from '../../runtime/kernel/choices.ts';
import { type PreparedTrial, TrialBench } from '../../runtime/tune/trials.ts';
import { openTestContext } from '../helpers/adapter.ts';

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

test('of trials with made-up times the fastest right one is taken', async () => {
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

test('measured on the device: a choice that it has, and no memory kept', async () => {
  const before = context.memory();
  const { table } = await tuneKernels(context, asked);
  expect(choicesOf().map(nameOf)).toContain(table['matmul 20x12->8']);
  const { liveTensors, liveBytes } = context.memory();
  expect({ liveTensors, liveBytes }).toEqual({ liveTensors: before.liveTensors, liveBytes: before.liveBytes });
  expect(context.choices.asked).toEqual(asked); // what the tuner computes is not asked for
});
