/** Deep SAD with the center at zero (docs/methods.md 1.7), one view of each image. */
import { deepSadLoss, normPenalty } from '../../runtime/index.ts';
import type { RecipeName } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { adamNetwork, adamRecipe, IS_OUTLIER, NORM_NORMAL, NORM_OUTLIER, RECIPE } from './options.ts';

export const dsad: Method<{ recipe: RecipeName }, 'dsad'> = {
  name: 'dsad',
  title: 'Deep SAD',
  summary: 'Features of normal images are pulled to zero, those of outlier images pushed far away.',
  source: 'Ruff et al. 2020, arXiv 1906.02694',
  options: [RECIPE],
  recipe: adamRecipe,
  network: adamNetwork,
  batch: () => ({ normal: { views: 1 }, outliers: { views: 1 }, labels: { isOutlier: IS_OUTLIER } }),
  loss({ projection }, { parts, labels }) {
    const [normNormal, normOutlier] = projection.context.noGrad(() => {
      const { normal, outliers } = parts(projection);
      return [normPenalty(normal), normPenalty(outliers!)];
    });
    return { loss: deepSadLoss(projection, labels.isOutlier), terms: { normNormal, normOutlier } };
  },
  terms: { normNormal: NORM_NORMAL, normOutlier: NORM_OUTLIER },
  scores: ['centerDistance'],
  mainScore: 'centerDistance',
};
