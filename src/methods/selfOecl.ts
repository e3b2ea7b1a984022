/**
 * self-OECL (docs/methods.md 1.4): OECL without exposed images. Normal images turned by 180 and 270 degrees take their place;
 * those turned by 0 and 90 degrees are the instances of NT-Xent.
 */
import { add, crossEntropy, mul, normPenalty, ntXent, scale } from '../../runtime/index.ts';
import { ROTATIONS } from '../augment/shifts.ts';
import type { Preset } from '../base/recipe.ts';
import type { Method } from './method.ts';
import {
  CONTRASTIVE,
  checkWarmup,
  LAMBDA,
  NORM_NORMAL,
  NORM_SCORES,
  PENALTY,
  type PenaltyValues,
  SHIFT_LOSS,
  TEMPERATURE,
  WARMUP,
  weightsOf,
} from './options.ts';

const SOURCES = ['same', 'independent'] as const;

export interface SelfOeclValues extends PenaltyValues {
  temperature: number;
  shiftWeight: number;
  selfOeSource: (typeof SOURCES)[number];
}

/** Half the preset's images: each has twice as many rows as with OECL. */
const BATCH: Readonly<Record<Preset, number>> = { paper: 128, small: 32, tiny: 8 };

export const selfOecl: Method<SelfOeclValues, 'self-oecl'> = {
  name: 'self-oecl',
  title: 'self-OECL',
  summary: 'OECL without outlier images: turned copies of the normal images take their place.',
  source: 'arXiv 2312.15288, eq. 13',
  options: [
    LAMBDA,
    WARMUP,
    TEMPERATURE,
    {
      name: 'shift-weight',
      key: 'shiftWeight',
      type: 'number',
      min: 0,
      group: 'Method',
      value: 0,
      help: 'weight of a classifier that tells the two rotations of normal images apart, as in CSI; 0: none',
    },
    {
      name: 'self-oe-source',
      key: 'selfOeSource',
      type: 'choice',
      choices: SOURCES,
      group: 'Method',
      value: 'same',
      help: 'normal images that are turned into outliers: the same as those of the step, or drawn independently',
    },
  ],
  recipe: (preset) => ({
    lambda: 1,
    batch: BATCH[preset],
    ...(preset === 'paper' ? { epochs: 1000, warmup: 50 } : {}),
  }),
  check: checkWarmup,
  batch: ({ selfOeSource }) => ({
    normal: { views: 2, shifts: ROTATIONS.slice(0, 2) },
    outliers: { views: 2, shifts: ROTATIONS.slice(2), of: selfOeSource === 'same' ? 'same' : 'normal' },
    labels: { shift: ({ shift }) => shift },
  }),
  network: ({ shiftWeight }) => (shiftWeight > 0 ? { logits: { shift: 2 } } : {}),
  weights: weightsOf,
  loss({ projection, logits }, { parts, labels, weights }, { temperature, shiftWeight }) {
    const { normal, outliers } = parts(projection);
    const contrastive = ntXent(normal, { temperature });
    const penalty = normPenalty(outliers!);
    const normNormal = projection.context.noGrad(() => normPenalty(normal));
    const loss = add(contrastive, mul(weights.lambda, penalty));
    const terms = { contrastive, penalty, normNormal, normShifted: penalty };
    if (shiftWeight === 0) return { loss, terms };
    const shiftLoss = crossEntropy(parts(logits.shift).normal, parts(labels.shift).normal);
    return { loss: add(loss, scale(shiftLoss, shiftWeight)), terms: { ...terms, shiftLoss } };
  },
  terms: {
    contrastive: CONTRASTIVE,
    penalty: PENALTY,
    shiftLoss: SHIFT_LOSS,
    normNormal: NORM_NORMAL,
    normShifted: { title: 'turned images', chart: 'norm', of: 'outliers' },
  },
  scores: NORM_SCORES,
  mainScore: 'normEnsemble',
};
