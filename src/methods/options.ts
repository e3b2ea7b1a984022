/** Options, reported terms and scores that several methods share. */
import { UsageError } from '../base/errors.ts';
import type { OptionSpec } from '../base/options.ts';
import { type Preset, RECIPES, type Recipe, type RecipeName } from '../base/recipe.ts';
import type { DatasetSpec } from '../data/dataset.ts';
import type { NetworkPlan } from '../models/encoder.ts';
import type { Row, TermSpec } from './method.ts';

export const TEMPERATURE: OptionSpec = {
  name: 'temperature',
  key: 'temperature',
  type: 'number',
  above: 0,
  group: 'Method',
  value: 0.5,
  help: 'temperature of the contrastive loss',
  field: { label: 'Temperature', help: 'Of the contrastive loss' },
};

/** For methods whose publication trains otherwise than we do. */
export const RECIPE: OptionSpec = {
  name: 'recipe',
  key: 'recipe',
  type: 'choice',
  choices: RECIPES,
  group: 'Method',
  value: 'ours',
  help: "where defaults come from. ours: the same as for other methods; theirs: optimizer, schedule, batch, network and, except for csi, augmentation of the method's own publication",
};

export interface PenaltyValues {
  /** Weight of the penalty after the warm-up. */
  lambda: number;
  /** Epochs at weight 0 before the penalty starts. */
  warmup: number;
}

export const LAMBDA: OptionSpec = {
  name: 'lambda',
  key: 'lambda',
  type: 'number',
  min: 0,
  group: 'Method',
  value: 1,
  default: 'data set: 0.1, CIFAR-10 and demo 1',
  help: 'weight of the norm penalty on outlier-exposure images',
  field: { label: 'Outlier weight λ', help: 'Weight of the outliers’ norm penalty' },
};

/** The paper's 50 of 500 epochs, as a tenth of any number of epochs. `tiny` has too few steps for a warm-up. */
const usualWarmup = (preset: Preset, epochs: number): number => (preset === 'tiny' ? 0 : Math.floor(epochs / 10));

export const WARMUP: OptionSpec = {
  name: 'warmup',
  key: 'warmup',
  type: 'integer',
  min: 0,
  group: 'Method',
  value: ({ preset, epochs }) => usualWarmup(preset as Preset, epochs as number),
  default: 'a tenth of --epochs; preset tiny 0',
  help: 'epochs before the norm penalty starts',
  field: { label: 'Warm-up', unit: 'epochs', help: 'Epochs before the penalty starts' },
};

/** @throws UsageError when the penalty would never start */
export function checkWarmup({ warmup, epochs, preset }: PenaltyValues & { epochs: number; preset: Preset }): void {
  if (warmup <= epochs) return;
  throw new UsageError(`--warmup ${warmup}: longer than the ${epochs} epochs of the run.`, {
    remedy: `--warmup ${usualWarmup(preset, epochs)}`,
  });
}

/** The schedule of lambda. */
export const weightsOf = ({ lambda, warmup }: PenaltyValues, epoch: number) => ({
  lambda: epoch < warmup ? 0 : lambda,
});

export const CONTRASTIVE: TermSpec = { title: 'contrastive term', chart: 'loss', of: 'normal' };
export const SHIFT_LOSS: TermSpec = { title: 'rotation loss', chart: 'loss', of: 'normal' };
export const PENALTY: TermSpec = {
  title: 'penalty',
  chart: 'loss',
  of: 'outliers',
  weight: { key: 'lambda', symbol: 'λ' },
};
export const NORM_NORMAL: TermSpec = { title: 'normal images', chart: 'norm', of: 'normal' };
export const NORM_OUTLIER: TermSpec = { title: 'outlier-exposure images', chart: 'norm', of: 'outliers' };

/** For methods that start from features of other images. */
export interface PretrainedValues {
  init: string;
}

/** Initial weights that are drawn, and know nothing about images. */
const RANDOM = ['uniform', 'kaiming-normal'];

/** @throws UsageError for initial weights that are random */
export function checkPretrained(method: string, { init }: PretrainedValues): void {
  if (!RANDOM.includes(init)) return;
  throw new UsageError(
    `--method ${method} --init ${init}: it starts from a trained network, and these weights are random.`,
    {
      remedy: '--init builtin, a file of weights, or another method',
    },
  );
}

/** The mean of f over images: [images, features] -> [features]. */
export function meanFeature(rows: ArrayLike<number>, features: number): Float32Array<ArrayBuffer> {
  const mean = new Float32Array(features);
  const count = rows.length / features;
  for (let k = 0; k < features; k++) {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += rows[row * features + k];
    mean[k] = sum / count;
  }
  return mean;
}

/** Scores based on the norm of f, which contrastive training increases for images that resemble the training images. */
export const NORM_SCORES: readonly string[] = ['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm', 'cosineNorm'];

/** The label of losses with outlier exposure: 1 for rows of outliers. */
export const IS_OUTLIER = ({ part }: Row): number => Number(part === 'outliers');

/** The publication's 256 features, of one linear layer. */
export const adamNetwork = ({ recipe }: { recipe: RecipeName }): NetworkPlan =>
  recipe === 'theirs' ? { projection: 'linear', features: 256 } : {};

/** Adam with milestones, as published for HSC and the classifiers (Liznerski et al. 2022): 200 epochs for CIFAR-10. */
export function adamRecipe(preset: Preset, { size }: DatasetSpec, name: RecipeName): Recipe {
  if (name === 'ours') return {};
  const common: Recipe = { optimizer: 'adam', lr: 0.001, weightDecay: 0, augment: 'light', normalize: 'training' };
  const isSmall = size <= 32;
  if (preset !== 'paper') return isSmall ? { ...common, arch: 'cnn32' } : common;
  const published: Recipe = { ...common, batch: 128 };
  return isSmall
    ? { ...published, arch: 'cnn32', width: 32, epochs: 200, milestones: '100,150' }
    : { ...published, arch: 'resnet18-cbam', epochs: 150, milestones: '100,125' };
}
