/**
 * Recipes in layers: a preset's values, overridden by the data set's, then by the method's. They only contain values: any
 * option given by the user overrides them, and config.json records what was used.
 */
import type { Preset, Recipe, RecipeName } from '../base/recipe.ts';
import { type DatasetName, datasetNamed } from '../data/datasets/table.ts';
import { type MethodName, methodNamed } from '../methods/table.ts';
import type { RunConfig } from './config.ts';

/** The values of a preset. `size` is the maximum side: a data set of smaller images keeps its own. */
type PresetValues = Pick<RunConfig, 'arch' | 'width' | 'size' | 'epochs' | 'batch' | 'lr' | 'views' | 'optimizer'>;

const PRESET_TABLE: Readonly<Record<Preset, PresetValues>> = {
  paper: { arch: 'resnet18', width: 64, size: 224, epochs: 500, batch: 256, lr: 0.1, views: 32, optimizer: 'sgd' },
  small: { arch: 'resnet18', width: 32, size: 64, epochs: 100, batch: 64, lr: 0.05, views: 16, optimizer: 'sgd' },
  // plain SGD does not converge in a few hundred steps
  tiny: { arch: 'resnet10', width: 8, size: 32, epochs: 40, batch: 16, lr: 0.001, views: 8, optimizer: 'adam' },
};

/** The values of a preset for a data set and a method. */
export function recipeOf(
  preset: Preset,
  dataset: DatasetName,
  method: MethodName,
  name: RecipeName = 'ours',
): PresetValues & Recipe {
  const values = PRESET_TABLE[preset];
  const spec = datasetNamed(dataset);
  const own = { ...spec.recipe(preset), ...methodNamed(method).recipe?.(preset, spec, name) };
  return { ...values, size: Math.min(spec.size, values.size), ...own };
}
