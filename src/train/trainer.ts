/**
 * The training step, recorded once: views -> encoder -> loss -> gradients -> optimizer. Its only outputs are a few metrics.
 * Per step, the host uploads the images and a few scalars, and submits. One forward pass covers all views, in the order
 * normal view 1, normal view 2, ..., outlier view 1, ..., so that batch statistics mix both (docs/methods.md 1.3).
 */
import {
  Adam,
  type Context,
  concat,
  LARS,
  type LaunchTime,
  type Optimizer,
  type Plan,
  reshape,
  SGD,
  type Tensor,
} from '../../runtime/index.ts';
import { Augmenter, type ImageBatch } from '../augment/augmenter.ts';
import { Stream } from '../base/randomStreams.ts';
import { augmentOptions, type RunConfig } from '../config/config.ts';
import { type ContentOrder, orderByContent } from '../data/identity.ts';
import type { ImageSet } from '../data/imageSet.ts';
import type { BatchPlan, Method, Part } from '../methods/method.ts';
import { StepBatch } from '../methods/stepBatch.ts';
import { methodNamed } from '../methods/table.ts';
import type { Encoder } from '../models/encoder.ts';
import type { EpochStart } from './checkpoint.ts';
import { learningRates } from './learningRate.ts';
import { ofImages } from './limits.ts';
import { EndlessSampler, EpochSampler, FixedSampler, ReplacementSampler, type SampledBatch } from './sampler.ts';
import type { StepMetrics } from './stepMetrics.ts';

type ReadMetrics = Omit<StepMetrics, 'step' | 'ms'>;

/** What the host knows about a step before it runs. */
interface Scheduled {
  epoch: number;
  lr: number;
  weights: Record<string, number>;
}

export interface TrainingImages {
  normal: ImageSet;
  /** Indices of the normal images in `normal`. */
  indices: readonly number[];
  /** Outlier-exposure images; null for methods without. */
  outliers: ImageSet | null;
}

/** The images of a part of the steps. */
interface Source {
  part: Part;
  set: ImageSet;
  /** Maps the sampler's positions to images, ordered by content, so that file names and locations do not affect the weights. */
  order: ContentOrder;
  /** The images of step `step`. */
  at(step: number): SampledBatch;
}

export class Trainer {
  readonly stepsPerEpoch: number;
  readonly steps: number;
  readonly optimizer: Optimizer;
  readonly #config: RunConfig;
  readonly #method: Method;
  readonly #sources: readonly Source[];
  readonly #augmenter: Augmenter;
  readonly #learningRate: Tensor;
  readonly #batch: StepBatch;
  readonly #schedule: ReturnType<typeof learningRates>;
  readonly #encoder: Encoder;
  readonly #context: Context;
  readonly #origin: EpochStart;
  #plan: Plan<Tensor> | null = null;
  /** The contents of the plan's output, in order. */
  #recorded: readonly string[] = [];

  /**
   * @param config of a method with a loss
   * @param origin the start of epoch counting; not step 0 when the run was resumed with different images
   */
  constructor(
    context: Context,
    encoder: Encoder,
    images: TrainingImages,
    config: RunConfig,
    origin: EpochStart = { step: 0, epoch: 0 },
  ) {
    this.#origin = origin;
    this.#context = context;
    this.#config = config;
    this.#encoder = encoder;
    this.#method = methodNamed(config.method);
    const batches = images.indices.length / config.batch;
    this.stepsPerEpoch = config.wrap ? Math.ceil(batches) : Math.floor(batches);
    this.steps = origin.step + this.stepsPerEpoch * (config.epochs - origin.epoch);
    this.#schedule = learningRates(config, this.stepsPerEpoch);
    this.#learningRate = context.tensor([config.lr], []);
    this.#batch = new StepBatch(context, this.#method, config, config.batch);
    this.optimizer = this.#makeOptimizer();
    const { plan } = this.#batch;
    this.#sources = this.#sourcesOf(plan, images);
    const streams = this.#sources.map(({ part, set }) => ({ ...plan[part]!, images: set.images }));
    try {
      this.#augmenter = Augmenter.forTraining(context, augmentOptions(config), streams, config.batch);
    } catch (error) {
      throw ofImages(error, config);
    }
  }

  #stepOfEpoch(step: number): number {
    return (step - this.#origin.step) % this.stepsPerEpoch;
  }

  /** Records and compiles the step. Returns the number of launches per step and the bytes that the plan owns. */
  async record(): Promise<{ launches: number; bytes: number }> {
    const plan = await this.#context.record(() => this.#step());
    this.#plan = plan;
    return { launches: plan.launches, bytes: plan.bytes };
  }

  /** The epoch of a step, both counted from 0. */
  epochOf(step: number): number {
    return this.#origin.epoch + Math.floor((step - this.#origin.step) / this.stepsPerEpoch);
  }

  /**
   * Submits step `step`, counted from 0, and returns the promise of its metrics without waiting for the device.
   * The caller keeps a few steps in flight and awaits the oldest.
   */
  run(step: number): Promise<ReadMetrics> {
    const scheduled = this.#upload(step);
    this.#plan!.run();
    return this.#read(scheduled);
  }

  /** Like run(), but also returns the time of each launch. Slower, with the same metrics. */
  async profile(step: number): Promise<{ metrics: ReadMetrics; launches: LaunchTime[] }> {
    const scheduled = this.#upload(step);
    const launches = await this.#plan!.profile();
    return { metrics: await this.#read(scheduled), launches };
  }

  /** Frees the memory of the recorded step, which can be recorded again. */
  dispose(): void {
    this.#plan?.outputs.dispose();
    this.#plan?.dispose();
    this.#plan = null;
  }

  /** Uploads what changes per step: a few scalars, and the images with their labels. */
  #upload(step: number): Scheduled {
    const epoch = this.epochOf(step);
    const lr = this.#schedule(epoch, this.#stepOfEpoch(step));
    this.#learningRate.write([lr]);
    const batches = this.#sources.map(({ set, order, at }) => batchOf(set, order, at(step)));
    this.#augmenter.upload(batches);
    const classes = this.#sources.map(({ part, set }, i): [Part, number[]] => {
      return [part, Array.from(batches[i].indices, (index) => set.labels[index])];
    });
    const weights = this.#batch.write(epoch, Object.fromEntries(classes));
    return { epoch, lr, weights };
  }

  /** One source per part of the plan. */
  #sourcesOf({ outliers }: BatchPlan, images: TrainingImages): Source[] {
    const { batch, seed, wrap, oeOrder } = this.#config;
    const order = orderByContent(images.normal.images, images.indices);
    const perEpoch = new EpochSampler(images.indices.length, batch, seed);
    const wrapped = new EndlessSampler(images.indices.length, batch, seed, Stream.shuffleNormal);
    const normal: Source = {
      part: 'normal',
      set: images.normal,
      order,
      at: (step) => {
        if (wrap) return wrapped.at(step);
        const epoch = this.epochOf(step);
        return { indices: perEpoch.at(epoch, this.#stepOfEpoch(step)), rounds: new Uint32Array(batch).fill(epoch) };
      },
    };
    /** Images drawn independently of the step's normal ones. */
    const drawn = (count: number): Source['at'] => {
      if (oeOrder === 'fixed') {
        const fixed = new FixedSampler(count, batch, seed, this.stepsPerEpoch);
        return (step) => fixed.at(this.epochOf(step), this.#stepOfEpoch(step));
      }
      const sampler = new (oeOrder === 'replacement' ? ReplacementSampler : EndlessSampler)(count, batch, seed);
      return (step) => sampler.at(step);
    };
    switch (outliers && (outliers.of ?? 'exposed')) {
      case undefined:
        return [normal];
      case 'same':
        return [normal, { ...normal, part: 'outliers' }];
      case 'normal':
        return [normal, { ...normal, part: 'outliers', at: drawn(images.indices.length) }];
      default: {
        const set = images.outliers!;
        const at = drawn(set.images.count);
        return [normal, { part: 'outliers', set, order: orderByContent(set.images, set.paths.keys()), at }];
      }
    }
  }

  /** In the order of metrics.jsonl. */
  async #read({ epoch, lr, weights }: Scheduled): Promise<ReadMetrics> {
    const values = await this.#plan!.outputs.read();
    const [loss, ...terms] = values;
    const named = Object.fromEntries(this.#recorded.map((name, i) => [name, terms[i]]));
    return { loss, ...named, epoch, ...weights, lr };
  }

  #step(): Tensor {
    const outputs = this.#encoder.outputs(this.#augmenter.views(), true);
    const { loss, terms } = this.#method.loss!(outputs, this.#batch, this.#config);
    this.#recorded = Object.keys(terms);
    const metrics = this.#context.noGrad(() => {
      const scalars = [loss, ...Object.values(terms)];
      return concat(
        scalars.map((scalar) => reshape(scalar, [1])),
        0,
      );
    });
    this.optimizer.minimize(loss);
    return metrics;
  }

  #makeOptimizer(): Optimizer {
    const parameters = this.#encoder.trainedParameters();
    const { momentum, weightDecay, optimizer, larsAll, nesterov } = this.#config;
    const learningRate = this.#learningRate;
    if (optimizer === 'adam') return new Adam(parameters, { learningRate, weightDecay });
    if (optimizer === 'lars') return new LARS(parameters, { learningRate, momentum, weightDecay, scaleAll: larsAll });
    return new SGD(parameters, { learningRate, momentum, weightDecay, nesterov });
  }
}

/** @param sampled positions in `order` */
function batchOf({ images }: ImageSet, order: ContentOrder, sampled: SampledBatch): ImageBatch {
  const ofEach = (list: Uint32Array) => sampled.indices.map((position) => list[position]);
  return { images, indices: ofEach(order.indices), copies: ofEach(order.copies), rounds: sampled.rounds };
}
