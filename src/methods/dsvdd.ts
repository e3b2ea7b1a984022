/**
 * Deep SVDD (docs/methods.md 1.7): the features of normal images are pulled to a center, the mean feature of the training
 * images before training. With a soft boundary, to a sphere around it that leaves out a share of them.
 */
import { mean, normPenalty, softBoundaryLoss, square, sum } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { meanFeature, NORM_NORMAL } from './options.ts';

const BOUNDARIES = ['none', 'soft'] as const;
/** Epochs before the radius follows the data. */
const RADIUS_WARMUP = 10;
/** Components of the center this close to 0 are moved away from it: a network can give 0 for every image. */
const LEAST_COMPONENT = 0.1;

const awayFromZero = (mean: number): number =>
  Math.abs(mean) >= LEAST_COMPONENT ? mean : mean < 0 ? -LEAST_COMPONENT : LEAST_COMPONENT;

export interface DsvddValues {
  boundary: (typeof BOUNDARIES)[number];
  nu: number;
}

export const dsvdd: Method<DsvddValues, 'dsvdd'> = {
  name: 'dsvdd',
  title: 'Deep SVDD',
  summary: 'Features of normal images are pulled to one point; an image far from it is an outlier.',
  source: 'Ruff et al. 2018, Deep One-Class Classification',
  options: [
    {
      name: 'boundary',
      key: 'boundary',
      type: 'choice',
      choices: BOUNDARIES,
      group: 'Method',
      value: 'none',
      help: 'soft: pull only to within a sphere that leaves out the share --nu of the images',
    },
    {
      name: 'nu',
      key: 'nu',
      type: 'number',
      above: 0,
      max: 1,
      group: 'Method',
      value: 0.1,
      help: 'with --boundary soft: share of the normal images that may lie outside of the sphere',
    },
  ],
  batch: () => ({ normal: { views: 1 } }),
  network: () => ({ isBiasFree: true, isCentered: true }),
  center: (rows, features) => meanFeature(rows, features).map(awayFromZero),
  weights({ boundary }, epoch): Record<string, number> {
    return boundary === 'soft' ? { radiusWeight: epoch < RADIUS_WARMUP ? 0 : 1 } : {};
  },
  loss({ projection }, { weights }, { boundary, nu }) {
    const loss =
      boundary === 'soft'
        ? softBoundaryLoss(projection, { nu, radiusWeight: weights.radiusWeight })
        : mean(sum(square(projection), [-1]));
    return { loss, terms: { normNormal: projection.context.noGrad(() => normPenalty(projection)) } };
  },
  terms: { normNormal: { ...NORM_NORMAL, title: 'distance of normal images to the center' } },
  scores: ['centerDistance'],
  mainScore: 'centerDistance',
};
