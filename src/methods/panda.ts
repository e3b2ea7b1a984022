/**
 * PANDA: weights that were trained on other images are tuned until features of normal images lie closer together, which a
 * few epochs of the first half of the network's layers frozen keep from collapsing (early stop, in place of the
 * publication's elastic term, which needs ImageNet itself). An image is compared with the nearest training images.
 */
import { mean, normPenalty, square, sum } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { checkPretrained, meanFeature, NORM_NORMAL, type PretrainedValues } from './options.ts';

/** Of five: half of the layers, as published. */
const FROZEN_STAGES = 3;

export const panda: Method<PretrainedValues, 'panda'> = {
  name: 'panda',
  title: 'PANDA',
  summary:
    'Features of a network trained on photographs are pulled together for normal images, then compared with the nearest.',
  source: 'Reiss et al. 2021, arXiv 2010.05903',
  options: [],
  recipe: () => ({
    ...{ init: 'builtin', freeze: FROZEN_STAGES, augment: 'none' },
    ...{ optimizer: 'sgd', lr: 0.001, weightDecay: 5e-5, epochs: 5, batch: 16 },
  }),
  check: (values) => checkPretrained('panda', values),
  batch: () => ({ normal: { views: 1 } }),
  network: () => ({ projection: 'none', isCentered: true }),
  center: meanFeature,
  loss({ projection }) {
    const loss = mean(sum(square(projection), [-1]));
    return { loss, terms: { normNormal: projection.context.noGrad(() => normPenalty(projection)) } };
  },
  terms: { normNormal: { ...NORM_NORMAL, title: 'distance of normal images to the center' } },
  scores: [],
  mainScore: 'knn',
};
