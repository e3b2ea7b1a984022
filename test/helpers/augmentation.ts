/** Shared by the augmentation tests: images, views and draws of a batch. */
import type { Context } from '../../runtime/index.ts';
import { RandomStream } from '../../runtime/random.ts';
import { augmentationNamed } from '../../src/augment/augmentations.ts';
import { Augmenter, type AugmentOptions } from '../../src/augment/augmenter.ts';
import { cifar10 } from '../../src/data/datasets/cifar10.ts';
import { packImages, type RgbImage } from '../../src/data/imageSet.ts';
import { decodeDraws, type ViewDraws } from './referenceAugment.ts';

export const OPTIONS: AugmentOptions = {
  ...{ size: 9, augmentation: augmentationNamed('simclr'), scale: [0.08, 1], seed: 11 },
  ...cifar10.statistics,
};
/** Identity normalization: colors stay in [0, 1]. */
export const UNNORMALIZED: AugmentOptions = { ...OPTIONS, mean: [0, 0, 0], std: [1, 1, 1] };

/** Random bytes, so that every transform changes every pixel. */
export function noiseImage(width: number, height: number, seed = width * 1000 + height): RgbImage {
  const random = new RandomStream(seed, 1);
  return { width, height, pixels: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)) };
}

export const indicesOf = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

/** All orders of the items, in lexicographic order. */
export function ordersOf(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => ordersOf(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

interface Batch {
  indices: number[];
  copies?: number[];
  rounds: number[];
}

/** Every view of a batch as a separate row, and its draws. */
export async function viewsOf(
  context: Context,
  images: readonly RgbImage[],
  batch: Batch,
  { evaluation, besides, ...changes }: { evaluation?: number; besides?: Batch } & Partial<AugmentOptions> = {},
): Promise<{ views: Float32Array[]; draws: ViewDraws[] }> {
  const pack = await packImages(images);
  const options = { ...OPTIONS, ...changes };
  const batches = [batch, ...(besides ? [besides] : [])].map((each) => ({ images: pack, ...each }));
  const streams = batches.map(() => ({ images: pack, views: 2 }));
  const count = batch.indices.length;
  const augmenter = evaluation
    ? Augmenter.forEvaluation(context, options, { images: pack, views: evaluation }, count)
    : Augmenter.forTraining(context, options, streams, count);
  augmenter.upload(batches);
  const tensor = context.scope(() => augmenter.views());
  const values = (await tensor.read()) as Float32Array;
  tensor.dispose();
  const draws = await drawsOf(context, augmenter);
  augmenter.dispose();
  const length = values.length / tensor.shape[0];
  return { draws, views: draws.map((_, i) => values.slice(i * length, (i + 1) * length)) };
}

export async function drawsOf(context: Context, augmenter: Augmenter): Promise<ViewDraws[]> {
  const draws = context.scope(() => augmenter.draw());
  const words = (await draws.read()) as Uint32Array<ArrayBuffer>;
  draws.dispose();
  return decodeDraws(words);
}
