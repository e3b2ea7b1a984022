/**
 * Features of images and the scores computed from them. The encoder, using running statistics, sees the plain view and T
 * augmented views of each image, each with the method's shifts. One forward pass yields every output that a score reads.
 */
import { type Context, LimitError, type Plan, type Tensor } from '../../runtime/index.ts';
import { Augmenter } from '../augment/augmenter.ts';
import { OeclError } from '../base/errors.ts';
import { SignalWatch } from '../base/signalWatch.ts';
import { augmentOptions, type ScoringConfig } from '../config/config.ts';
import { orderByContent } from '../data/identity.ts';
import type { ImageSet } from '../data/imageSet.ts';
import { methodNamed } from '../methods/table.ts';
import type { Encoder, EncoderOutputs } from '../models/encoder.ts';
import type { ScoreTable } from '../report/result.ts';
import { type FeatureTable, firstRows, type Matrix } from '../scores/features.ts';
import { type Activations, gridOf } from '../scores/patches.ts';
import type { Score } from '../scores/score.ts';
import { checkStates, Fitting, openScores, type ScoreStates, scoresWith } from '../scores/state.ts';
import { readsMaps, scoresOf, usesAugmentedViews } from '../scores/table.ts';
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
  /** Whether the augmented views are needed, or only the plain one. */
  views: 'plain' | 'all';
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
  const task = { context, encoder, set, indices, config, views: 'all', signal, onProgress: onEvaluate } as const;
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
 * The states fitted to the training images at `indices`, from one pass over them; null when interrupted. They depend on the
 * images' content, not on their order. Nothing runs when none of the scores is fitted.
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
  const fitting = new Fitting(scores, indices.length);
  if (fitting.isEmpty) return {};
  const order = orderByContent(set.images, indices).indices;
  const views = fitting.needsAllViews ? 'all' : 'plain';
  const task = { context, encoder, set, indices: order, config, views, signal, onProgress: onFit } as const;
  const isWhole = await eachPass(task, async (features, first) => {
    const wrong = fitting.add(features, first);
    if (wrong >= 0) throw notFinite(set.paths[order[first + wrong]], 'a feature is not finite');
  });
  return isWhole ? fitting.states(withoutGaps(Array.from(order, (index) => set.labels[index]))) : null;
}

/** f of the plain view of the images at `indices`, in the order of their content: [images, features]. */
export async function projectionsOf(
  context: Context,
  encoder: Encoder,
  set: ImageSet,
  indices: readonly number[],
  config: ScoringConfig,
  { onFit, signal }: Pick<TrainHooks, 'onFit' | 'signal'>,
): Promise<Matrix> {
  const order = orderByContent(set.images, indices).indices;
  const parts: Matrix[] = [];
  const task = { context, encoder, set, indices: order, config, views: 'plain', signal, onProgress: onFit } as const;
  const isWhole = await eachPass(task, async ({ projection, count }) => {
    parts.push(firstRows(projection, count));
  });
  if (!isWhole) await new SignalWatch(signal).look('the features of the training images were computed');
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { data, width: parts[0].width };
}

/** Labels numbered from 0, in the order of the classes. */
function withoutGaps(labels: readonly number[]): Int32Array {
  const present = [...new Set(labels)].sort((a, b) => a - b);
  return Int32Array.from(labels, (label) => present.indexOf(label));
}

const widthsOf = ({ backbone, projection, logits, map }: FeatureTable) => ({
  backbone: [backbone.width],
  projection: [projection.width],
  logits: Object.values(logits).map(({ width }) => width),
  map: map ? [map.patches.width] : [],
});

/** Calls `take` with the features of all images, in batches. Returns whether it finished rather than being interrupted. */
async function eachPass(task: Task, take: (features: FeatureTable, first: number) => Promise<void>): Promise<boolean> {
  const { views, shifts } = sightOf(task);
  let batch = Math.min(task.indices.length, Math.max(1, Math.floor(VIEWS_PER_PASS / (views * (shifts?.length ?? 1)))));
  for (;;) {
    try {
      return await passesOf(batch, task, take);
    } catch (error) {
      if (!(error instanceof LimitError) || batch === 1) throw error;
      batch = Math.ceil(batch / 2); // scores do not depend on the batch size
    }
  }
}

/** How each image is seen: the plain view and perhaps the augmented ones, with the method's shifts and crops. */
function sightOf({ config, views }: Task) {
  const { shifts, scale = config.scale } = methodNamed(config.method).sight?.(config) ?? {};
  const isPlain = views === 'plain' || !usesAugmentedViews(config.method);
  return {
    views: isPlain ? 1 : config.views + 1,
    shifts,
    options: augmentOptions({ ...config, scale }),
  };
}

/** Like eachPass(), with `batch` images per pass. @throws LimitError, before taking any image, when that is too many */
async function passesOf(
  batch: number,
  task: Task,
  take: (features: FeatureTable, first: number) => Promise<void>,
): Promise<boolean> {
  const { context, encoder, set, indices, signal, onProgress } = task;
  const { views, shifts, options } = sightOf(task);
  const augmenter = Augmenter.forEvaluation(context, options, { images: set.images, views, shifts }, batch);
  let plan: Plan<EncoderOutputs> | null = null;
  const network = { withMaps: readsMaps(task.config.method) };
  try {
    plan = await context.record(() => context.noGrad(() => encoder.outputs(augmenter.views(), false, network)));
    const { backbone, projection, logits, maps } = plan.outputs;
    onProgress?.(0, indices.length);
    for (let first = 0; first < indices.length && !signal?.aborted; first += batch) {
      // pad the last batch with its first image, since a plan has a fixed batch size
      const chosen = Uint32Array.from(
        { length: batch },
        (_, i) => indices[first + i < indices.length ? first + i : first],
      );
      augmenter.upload([{ images: set.images, indices: chosen, rounds: new Uint32Array(batch) }]);
      plan.run();
      const count = Math.min(batch, indices.length - first);
      const [pooled, projected, heads, activations] = await Promise.all([
        rowsOf(backbone),
        rowsOf(projection),
        Promise.all(Object.values(logits).map(rowsOf)),
        Promise.all(maps.map(activationsOf)),
      ]);
      const features: FeatureTable = {
        count,
        views,
        shifts: shifts?.length ?? 1,
        rowsPerShift: batch,
        backbone: firstRows(pooled, batch), // the first rows are those of view 0 and shift 0
        projection: projected,
        logits: Object.fromEntries(Object.keys(logits).map((name, i) => [name, heads[i]])),
        ...(activations.length > 0 ? { map: gridOf(activations, count) } : {}),
      };
      await take(features, first);
      onProgress?.(first + count, indices.length);
    }
    return !signal?.aborted;
  } finally {
    for (const tensor of plan ? tensorsOf(plan.outputs) : []) tensor.dispose();
    plan?.dispose();
    augmenter.dispose();
  }
}

const tensorsOf = ({ backbone, projection, logits, maps }: EncoderOutputs): Tensor[] => [
  ...new Set([backbone, projection, ...Object.values(logits), ...maps]),
];

const rowsOf = async (tensor: Tensor): Promise<Matrix> => ({
  data: (await tensor.read()) as Float32Array<ArrayBuffer>,
  width: tensor.shape[1],
});

/** Of the output [N, h, w, C]. */
const activationsOf = async (tensor: Tensor): Promise<Activations> => {
  const [, height, width, channels] = tensor.shape;
  return { height, width, channels, data: (await tensor.read()) as Float32Array<ArrayBuffer> };
};

function notFinite(image: string, what: string): OeclError {
  return new OeclError(`${image}: ${what}, expected a finite number.`, {
    remedy: 'a model whose training did not diverge; with --precision f16, --precision f32',
  });
}
