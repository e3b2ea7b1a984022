/**
 * DN2: distances to the nearest training images between features of a network that was trained on other images. Nothing is
 * trained, so a run takes as long as its images take through the network once.
 */
import type { Method } from './method.ts';
import { checkPretrained, type PretrainedValues } from './options.ts';

export const dn2: Method<PretrainedValues, 'dn2'> = {
  name: 'dn2',
  title: 'DN2',
  summary:
    'Nothing is trained: distance to the nearest normal images, between features of a network trained on photographs.',
  source: 'Bergman et al. 2020, arXiv 2002.10445',
  options: [],
  recipe: () => ({ init: 'builtin' }),
  check: (values) => checkPretrained('dn2', values),
  batch: () => ({ normal: { views: 1 } }),
  network: () => ({ projection: 'none' }),
  terms: {},
  scores: [],
  mainScore: 'knn',
};
