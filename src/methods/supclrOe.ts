/** OE + SupCLR (docs/methods.md 1.6): OECL with SupCLR's loss in place of NT-Xent. */
import { add, mul, normPenalty, supCon } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import {
  CONTRASTIVE,
  checkWarmup,
  LAMBDA,
  NORM_NORMAL,
  NORM_OUTLIER,
  NORM_SCORES,
  PENALTY,
  type PenaltyValues,
  TEMPERATURE,
  WARMUP,
  weightsOf,
} from './options.ts';

export const supclrOe: Method<PenaltyValues & { temperature: number }, 'supclr-oe'> = {
  name: 'supclr-oe',
  title: 'OE + SupCLR',
  summary: 'OECL that also draws normal images of the same class together; needs two or more normal classes.',
  source: 'arXiv 2312.15288, appendix E',
  options: [LAMBDA, WARMUP, TEMPERATURE],
  needsClasses: true,
  recipe: () => ({ temperature: 0.07 }),
  check: checkWarmup,
  batch: () => ({ normal: { views: 2 }, outliers: { views: 2 }, labels: { class: ({ label }) => label } }),
  weights: weightsOf,
  loss({ projection }, { parts, labels, weights }, { temperature }) {
    const { normal, outliers } = parts(projection);
    const contrastive = supCon(normal, parts(labels.class).normal, { temperature });
    const penalty = normPenalty(outliers!);
    const normNormal = projection.context.noGrad(() => normPenalty(normal));
    return {
      loss: add(contrastive, mul(weights.lambda, penalty)),
      terms: { contrastive, penalty, normNormal, normOutlier: penalty },
    };
  },
  terms: { contrastive: CONTRASTIVE, penalty: PENALTY, normNormal: NORM_NORMAL, normOutlier: NORM_OUTLIER },
  scores: [...NORM_SCORES, 'classProbability'],
  mainScore: 'normEnsemble',
};
