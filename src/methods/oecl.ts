/** OECL (docs/methods.md 1.3): NT-Xent on the normal views, plus lambda times the mean norm of the outlier views. */
import { add, mul, normPenalty, ntXent } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_OUTLIER, TEMPERATURE } from './options.ts';

interface Values {
  temperature: number;
  /** Weight of the penalty after the warm-up. */
  lambda: number;
  /** Epochs with a weight of 0. */
  warmup: number;
}

export const oecl: Method<Values, 'oecl'> = {
  name: 'oecl',
  title: 'OECL',
  summary:
    'Contrastive learning with outlier exposure: the norms of outlier images, yours or generated ones, are pulled to zero.',
  source: 'arXiv 2312.15288, eq. 12',
  options: [
    {
      name: 'lambda',
      key: 'lambda',
      type: 'number',
      min: 0,
      group: 'Method',
      default: 'data set: 0.1, CIFAR-10 and demo 1',
      help: 'weight of the norm penalty on outlier-exposure images',
    },
    {
      name: 'warmup',
      key: 'warmup',
      type: 'integer',
      min: 0,
      group: 'Method',
      default: 'a tenth of --epochs; preset tiny 0',
      help: 'epochs before the norm penalty starts',
    },
    TEMPERATURE,
  ],
  batch: () => ({ normal: { views: 2 }, outliers: { views: 2 } }),
  weights: ({ lambda, warmup }, epoch) => ({ lambda: epoch < warmup ? 0 : lambda }),
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
    penalty: { title: 'penalty', chart: 'loss', of: 'outliers', weight: { key: 'lambda', symbol: 'λ' } },
    normNormal: NORM_NORMAL,
    normOutlier: NORM_OUTLIER,
  },
};
