/** A training loop uses constant memory, and a recorded step gives the same bits as eager ones. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectSameBits } from '../helpers/matchers.ts';

const STEPS = 50;

/** Convolution, batch norm, pooling, linear, cross-entropy, SGD: the parts of a training step. */
function smallTraining(context: rt.Context) {
  const draw = (shape: number[], seed: number) =>
    context.tensor(uniformInput(shape, { seed, low: -0.4, high: 0.4 }).values, shape);
  const weights = [draw([4, 3, 3, 3], 1), draw([5, 4], 2), draw([5], 3), context.full([4], 1), context.zeros([4])];
  const [convolution, weight, bias, gamma, beta] = weights;
  for (const parameter of weights) parameter.requiresGrad = true;
  const statistics = { runningMean: context.zeros([4]), runningVar: context.full([4], 1) };
  const optimizer = new rt.SGD(weights, {
    learningRate: context.tensor([0.05], [1]),
    momentum: 0.9,
    weightDecay: 1e-3,
  });
  const images = context.empty([6, 3, 7, 7], { order: rt.CHANNELS_LAST });
  const labels = context.tensor([0, 1, 2, 3, 4, 0], [6], { dtype: 'u32' });
  /** New values of what changes from step to step. */
  const refill = (step: number) => images.write(uniformInput([6, 3, 7, 7], { seed: 100 + step }).values);
  const step = () =>
    context.scope(() => {
      const hidden = rt.batchNorm(
        rt.conv2d(images, convolution, { stride: 2, padding: 1 }),
        { weight: gamma, bias: beta, ...statistics },
        { training: true, relu: true },
      );
      const loss = rt.crossEntropy(rt.linear(rt.globalAvgPool2d(hidden), weight, bias), labels);
      optimizer.minimize(loss);
      return loss;
    });
  return { refill, step, weights: [...weights, statistics.runningMean, statistics.runningVar] };
}

describe('training loop', () => {
  let context: rt.Context;
  beforeAll(async () => {
    context = await openTestContext({ poison: true });
  });
  afterAll(async () => {
    await context.close();
  });

  const readAll = async (tensors: readonly rt.Tensor[]) =>
    Promise.all(tensors.map(async (tensor) => (await tensor.read()) as Float32Array));

  /** Losses of all steps, and the weights at the end. */
  async function runEagerly() {
    const { refill, step, weights } = smallTraining(context);
    const losses: number[] = [];
    const memory: rt.MemoryReport[] = [];
    for (let i = 0; i < STEPS; i++) {
      refill(i);
      const loss = step();
      losses.push(await loss.item());
      loss.dispose();
      memory.push(context.memory());
    }
    return { losses, memory, weights: await readAll(weights) };
  }

  test(`memory() is constant from step 3 to ${STEPS}, and the loss falls`, async () => {
    const { losses, memory } = await runEagerly();
    expect(memory.slice(3).every((report) => JSON.stringify(report) === JSON.stringify(memory[3]))).toBe(true);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)));
  });

  test('a recorded step gives the losses and weights of eager steps, bit for bit, without using memory', async () => {
    const eager = await runEagerly();
    const { refill, step, weights } = smallTraining(context);
    const plan = await context.record(step);
    const before = context.memory();
    const losses: number[] = [];
    for (let i = 0; i < STEPS; i++) {
      refill(i);
      plan.run();
      losses.push(await plan.outputs.item());
    }
    expect(context.memory()).toEqual(before);
    expectSameBits(Float32Array.from(losses), Float32Array.from(eager.losses));
    (await readAll(weights)).forEach((values, i) => {
      expectSameBits(values, eager.weights[i]);
    });
    plan.dispose();
  });

  test('a recorded step keeps the tensors that it reads, even if their scope or owner disposes them', async () => {
    const before = context.memory();
    const x = context.tensor([1, 2, 3], [3]);
    const plan = await context.record(() =>
      context.scope(() => rt.relu(rt.add(x, context.tensor([10, -20, 30], [3])))),
    );
    x.dispose();
    context.tensor([7, 7, 7], [3]).dispose(); // would reuse released memory
    plan.run();
    expect(Array.from(await plan.outputs.read())).toEqual([11, 0, 33]);
    plan.outputs.dispose();
    plan.dispose();
    expect(context.memory().liveBytes).toBe(before.liveBytes);
  });

  test('a step that cannot be recorded leaves nothing behind', async () => {
    const before = context.memory();
    const x = context.tensor([1, 2, 3], [3]);
    const step = () => {
      rt.add(x, context.tensor([1, 1, 1], [3]));
      throw new Error('stop');
    };
    await expect(context.record(step)).rejects.toThrow('stop');
    x.dispose();
    expect(context.memory()).toMatchObject({ liveBytes: before.liveBytes, liveTensors: before.liveTensors });
    expect(context.isRecording).toBe(false);
  });

  test('the same seed twice gives the same bits', async () => {
    const [first, second] = [await runEagerly(), await runEagerly()];
    expectSameBits(Float32Array.from(second.losses), Float32Array.from(first.losses));
    second.weights.forEach((values, i) => {
      expectSameBits(values, first.weights[i]);
    });
  });
});
