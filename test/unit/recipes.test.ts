/** Recipes: what presets, data sets, methods and publications set. */
import { expect, test } from 'vitest';
import { isValueOf } from '../../src/base/options.ts';
import { PRESETS, RECIPES } from '../../src/base/recipe.ts';
import { resolveConfig } from '../../src/config/config.ts';
import { recipeOf } from '../../src/config/presets.ts';
import { CONFIG_OPTIONS } from '../../src/config/trainOptions.ts';
import { DATASET_NAMES } from '../../src/data/datasets/table.ts';
import { METHOD_NAMES, type MethodName } from '../../src/methods/table.ts';

const software = { isSoftware: true };

test('every recipe sets existing options to valid values', () => {
  for (const dataset of DATASET_NAMES) {
    for (const method of METHOD_NAMES) {
      for (const [preset, recipe] of PRESETS.flatMap((each) => RECIPES.map((name) => [each, name] as const))) {
        for (const [key, value] of Object.entries(recipeOf(preset, dataset, method, recipe))) {
          const option = CONFIG_OPTIONS.find((each) => each.key === key);
          expect(option && isValueOf(option, value), `${preset}, ${dataset}, ${method}: ${key} ${value}`).toBe(true);
        }
      }
    }
  }
});

test('recipes of publications: networks, optimizers and augmentations', () => {
  const theirs = (method: MethodName, dataset: 'cifar10' | 'raabin') =>
    resolveConfig({ method, dataset, recipe: 'theirs', preset: 'paper' }, software);
  expect(theirs('hsc', 'cifar10')).toMatchObject({
    ...{ arch: 'cnn32', width: 32, optimizer: 'adam', lr: 0.001, weightDecay: 0, batch: 128, epochs: 200 },
    ...{ milestones: '100,150', augment: 'light', normalize: 'training' },
  });
  expect(theirs('bce', 'raabin')).toMatchObject({ arch: 'resnet18-cbam', epochs: 150, milestones: '100,125' });
  expect(theirs('gt', 'raabin')).toMatchObject({
    ...{ arch: 'resnet18-cbam', epochs: 5, optimizer: 'sgd', nesterov: true, lrPerStep: true, augment: 'crop-flip' },
  });
  expect(theirs('csi', 'cifar10')).toMatchObject({ augment: 'simclr', optimizer: 'lars', larsAll: true });
  expect(resolveConfig({ method: 'gt72' }, software).augment).toBe('none');
});
