/**
 * Views of images, computed on the device from uint8 (docs/methods.md 5). The host copies the images of a batch into a
 * staging tensor; four launches draw the parameters, resample, take means and finish. Draws are keyed by (seed, stream, image
 * content, copy, round, view), so a view depends neither on its batch nor on the order of the images.
 */

import { CHANNELS_LAST, type Context, groups2d, type Tensor, threefry2x32 } from '../../runtime/index.ts';
import source from '../../shaders/augment.wgsl';
import randomSource from '../../shaders/random.wgsl';
import { Stream } from '../base/randomStreams.ts';
import type { ChannelStatistics } from '../data/dataset.ts';
import { IDENTITY_WORDS } from '../data/identity.ts';
import { imageAt, type PackedImages } from '../data/imageSet.ts';
import type { Augmentation, Crop } from './augmentations.ts';
import { type ShiftPlan, shiftRows, shiftViews } from './shifts.ts';

/** The images of one stream in one step. */
export interface ImageBatch {
  images: PackedImages;
  /** Positions in the pack. */
  indices: ArrayLike<number>;
  /** For training images with equal pixels: the index of the copy, from 0. Without it, equal images have equal views. */
  copies?: ArrayLike<number>;
  /** How often each image has been used before: its epoch or pass. Below 2^20. */
  rounds: ArrayLike<number>;
}

export interface AugmentOptions extends ChannelStatistics {
  /** Side of a view, pixels. */
  size: number;
  augmentation: Augmentation;
  /** Area range of the random resized crop, as fractions of the image. */
  scale: readonly [number, number];
  /** Global contrast normalization instead of `mean` and `std`. */
  isContrastNormalized?: boolean;
  seed: number;
}

/** Fills the slot `noise` of the kernel. */
export const ADD_NOISE = '    color += pixel_noise(view, i % (sizes.side * sizes.side));';

/** As numbered by the kernel. */
const CROPS: readonly Crop[] = ['resized', 'window', 'center'];

/** A stream of images, and the number of augmented views of each. */
export interface ViewStream extends ShiftPlan {
  images: PackedImages;
}

/** Leaves colors in [0, 1]. */
const IDENTITY: ChannelStatistics = { mean: [0, 0, 0], std: [1, 1, 1] };

const MOST_STREAMS = 4; // components of a vec4
const ROUNDS = 2 ** 20;
const MOST_VIEWS = 64; // six bits of the counter
const IMAGE_WORDS = 7;
const DRAW_WORDS = 16;

export class Augmenter {
  readonly #context: Context;
  readonly #options: AugmentOptions;
  readonly #batch: number;
  /** The first view of each stream, followed by the total. */
  readonly #starts: readonly number[];
  readonly #isEvaluation: boolean;
  readonly #staged: Uint8Array<ArrayBuffer>;
  readonly #table: Uint32Array<ArrayBuffer>;
  readonly #pixels: Tensor;
  readonly #images: Tensor;
  /** The input of shiftViews(); null where no stream has shifts. */
  readonly #shifts: Tensor | null;

  private constructor(
    context: Context,
    options: AugmentOptions,
    { streams, batch, isEvaluation }: { streams: readonly ViewStream[]; batch: number; isEvaluation: boolean },
  ) {
    this.#context = context;
    this.#options = options;
    this.#batch = batch;
    const counts = streams.map(({ views }) => views * batch);
    const before = (stream: number) => counts.slice(0, stream).reduce((sum, count) => sum + count, 0);
    this.#starts = [...counts, 0].map((_, stream) => before(stream));
    this.#isEvaluation = isEvaluation;
    const slots = streams.length * batch;
    this.#staged = new Uint8Array(streams.reduce((sum, { images }) => sum + stagingBytes(images, batch), 0));
    this.#table = new Uint32Array(slots * IMAGE_WORDS);
    this.#pixels = context.tensor(this.#staged, [this.#staged.length], { dtype: 'u8' });
    this.#images = context.tensor(this.#table, [slots, IMAGE_WORDS], { dtype: 'u32' });
    const rows = streams.some(({ shifts }) => shifts) ? new Uint32Array(shiftRows(streams, batch).buffer) : null;
    this.#shifts = rows && context.tensor(rows, [rows.length / 4, 4], { dtype: 'u32' });
  }

  /** Augmented views of each image of each stream: the normal images, then the outlier-exposure images. */
  static forTraining(
    context: Context,
    options: AugmentOptions,
    streams: readonly ViewStream[],
    batch: number,
  ): Augmenter {
    return new Augmenter(context, options, { streams, batch, isEvaluation: false });
  }

  /** The plain view (center crop) of each image, then `views` - 1 augmented ones, at most 63, with independent draws. */
  static forEvaluation(context: Context, options: AugmentOptions, stream: ViewStream, batch: number): Augmenter {
    return new Augmenter(context, options, { streams: [stream], batch, isEvaluation: true });
  }

  /** Sets the images of the next run of the plan: one batch per stream. */
  upload(batches: readonly ImageBatch[]): void {
    let free = 0;
    batches.forEach(({ images, indices, copies, rounds }, stream) => {
      const starts = new Map<number, number>(); // an image repeated to fill the batch is staged once
      for (let i = 0; i < this.#batch; i++) {
        const slot = stream * this.#batch + i;
        const image = imageAt(images, indices[i]);
        const start = starts.get(indices[i]) ?? free;
        if (start === free) {
          this.#staged.set(image.pixels, start);
          starts.set(indices[i], start);
          free += paddedBytes(image);
        }
        const key = this.#keyOf(stream, images.identities, indices[i]);
        const counter = [copies?.[i] ?? 0, rounds[i] % ROUNDS];
        this.#table.set([start / 4, image.width, image.height, ...key, ...counter], slot * IMAGE_WORDS);
      }
    });
    this.#pixels.write(this.#staged);
    this.#images.write(this.#table);
  }

  /**
   * Records the kernels and returns [views, 3, size, size], normalized, channels last. Streams follow one another; within a
   * stream, view 1 of all its images comes first, then view 2, and so on.
   */
  views(): Tensor {
    const views = this.render(this.draw());
    return this.#shifts ? shiftViews(views, this.#shifts) : views;
  }

  /** The first half of views(): the draws of each view, u32 [views, 16], laid out as struct Draws of augment.wgsl. */
  draw(): Tensor {
    const draws = this.#context.empty([this.#viewCount, DRAW_WORDS], { dtype: 'u32' });
    this.#launch('draw_views', { images: this.#images, draws_out: draws }, [Math.ceil(this.#viewCount / 64), 1, 1]);
    return draws;
  }

  /** The second half of views(): applies the transforms that were drawn. */
  render(draws: Tensor): Tensor {
    const { size } = this.#options;
    const views = this.#viewCount;
    const context = this.#context;
    const [pixels, images] = [this.#pixels, this.#images];
    const perPixel = groups2d(Math.ceil((views * size * size) / 64));
    const colors = context.empty([views, size, size, 3]);
    this.#launch('resample', { pixels, images, draws, colors_out: colors }, perPixel);
    const grays = context.empty([views]);
    this.#launch('gray_means', { draws, colors, grays_out: grays }, groups2d(views));
    const result = context.empty([views, 3, size, size], { order: CHANNELS_LAST });
    const noise: Record<string, Tensor> = this.#noise > 0 ? { images } : {};
    this.#launch('finish', { draws, colors, grays, ...noise, views: result }, perPixel);
    if (this.#options.isContrastNormalized) this.#launch('normalize_contrast', { views: result }, groups2d(views));
    return result;
  }

  dispose(): void {
    this.#pixels.dispose();
    this.#images.dispose();
    this.#shifts?.dispose();
  }

  /**
   * The key of an image's draws: a block of the generator under (seed, stream), with 64 bits of the identity as its counter.
   * One-to-one within a stream: images with different bits never share a key.
   */
  #keyOf(stream: number, identities: Uint32Array, index: number): [number, number] {
    const purpose = this.#isEvaluation ? Stream.evaluationViews : [Stream.augment, Stream.augmentOutliers][stream];
    const at = index * IDENTITY_WORDS;
    return threefry2x32(this.#options.seed, purpose, identities[at], identities[at + 1]);
  }

  get #viewCount(): number {
    return this.#starts.at(-1)!;
  }

  /** Deviation of the noise. */
  get #noise(): number {
    const { size, augmentation } = this.#options;
    const { deviation, largestSide } = augmentation.noise ?? { deviation: 0, largestSide: 0 };
    return size <= largestSide ? deviation : 0;
  }

  #launch(entry: string, bindings: Record<string, Tensor>, groups: [number, number, number]): void {
    const { size, scale, augmentation, isContrastNormalized } = this.#options;
    const { crop, flip, jitter, gray, strengths } = augmentation;
    const { mean, std } = isContrastNormalized ? IDENTITY : this.#options;
    const [brightness, contrast, saturation, hue] = strengths;
    const isNoisy = entry === 'finish' && this.#noise > 0;
    this.#context.launch({
      kernel: {
        file: 'augment.wgsl',
        source,
        entry,
        params: { PLAIN: String(this.#isEvaluation) },
        slots: { random: randomSource, ...(isNoisy ? { noise: ADD_NOISE } : {}) },
      },
      bindings,
      uniforms: {
        views: this.#viewCount,
        side: size,
        batch: this.#batch,
        smallestArea: scale[0],
        largestArea: scale[1],
        crop: CROPS.indexOf(crop),
        ...{ flip, jitter, gray, noise: this.#noise },
        lowest: [1 - brightness, 1 - contrast, 1 - saturation, -hue],
        highest: [1 + brightness, 1 + contrast, 1 + saturation, hue],
        streamStarts: Array.from({ length: MOST_STREAMS }, (_, stream) => this.#starts[stream] ?? this.#viewCount),
        mean: [...mean, 0],
        perStd: [...std.map((value) => 1 / value), 0],
      },
      groups,
    });
  }
}

/** The largest number of augmented views at evaluation. */
export const MOST_EVALUATION_VIEWS = MOST_VIEWS - 1;

/** Bytes that `batch` different images of a pack occupy at most: those of its largest images. */
export function stagingBytes({ widths, heights, count }: PackedImages, batch: number): number {
  const sizes = Float64Array.from({ length: count }, (_, i) => paddedBytes({ width: widths[i], height: heights[i] }));
  return sizes
    .sort()
    .subarray(-batch)
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** Images start at whole words. */
const paddedBytes = ({ width, height }: { width: number; height: number }): number =>
  Math.ceil((width * height * 3) / 4) * 4;
