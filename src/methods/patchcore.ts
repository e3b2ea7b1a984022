/**
 * PatchCore: every place of an image is compared with all places of the training images, by features of a network that was
 * trained on other images. Nothing is trained; what is kept is a memory of patches (src/scores/patchcore.ts).
 */
import type { Method } from './method.ts';
import { checkPretrained, type PretrainedValues } from './options.ts';

export const patchcore: Method<PretrainedValues, 'patchcore'> = {
  name: 'patchcore',
  title: 'PatchCore',
  summary: 'Nothing is trained: finds small local defects on parts that look alike.',
  source: 'Roth et al. 2022, arXiv 2106.08265',
  options: [],
  recipe: () => ({ init: 'builtin' }),
  check: (values) => checkPretrained('patchcore', values),
  batch: () => ({ normal: { views: 1 } }),
  network: () => ({ projection: 'none' }),
  terms: {},
  scores: ['patchcore'],
  mainScore: 'patchcore',
};
