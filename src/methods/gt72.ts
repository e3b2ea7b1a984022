/** Golan and El-Yaniv's geometric transformations (docs/methods.md 1.7): one classifier of 72 transformations of an image. */
import { crossEntropy } from '../../runtime/index.ts';
import { ROTATIONS, type Shift } from '../augment/shifts.ts';
import type { Preset } from '../base/recipe.ts';
import type { Method } from './method.ts';

/** Each image has 72 rows. */
const BATCH: Readonly<Record<Preset, number>> = { paper: 4, small: 4, tiny: 2 };

/** Flips, translations by 0, -8 and 8 of 32 pixels, rotations: the flips change slowest, the turns fastest. */
function shiftsOf({ size }: { size: number }): Shift[] {
  const steps = [0, -1, 1].map((direction) => direction * Math.floor(size / 4));
  return [false, true].flatMap((flip) =>
    steps.flatMap((right) => steps.flatMap((down) => ROTATIONS.map(({ turns }) => ({ flip, right, down, turns })))),
  );
}

export const gt72: Method<{ size: number }, 'gt72'> = {
  name: 'gt72',
  title: 'GT-72',
  summary: 'Predicts which of 72 flips, moves and turns a normal image went through; on outliers it does so worse.',
  source: 'Golan and El-Yaniv 2018, arXiv 1805.10917',
  options: [],
  // ceil(200 / 72) passes over all transformed images, which are not augmented: flips are what it predicts
  recipe: (preset, { size }) => ({
    ...{ batch: BATCH[preset], epochs: 3, optimizer: 'adam', lr: 0.001, weightDecay: 0, augment: 'none' },
    ...(preset === 'paper' && size <= 32 ? { arch: 'wrn10-4', width: 16 } : {}),
  }),
  batch: (values) => ({
    normal: { views: 1, shifts: shiftsOf(values) },
    labels: { transform: ({ shift }) => shift },
  }),
  network: () => ({ logits: { transform: 72 } }),
  sight: (values) => ({ shifts: shiftsOf(values) }),
  loss({ logits }, { labels }) {
    const transformations = crossEntropy(logits.transform, labels.transform);
    return { loss: transformations, terms: { transformations } };
  },
  terms: { transformations: { title: 'transformations', chart: 'loss', of: 'normal' } },
  scores: ['transformation', 'dirichlet'],
  mainScore: 'dirichlet',
};
