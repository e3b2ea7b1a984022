/** SimCLR (docs/methods.md 1.1): NT-Xent on the normal views only. */
import { normPenalty, ntXent } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_SCORES, TEMPERATURE } from './options.ts';

export const simclr: Method<{ temperature: number }, 'simclr'> = {
  name: 'simclr',
  title: 'SimCLR',
  summary: 'Contrastive learning on normal images only: the baseline to compare with.',
  source: 'Chen et al. 2020, arXiv 2002.05709',
  options: [TEMPERATURE],
  batch: () => ({ normal: { views: 2 } }),
  loss({ projection }, _, { temperature }) {
    const contrastive = ntXent(projection, { temperature });
    return {
      loss: contrastive,
      terms: { contrastive, normNormal: projection.context.noGrad(() => normPenalty(projection)) },
    };
  },
  terms: { contrastive: CONTRASTIVE, normNormal: NORM_NORMAL },
  scores: NORM_SCORES,
  mainScore: 'normEnsemble',
};
