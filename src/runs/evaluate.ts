/**
 * Features of images and the scores computed from them. The encoder, using running statistics, sees the plain view and T
 * augmented views of each image. One forward pass yields every output that a score reads.
 */
import { type Context, LimitError, type Plan, type Tensor } from '../../runtime/index.ts';
import { Augmenter } from '../augment/augmenter.ts';
import { OeclError } from '../base/errors.ts';
import { augmentOptions, type ScoringConfig } from '../config/config.ts';
import { orderByContent } from '../data/identity.ts';
import type { ImageSet } from '../data/imageSet.ts';
import type { Encoder } from '../models/resnet.ts';
import type { ScoreTable } from '../report/result.ts';
import { type FeatureTable, firstRows, type Matrix } from '../scores/features.ts';
import type { Score } from '../scores/score.ts';
import { checkStates, fitScores, openScores, type ScoreStates, scoresWith } from '../scores/state.ts';
import { scoresOf } from '../scores/table.ts';
import type { TrainHooks } from './hooks.ts';

/** Views per forward pass, about as many as a training step of the tiny preset: enough to fill a device, with little memory. */
const VIEWS_PER_PASS = 128;

/** A network on its device, and the images at `indices` of a set. */
interface Task {
  context: Context;
  encoder: Encoder;
  set: ImageSet;
  indices: ArrayLike<number>;
  config: ScoringConfig;
  /** Augmented views per image, besides the plain one. */
  augmented: number;
  signal?: AbortSignal;
  onProgress?(done: number, total: number): void;
}

export interface EvaluateOptions extends Pick<TrainHooks, 'onEvaluate' | 'signal'> {
  /** What scores store about the training images; scores whose state is missing are left out. */
  states?: ScoreStates;
}

/**
 * The scores of the images at `indices`, in that order, or null when interrupted. A view, and so a score, depends bitwise
 * only on (seed, image content, view): neither on the other images nor on how many there are.
 */
export async function evaluate(
  context: Context,
  encoder: Encoder,
  set: ImageSet,
  indices: readonly number[],
  config: ScoringConfig,
  { states = {}, onEvaluate, signal }: EvaluateOptions = {},
): Promise<ScoreTable | null> {
  const scores = scoresWith(scoresOf(config.method), states);
  const opened = openScores(scores, states);
  const table = Object.fromEntries(scores.map(({ name }) => [name, new Float64Array(indices.length)]));
  const task = { context, encoder, set, indices, config, augmented: config.views, signal, onProgress: onEvaluate };
  const isWhole = await eachPass(task, async (features, first) => {
    checkStates(scores, states, widthsOf(features));
    for (const { name, of } of opened) {
      const values = await of(features);
      const wrong = values.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) throw notFinite(set.paths[indices[first + wrong]], `the score ${name} is ${values[wrong]}`);
      table[name].set(values, first);
    }
  });
  return isWhole ? table : null;
}

/**
 * The states fitted to the training images at `indices`, from one pass over their plain views; null when interrupted.
 * They depend on the images' content, not on their order. Nothing runs when none of the scores is fitted.
 */
export async function fitToTraining(
  context: Context,
  encoder: Encoder,
  set: ImageSet,
  indices: readonly number[],
  config: ScoringConfig,
  { onFit, signal }: Pick<TrainHooks, 'onFit' | 'signal'> = {},
  scores: readonly Score[] = scoresOf(config.method),
): Promise<ScoreStates | null> {
  const needed = new Set(scores.flatMap((score) => (score.fit ? score.needs : [])));
  if (needed.size === 0) return {};
  const order = orderByContent(set.images, indices).indices;
  const columns: { [Name in Score['needs'][number]]: Matrix } = { backbone: NONE, projection: NONE };
  const task = { context, encoder, set, indices: order, config, augmented: 0, signal, onProgress: onFit };
  const isWhole = await eachPass(task, async (features, first) => {
    for (const name of needed) {
      const { data, width } = firstRows(features[name], features.count);
      const wrong = data.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) {
        throw notFinite(set.paths[order[first + Math.floor(wrong / width)]], `a feature is ${data[wrong]}`);
      }
      if (columns[name] === NONE) columns[name] = { data: new Float32Array(order.length * width), width };
      columns[name].data.set(data, first * width);
    }
  });
  if (!isWhole) return null;
  return fitScores(scores, { ...columns, count: order.length, views: 1, rowsPerView: order.length });
}

const NONE: Matrix = { data: new Float32Array(0), width: 1 };

const widthsOf = ({ backbone, projection }: FeatureTable) => ({
  backbone: backbone.width,
  projection: projection.width,
});

/** Calls `take` with the features of all images, in batches. Returns whether it finished rather than being interrupted. */
async function eachPass(task: Task, take: (features: FeatureTable, first: number) => Promise<void>): Promise<boolean> {
  const views = task.augmented + 1;
  let batch = Math.min(task.indices.length, Math.max(1, Math.floor(VIEWS_PER_PASS / views)));
  for (;;) {
    try {
      return await passesOf(batch, task, take);
    } catch (error) {
      if (!(error instanceof LimitError) || batch === 1) throw error;
      batch = Math.ceil(batch / 2); // scores do not depend on the batch size
    }
  }
}

/** Like eachPass(), with `batch` images per pass. @throws LimitError, before taking any image, when that is too many */
async function passesOf(
  batch: number,
  { context, encoder, set, indices, config, augmented, signal, onProgress }: Task,
  take: (features: FeatureTable, first: number) => Promise<void>,
): Promise<boolean> {
  const augmenter = Augmenter.forEvaluation(context, augmentOptions(config), set.images, batch, augmented);
  let plan: Plan<{ backbone: Tensor; projection: Tensor }> | null = null;
  try {
    plan = await context.record(() => context.noGrad(() => encoder.outputs(augmenter.views(), false)));
    const { backbone, projection } = plan.outputs;
    onProgress?.(0, indices.length);
    for (let first = 0; first < indices.length && !signal?.aborted; first += batch) {
      // pad the last batch with its first image, since a plan has a fixed batch size
      const chosen = Uint32Array.from(
        { length: batch },
        (_, i) => indices[first + i < indices.length ? first + i : first],
      );
      augmenter.upload([{ images: set.images, indices: chosen, rounds: new Uint32Array(batch) }]);
      plan.run();
      const [pooled, projected] = await Promise.all([rowsOf(backbone), rowsOf(projection)]);
      const count = Math.min(batch, indices.length - first);
      const features: FeatureTable = {
        count,
        views: augmented + 1,
        rowsPerView: batch,
        backbone: firstRows(pooled, batch), // view 0 is the plain one
        projection: projected,
      };
      await take(features, first);
      onProgress?.(first + count, indices.length);
    }
    return !signal?.aborted;
  } finally {
    plan?.outputs.backbone.dispose();
    plan?.outputs.projection.dispose();
    plan?.dispose();
    augmenter.dispose();
  }
}

const rowsOf = async (tensor: Tensor): Promise<Matrix> => ({
  data: (await tensor.read()) as Float32Array<ArrayBuffer>,
  width: tensor.shape[1],
});

function notFinite(image: string, what: string): OeclError {
  return new OeclError(`${image}: ${what}, expected a finite number.`, {
    remedy: 'a model whose training did not diverge; with --precision f16, --precision f32',
  });
}
