/** OECL (docs/methods.md 1.3): NT-Xent on the normal views, plus lambda times the mean norm of the outlier views. */
import { add, mul, normPenalty, ntXent } from '../../runtime/index.ts';
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

export const oecl: Method<PenaltyValues & { temperature: number }, 'oecl'> = {
  name: 'oecl',
  title: 'OECL',
  summary:
    'Contrastive learning with outlier exposure: the norms of outlier images, yours or generated ones, are pulled to zero.',
  source: 'arXiv 2312.15288, eq. 12',
  options: [LAMBDA, WARMUP, TEMPERATURE],
  check: checkWarmup,
  batch: () => ({ normal: { views: 2 }, outliers: { views: 2 } }),
  weights: weightsOf,
  loss({ projection }, { parts, weights }, { temperature }) {
    const { normal, outliers } = parts(projection);
    const contrastive = ntXent(normal, { temperature });
    const penalty = normPenalty(outliers!);
    const normNormal = projection.context.noGrad(() => normPenalty(normal));
    return {
      loss: add(contrastive, mul(weights.lambda, penalty)),
      terms: { contrastive, penalty, normNormal, normOutlier: penalty },
    };
  },
  terms: {
    contrastive: CONTRASTIVE,
    penalty: PENALTY,
    normNormal: NORM_NORMAL,
    normOutlier: NORM_OUTLIER,
  },
  scores: NORM_SCORES,
  mainScore: 'normEnsemble',
};
