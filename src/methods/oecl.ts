/** OECL (docs/methods.md 1.3): NT-Xent on the normal views, plus lambda times the mean norm of the outlier views. */
import { add, mul, normPenalty, ntXent } from '../../runtime/index.ts';
import { UsageError } from '../base/errors.ts';
import type { Preset } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_OUTLIER, NORM_SCORES, TEMPERATURE } from './options.ts';

export interface OeclValues {
  temperature: number;
  /** Weight of the penalty after the warm-up. */
  lambda: number;
  /** Epochs at weight 0 before the penalty starts. */
  warmup: number;
}

/** The paper's 50 of 500 epochs, as a tenth of any number of epochs. `tiny` has too few steps for a warm-up. */
const usualWarmup = (preset: Preset, epochs: number): number => (preset === 'tiny' ? 0 : Math.floor(epochs / 10));

export const oecl: Method<OeclValues, 'oecl'> = {
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
      value: 1,
      default: 'data set: 0.1, CIFAR-10 and demo 1',
      help: 'weight of the norm penalty on outlier-exposure images',
      field: { label: 'Outlier weight λ', help: 'Weight of the outliers’ norm penalty' },
    },
    {
      name: 'warmup',
      key: 'warmup',
      type: 'integer',
      min: 0,
      group: 'Method',
      value: ({ preset, epochs }) => usualWarmup(preset as Preset, epochs as number),
      default: 'a tenth of --epochs; preset tiny 0',
      help: 'epochs before the norm penalty starts',
      field: { label: 'Warm-up', unit: 'epochs', help: 'Epochs before the penalty starts' },
    },
    TEMPERATURE,
  ],
  check({ warmup, epochs, preset }) {
    if (warmup <= epochs) return;
    throw new UsageError(`--warmup ${warmup}: longer than the ${epochs} epochs of the run.`, {
      remedy: `--warmup ${usualWarmup(preset, epochs)}`,
    });
  },
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
  scores: NORM_SCORES,
  mainScore: 'normEnsemble',
};
