/**
 * Steps of the real Trainer, images in and weights out, against the same steps written from docs/methods.md: the order of
 * the images, their views in f64, the loss and its gradients in TensorFlow.js, lambda's warm-up, the learning rates, SGD.
 * A wrong pairing of views, a wrong split of normal and outlier views, a wrong lambda or rate is another weight.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Context, RandomStream } from '../../runtime/index.ts';
import { Stream } from '../../src/base/randomStreams.ts';
import { augmentOptions, type RunConfig, resolveConfig } from '../../src/config/config.ts';
import { type ImageSet, packImages, type RgbImage } from '../../src/data/imageSet.ts';
import type { Encoder } from '../../src/models/encoder.ts';
import { networkOf } from '../../src/runs/network.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { openTestContext } from '../helpers/adapter.ts';
import { noiseImage } from '../helpers/augmentation.ts';
import { expectClose } from '../helpers/matchers.ts';
import { drawF64, orderOf, viewF64 } from '../helpers/referenceAugment.ts';
import { lossAndGradients, type Parameters } from '../helpers/tfjsNetwork.ts';
import { tolerance } from '../helpers/tolerances.ts';

const B = 3;
const EPOCHS = 2;
const STEPS = 4; // seven images in batches of three: two steps per epoch, one image dropped
const [PACKED, OUTLIERS] = [9, 4]; // OE wraps around in its second batch

const config: RunConfig = {
  ...resolveConfig({ dataset: 'folder', method: 'oecl', optimizer: 'sgd', seed: 5 }, { isSoftware: true }),
  ...{ arch: 'resnet10', width: 4, size: 8, scale: [0.3, 1], batch: B, epochs: EPOCHS },
  ...{ warmup: 1, lambda: 0.7, temperature: 0.5, lr: 0.002, momentum: 0.9, weightDecay: 0.1 },
};

/** Smooth images, each of a color of its own: views of one are alike, views of two are not. */
const picture = (n: number): RgbImage => {
  const noise = noiseImage(4, 4, n);
  const pixels = Uint8Array.from({ length: 12 * 10 * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % 12, Math.floor(i / 36), i % 3];
    return noise.pixels[(Math.floor(y / 3) * 4 + Math.floor(x / 3)) * 3 + c];
  });
  return { width: 12, height: 10, pixels };
};
const normal = Array.from({ length: PACKED }, (_, n) => picture(n + 1));
const outliers = Array.from({ length: OUTLIERS }, (_, n) => picture(n + 101));
const indices = [8, 1, 2, 3, 4, 5, 7]; // the normal ones of the pack

async function setOf(images: readonly RgbImage[]): Promise<ImageSet> {
  const paths = images.map((_, n) => `${n}.png`);
  const labels = new Int32Array(images.length);
  return { name: '', synthetic: true, classes: ['a'], images: await packImages(images), labels, paths };
}

/** The SHA-256 of sides and pixels: images are taken in its order. */
function digestOf({ width, height, pixels }: RgbImage): string {
  const sides = Buffer.alloc(8);
  sides.writeUInt32LE(width, 0);
  sides.writeUInt32LE(height, 4);
  return createHash('sha256').update(sides).update(pixels).digest('hex');
}

const byContent = (images: readonly RgbImage[]): RgbImage[] =>
  [...images].sort((a, b) => (digestOf(a) < digestOf(b) ? -1 : 1));

const shuffled = (images: readonly RgbImage[], stream: number, round: number): RgbImage[] =>
  Array.from(new RandomStream(config.seed, stream, round).permutation(images.length), (position) => images[position]);

/** What step `step` sees: an image and how often it was seen before (docs/methods.md 7.2). */
function batchesOf(step: number): { normal: [RgbImage, number][]; outliers: [RgbImage, number][] } {
  const epoch = Math.floor(step / 2);
  const order = shuffled(byContent(indices.map((index) => normal[index])), Stream.shuffleNormal, epoch);
  const first = (step % 2) * B;
  const sorted = byContent(outliers);
  const passes = [0, 1, 2, 3].flatMap((pass) =>
    shuffled(sorted, Stream.shuffleOutliers, pass).map((image): [RgbImage, number] => [image, pass]),
  );
  return {
    normal: order.slice(first, first + B).map((image) => [image, epoch]),
    outliers: passes.slice(step * B, (step + 1) * B),
  };
}

function viewOf([image, round]: [RgbImage, number], stream: number, view: number): Float64Array {
  const key = { seed: config.seed, stream, copy: 0, round, view };
  const { orderU, isNearTie, ...draws } = drawF64(image, config.scale, key);
  expect(isNearTie, 'a crop that f32 may round otherwise: another seed').toBe(false);
  return viewF64(image, { ...draws, order: orderOf(orderU) }, augmentOptions(config));
}

/** Normal view 1, normal view 2, outlier view 1, outlier view 2: [4B, 3, S, S]. */
function viewsOf(step: number): { values: Float32Array; shape: number[] } {
  const batches = batchesOf(step);
  const views = [
    ...[0, 1].flatMap((view) => batches.normal.map((image) => viewOf(image, Stream.augment, view))),
    ...[0, 1].flatMap((view) => batches.outliers.map((image) => viewOf(image, Stream.augmentOutliers, view))),
  ];
  return { values: Float32Array.from(views.flatMap((view) => [...view])), shape: [4 * B, 3, config.size, config.size] };
}

let context: Context;
beforeAll(async () => {
  context = await openTestContext();
});
afterAll(async () => {
  await context.close();
});

async function parametersOf(encoder: Encoder): Promise<Parameters> {
  const named = encoder.namedParameters().map(async ([name, tensor]) => {
    return [name, { values: Float32Array.from(await tensor.read()), shape: tensor.shape }] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

test('four steps over two epochs: metrics of each step, and the weights after the last', async () => {
  const encoder = networkOf(context, config);
  const start = await parametersOf(encoder);
  const images = { normal: await setOf(normal), indices, outliers: await setOf(outliers) };
  const trainer = new Trainer(context, encoder, images, config);
  expect([trainer.stepsPerEpoch, trainer.steps]).toEqual([2, STEPS]);
  await trainer.record();
  const actual = [];
  for (let step = 0; step < STEPS; step++) actual.push(await trainer.run(step));

  const expected = await parametersOf(networkOf(context, config));
  const velocities = Object.entries(expected).map(([name, { values }]) => [name, new Float64Array(values.length)]);
  const velocity: Record<string, Float64Array> = Object.fromEntries(velocities);
  for (let step = 0; step < STEPS; step++) {
    const epoch = Math.floor(step / 2);
    const lambda = epoch < config.warmup! ? 0 : config.lambda!;
    const rate = (config.lr / 2) * (1 + Math.cos((Math.PI * epoch) / EPOCHS));
    const { temperature, momentum, weightDecay } = config;
    const { loss, gradients } = await lossAndGradients(expected, viewsOf(step), {
      temperature: temperature!,
      lambda,
      stem: 'cifar',
    });
    const { loss: got, contrastive, penalty, ...rest } = actual[step] as Record<string, number>;
    expect(rest).toMatchObject({ epoch, lambda, lr: expect.closeTo(rate, 12), normOutlier: penalty });
    expectClose([got, contrastive + lambda * penalty], [loss, loss], tolerance.trainingLoss);
    for (const [name, { values }] of Object.entries(expected)) {
      for (let i = 0; i < values.length; i++) {
        velocity[name][i] = momentum * velocity[name][i] + gradients[name][i] + weightDecay * values[i];
        values[i] -= rate * velocity[name][i];
      }
    }
  }
  const end = await parametersOf(encoder);
  for (const [name, { values, shape }] of Object.entries(expected)) {
    if (name === 'head.0.bias') continue; // batch norm takes it away: what is left of its gradient is rounding
    const change = (after: Float32Array) => after.map((value, i) => value - start[name].values[i]);
    expectClose(change(end[name].values), change(values), tolerance.trainedChange, shape);
  }
});
