/**
 * Whole networks against an independent implementation: the OECL loss of a ResNet-10 with both stems, all its gradients, and
 * ten steps of training, in our runtime on the GPU and in TensorFlow.js on its CPU back end.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as rt from '../../runtime/index.ts';
import { Encoder } from '../../src/models/encoder.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { uniformInput } from '../helpers/inputs.ts';
import { expectClose } from '../helpers/matchers.ts';
import { lossAndGradients, type OeclOptions, type Parameters, trainingLosses } from '../helpers/tfjsNetwork.ts';
import { tolerance } from '../helpers/tolerances.ts';

const VIEWS = 6; // of normal images, and as many of outliers
const STEPS = 10;
/**
 * A low rate: so narrow a network soon becomes chaotic. With 0.001 and the imagenet stem, two runs of TensorFlow.js whose
 * weights differ by 1e-6 are 1e-1 apart after ten steps; with 0.0003 they are 2e-5 apart. A weight decay strong enough to show in ten of these steps.
 */
const sgd = { learningRate: 0.0003, momentum: 0.9, weightDecay: 0.5 };

const cases: { stem: OeclOptions['stem']; side: number }[] = [
  { stem: 'cifar', side: 8 },
  { stem: 'imagenet', side: 33 }, // odd at every stage: 17, 9, 9, 5, 3, 2
];

/** Views of images that differ in their colors and gradients, so that there is something to learn: pairs nearly alike. */
function pairedViews(side: number): { values: Float32Array; shape: number[] } {
  const images = VIEWS; // VIEWS / 2 normal ones and as many outliers, two views each
  const colors = uniformInput([images, 3, 3], { seed: 3, low: -2, high: 2 }).values;
  const shape = [2 * VIEWS, 3, side, side];
  const { values } = uniformInput(shape, { seed: 9, low: -0.3, high: 0.3 });
  const pixels = side * side;
  const views = Float32Array.from(values, (noise, i) => {
    const [view, c, pixel] = [Math.floor(i / (3 * pixels)), Math.floor(i / pixels) % 3, i % pixels];
    const image = Math.floor(view / VIEWS) * (VIEWS / 2) + (view % (VIEWS / 2));
    const [color, across, down] = [0, 1, 2].map((k) => colors[(image * 3 + c) * 3 + k]);
    return noise + color / 2 + across * ((pixel % side) / side - 0.5) + down * (Math.floor(pixel / side) / side - 0.5);
  });
  return { values: views, shape };
}

describe.each(cases)('ResNet-10, width 4, stem $stem, $side px', ({ stem, side }) => {
  const options: OeclOptions = { temperature: 0.5, lambda: 0.7, stem };
  const images = pairedViews(side);
  let context: rt.Context;
  beforeAll(async () => {
    context = await openTestContext();
  });
  afterAll(async () => {
    await context.close();
  });

  /** An encoder whose batch norms are not all 1 and 0, and its parameters on the host. */
  async function makeEncoder(): Promise<{ encoder: Encoder; parameters: Parameters }> {
    const size = stem === 'imagenet' ? 224 : 32; // chooses the stem; any images may follow
    const encoder = new Encoder(context, { arch: 'resnet10', width: 4, size, network: { features: 8 }, seed: 1 });
    const named = encoder.namedParameters();
    named.forEach(([name, tensor], i) => {
      if (!/bn\d|(shortcut|downsample)\.1|head\.1/.test(name)) return;
      const [low, high] = name.endsWith('weight') ? [0.6, 1.4] : [-0.2, 0.2];
      tensor.write(uniformInput(tensor.shape, { seed: 50 + i, low, high }).values);
    });
    const read = named.map(async ([name, tensor]) => {
      return [name, { values: Float32Array.from(await tensor.read()), shape: tensor.shape }] as const;
    });
    return { encoder, parameters: Object.fromEntries(await Promise.all(read)) };
  }

  function lossOf(encoder: Encoder, input: rt.Tensor): rt.Tensor {
    const [normal, outliers] = rt.split(encoder.forward(input, true), [VIEWS, VIEWS], 0);
    return rt.add(
      rt.ntXent(normal, { temperature: options.temperature }),
      rt.scale(rt.normPenalty(outliers), options.lambda),
    );
  }

  test('loss and all gradients', async () => {
    const { encoder, parameters } = await makeEncoder();
    const expected = await lossAndGradients(parameters, images, options);
    const input = context.tensor(images.values, images.shape, { order: rt.CHANNELS_LAST });
    const loss = context.scope(() => {
      const value = lossOf(encoder, input);
      rt.backward(value);
      return value;
    });
    expectClose([await loss.item()], [expected.loss], tolerance.twoNetworks);
    const gradients = await Promise.all(
      encoder.namedParameters().map(async ([name, { grad }]) => [name, await grad!.read()] as const),
    );
    expect(gradients.map(([name]) => name).sort()).toEqual(Object.keys(expected.gradients).sort());
    for (const [name, actual] of gradients) {
      // a batch norm follows and takes any constant away: the gradient is 0, and what is left is rounding, on both sides
      if (name === 'head.0.bias') expect(Math.max(...actual.map(Math.abs))).toBeLessThan(1e-6);
      else expectClose(actual, expected.gradients[name], tolerance.twoNetworks, parameters[name].shape);
    }
  });

  test('losses of ten recorded steps of SGD with momentum and weight decay', async () => {
    const { encoder, parameters } = await makeEncoder();
    const input = context.tensor(images.values, images.shape, { order: rt.CHANNELS_LAST });
    const tensors = encoder.namedParameters().map(([, tensor]) => tensor);
    const optimizer = new rt.SGD(tensors, { ...sgd, learningRate: context.tensor([sgd.learningRate], []) });
    const plan = await context.record(() => {
      const loss = lossOf(encoder, input);
      optimizer.minimize(loss);
      return loss;
    });
    const losses: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      plan.run();
      losses.push(await plan.outputs.item());
    }
    plan.dispose();
    const expected = await trainingLosses(parameters, new Array(STEPS).fill(images), { ...options, ...sgd });
    expect(expected[STEPS - 1]).toBeLessThan(expected[0] / 2);
    expectClose(losses, expected, tolerance.trainingLoss);
  });
});
