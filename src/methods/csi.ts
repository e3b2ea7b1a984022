/**
 * CSI (docs/methods.md 1.5): SimCLR in which the four rotations of an image are instances of their own, and a classifier on
 * the backbone features that tells them apart.
 */
import { add, crossEntropy, normPenalty, ntXent } from '../../runtime/index.ts';
import { ROTATIONS } from '../augment/shifts.ts';
import type { Preset, Recipe, RecipeName } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_SCORES, RECIPE, SHIFT_LOSS, TEMPERATURE } from './options.ts';

/** Half the preset's images: each has eight rows, as four of OECL's normal images and four of its outliers. */
const BATCH: Readonly<Record<Preset, number>> = { paper: 128, small: 32, tiny: 8 };

export interface CsiValues {
  temperature: number;
  recipe: RecipeName;
}

/** LARS on every parameter, with a warm-up of 10 of 1000 epochs. */
function theirs(preset: Preset): Recipe {
  const optimizer = { optimizer: 'lars', larsAll: true, lr: 1, weightDecay: 1e-6 };
  return preset === 'paper' ? { ...optimizer, epochs: 1000, lrWarmup: 10 } : { ...optimizer, lrWarmup: 1 };
}

export const csi: Method<CsiValues, 'csi'> = {
  name: 'csi',
  title: 'CSI',
  summary: 'Contrastive learning on normal images in which turned copies count as other images, and are told apart.',
  source: 'Tack et al. 2020, arXiv 2007.08176',
  options: [TEMPERATURE, RECIPE],
  recipe: (preset, _, name) => ({
    batch: BATCH[preset],
    ...(preset === 'paper' ? { epochs: 1000, views: 10 } : {}),
    ...(name === 'theirs' ? theirs(preset) : {}),
  }),
  batch: () => ({ normal: { views: 2, shifts: ROTATIONS }, labels: { shift: ({ shift }) => shift } }),
  network: ({ recipe }) => ({
    logits: { shift: ROTATIONS.length },
    ...(recipe === 'theirs' ? { projection: 'mlpWithoutNorm' } : {}),
  }),
  sight: () => ({ shifts: ROTATIONS, scale: [0.54, 0.54] }),
  loss({ projection, logits }, { labels }, { temperature }) {
    const contrastive = ntXent(projection, { temperature });
    const shiftLoss = crossEntropy(logits.shift, labels.shift);
    const normNormal = projection.context.noGrad(() => normPenalty(projection));
    return { loss: add(contrastive, shiftLoss), terms: { contrastive, shiftLoss, normNormal } };
  },
  terms: { contrastive: CONTRASTIVE, shiftLoss: SHIFT_LOSS, normNormal: NORM_NORMAL },
  scores: [...NORM_SCORES, 'csi'],
  mainScore: 'csi',
};
