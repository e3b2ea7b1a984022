/**
 * What a preset means for a data set. A preset is nothing but values: any option given beside it replaces one of them, and
 * config.json records what was used.
 */
import type { Preset } from '../base/recipe.ts';
import { type DatasetName, datasetNamed } from '../data/datasets/table.ts';
import type { RunConfig } from './config.ts';

/** The values that a preset sets. `size` is the largest side: a data set of smaller images keeps its own. */
type PresetValues = Pick<
  RunConfig,
  | 'arch'
  | 'width'
  | 'size'
  | 'epochs'
  | 'batch'
  | 'lr'
  | 'views'
  | 'temperature'
  | 'weightDecay'
  | 'momentum'
  | 'optimizer'
>;

/** What presets share, unless they say otherwise: the paper's optimiser and loss. */
const COMMON = { temperature: 0.5, weightDecay: 5e-4, momentum: 0.9, optimizer: 'sgd' } as const;

const PRESET_TABLE: Readonly<Record<Preset, PresetValues>> = {
  paper: { ...COMMON, arch: 'resnet18', width: 64, size: 224, epochs: 500, batch: 256, lr: 0.1, views: 32 },
  small: { ...COMMON, arch: 'resnet18', width: 32, size: 64, epochs: 100, batch: 64, lr: 0.05, views: 16 },
  tiny: {
    ...COMMON,
    arch: 'resnet10',
    width: 8,
    size: 32,
    epochs: 40,
    batch: 16,
    views: 8,
    // a few hundred steps are too few for plain gradient descent
    optimizer: 'adam',
    lr: 0.001,
  },
};

/**
 * Epochs without the penalty: the paper's 50 of 500 is a tenth of however many there are. The few steps of `tiny` have
 * none to spare.
 */
export function defaultWarmup(preset: Preset, epochs: number): number {
  return preset === 'tiny' ? 0 : Math.floor(epochs / 10);
}

/** The values of a preset for a data set. */
export function presetValues(preset: Preset, dataset: DatasetName): PresetValues & Pick<RunConfig, 'lambda' | 'scale'> {
  const { size, recipe } = datasetNamed(dataset);
  const values = PRESET_TABLE[preset];
  const own = recipe(preset) as Pick<RunConfig, 'lambda' | 'scale'>;
  return { ...values, size: Math.min(size, values.size), ...own };
}
