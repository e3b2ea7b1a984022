/**
 * One-class contrastive learning (docs/methods.md 1.6): all views of normal images are positives of each other, each outlier
 * image's views only of one another.
 */
import { normPenalty, supCon } from '../../runtime/index.ts';
import type { Method } from './method.ts';
import { CONTRASTIVE, NORM_NORMAL, NORM_OUTLIER, NORM_SCORES, TEMPERATURE } from './options.ts';

export const firm: Method<{ temperature: number }, 'firm'> = {
  name: 'firm',
  title: 'FIRM',
  summary: 'One-class contrastive learning: all normal images are drawn together, outlier images away from everything.',
  source: 'Lunardi et al. 2025, arXiv 2501.05130',
  options: [TEMPERATURE],
  recipe: () => ({ temperature: 0.2 }),
  batch: () => ({
    normal: { views: 2 },
    outliers: { views: 2 },
    labels: { instance: ({ part, image }) => (part === 'normal' ? 0 : 1 + image) },
  }),
  loss({ projection }, { parts, labels }, { temperature }) {
    const contrastive = supCon(projection, labels.instance, { temperature });
    const [normNormal, normOutlier] = projection.context.noGrad(() => {
      const { normal, outliers } = parts(projection);
      return [normPenalty(normal), normPenalty(outliers!)];
    });
    return { loss: contrastive, terms: { contrastive, normNormal, normOutlier } };
  },
  terms: { contrastive: CONTRASTIVE, normNormal: NORM_NORMAL, normOutlier: NORM_OUTLIER },
  scores: NORM_SCORES,
  mainScore: 'knn',
};
