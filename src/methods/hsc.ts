/** Hypersphere classification with outlier exposure (docs/methods.md 1.7), one view of each image. */
import { hypersphereLoss, normPenalty } from '../../runtime/index.ts';
import type { RecipeName } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { adamNetwork, adamRecipe, IS_OUTLIER, NORM_NORMAL, NORM_OUTLIER, RECIPE } from './options.ts';

export const hsc: Method<{ recipe: RecipeName }, 'hsc'> = {
  name: 'hsc',
  title: 'HSC',
  summary: 'Hypersphere classifier: features of normal images are pulled to zero, those of outlier images pushed away.',
  source: 'Liznerski et al. 2022, arXiv 2205.11474',
  options: [RECIPE],
  recipe: adamRecipe,
  network: adamNetwork,
  batch: () => ({
    normal: { views: 1 },
    outliers: { views: 1 },
    labels: { isOutlier: IS_OUTLIER },
  }),
  loss({ projection }, { parts, labels }) {
    const [normNormal, normOutlier] = projection.context.noGrad(() => {
      const { normal, outliers } = parts(projection);
      return [normPenalty(normal), normPenalty(outliers!)];
    });
    return { loss: hypersphereLoss(projection, labels.isOutlier), terms: { normNormal, normOutlier } };
  },
  terms: { normNormal: NORM_NORMAL, normOutlier: NORM_OUTLIER },
  scores: ['hypersphere'],
  mainScore: 'hypersphere',
};
