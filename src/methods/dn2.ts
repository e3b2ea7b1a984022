/**
 * DN2: distances to the nearest training images between features of a network that was trained on other images. Nothing is
 * trained, so a run takes as long as its images take through the network once.
 */
import { UsageError } from '../base/errors.ts';
import type { Method } from './method.ts';

export interface Dn2Values {
  init: string;
}

/** Initial weights that are drawn, and know nothing about images. */
const RANDOM = ['uniform', 'kaiming-normal'];

export const dn2: Method<Dn2Values, 'dn2'> = {
  name: 'dn2',
  title: 'DN2',
  summary:
    'Nothing is trained: distance to the nearest normal images, between features of a network trained on photographs.',
  source: 'Bergman et al. 2020, arXiv 2002.10445',
  options: [],
  recipe: () => ({ init: 'builtin' }),
  check({ init }) {
    if (!RANDOM.includes(init)) return;
    throw new UsageError(`--method dn2 --init ${init}: DN2 trains nothing, and these weights are random.`, {
      remedy: '--init builtin, a .safetensors file of a trained network, or another method',
    });
  },
  batch: () => ({ normal: { views: 1 } }),
  network: () => ({ projection: 'none' }),
  terms: {},
  scores: [],
  mainScore: 'knn',
};
