/** OECL (docs/methods.md 1.3): NT-Xent on the normal views, plus lambda times the mean norm of the outlier views. */
import { add, mean, mul, normPenalty, ntXent, square, sum } from '../../runtime/index.ts';
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

const PENALTIES = ['l2', 'l2sq'] as const;

export interface OeclValues extends PenaltyValues {
  temperature: number;
  penalty: (typeof PENALTIES)[number];
}

export const oecl: Method<OeclValues, 'oecl'> = {
  name: 'oecl',
  title: 'OECL',
  summary:
    'Contrastive learning with outlier exposure: the norms of outlier images, yours or generated ones, are pulled to zero.',
  source: 'arXiv 2312.15288, eq. 12',
  options: [
    LAMBDA,
    WARMUP,
    TEMPERATURE,
    {
      name: 'penalty',
      key: 'penalty',
      type: 'choice',
      choices: PENALTIES,
      group: 'Method',
      value: 'l2',
      help: 'what is pulled to zero: the norm of outlier features, or its square (l2sq), for comparison',
    },
  ],
  check: checkWarmup,
  batch: () => ({ normal: { views: 2 }, outliers: { views: 2 } }),
  weights: weightsOf,
  loss({ projection }, { parts, weights }, { temperature, penalty: kind }) {
    const { normal, outliers } = parts(projection);
    const contrastive = ntXent(normal, { temperature });
    const isSquared = kind === 'l2sq';
    const penalty = isSquared ? mean(sum(square(outliers!), [-1])) : normPenalty(outliers!);
    const [normNormal, normOutlier] = projection.context.noGrad(() => [
      normPenalty(normal),
      isSquared ? normPenalty(outliers!) : penalty,
    ]);
    return {
      loss: add(contrastive, mul(weights.lambda, penalty)),
      terms: { contrastive, penalty, normNormal, normOutlier },
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
