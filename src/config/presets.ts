/**
 * Recipes, one over the other: a preset's values, then the data set's own, then the method's. All of them are nothing but
 * values: any option that is given replaces one, and config.json records what was used.
 */
import type { Preset, Recipe } from '../base/recipe.ts';
import { type DatasetName, datasetNamed } from '../data/datasets/table.ts';
import { type MethodName, methodNamed } from '../methods/table.ts';
import type { RunConfig } from './config.ts';

/** The values that a preset sets. `size` is the largest side: a data set of smaller images keeps its own. */
type PresetValues = Pick<RunConfig, 'arch' | 'width' | 'size' | 'epochs' | 'batch' | 'lr' | 'views' | 'optimizer'>;

const PRESET_TABLE: Readonly<Record<Preset, PresetValues>> = {
  paper: { arch: 'resnet18', width: 64, size: 224, epochs: 500, batch: 256, lr: 0.1, views: 32, optimizer: 'sgd' },
  small: { arch: 'resnet18', width: 32, size: 64, epochs: 100, batch: 64, lr: 0.05, views: 16, optimizer: 'sgd' },
  // a few hundred steps are too few for plain gradient descent
  tiny: { arch: 'resnet10', width: 8, size: 32, epochs: 40, batch: 16, lr: 0.001, views: 8, optimizer: 'adam' },
};

/** What a preset means for a data set and a method. */
export function recipeOf(preset: Preset, dataset: DatasetName, method: MethodName): PresetValues & Recipe {
  const values = PRESET_TABLE[preset];
  const spec = datasetNamed(dataset);
  const own = { ...spec.recipe(preset), ...methodNamed(method).recipe?.(preset, spec) };
  return { ...values, size: Math.min(spec.size, values.size), ...own };
}
