/**
 * A linear probe: a classifier of normal images against real outliers, five or more, on frozen features of a network that
 * was trained on other images.
 */
import { binaryCrossEntropy } from '../../runtime/index.ts';
import type { Recipe } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { checkPretrained, IS_OUTLIER, type PretrainedValues } from './options.ts';

export const probe: Method<PretrainedValues, 'probe'> = {
  name: 'probe',
  title: 'Linear probe',
  summary: 'A line between normal images and outliers that you have, by features of a network trained on photographs.',
  source: 'Alain and Bengio 2016, arXiv 1610.01644',
  options: [],
  recipe: (): Recipe => ({ init: 'builtin', augment: 'light', optimizer: 'adam', lr: 0.02, epochs: 8, batch: 16 }),
  check: (values) => checkPretrained('probe', values),
  needsOutliers: true,
  batch: () => ({ normal: { views: 1 }, outliers: { views: 1 }, labels: { isOutlier: IS_OUTLIER } }),
  network: () => ({ projection: 'none', logits: { outlier: 1 } }),
  loss: ({ logits }, { labels }) => ({ loss: binaryCrossEntropy(logits.outlier, labels.isOutlier), terms: {} }),
  terms: {},
  scores: ['logit'],
  mainScore: 'logit',
};
