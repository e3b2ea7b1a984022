/** Methods that train a classifier of normal against outlier-exposure images: they differ in the loss. */
import type { Tensor } from '../../runtime/index.ts';
import type { RecipeName } from '../base/recipe.ts';
import type { Method } from './method.ts';
import { adamNetwork, adamRecipe, IS_OUTLIER, RECIPE } from './options.ts';

interface ClassifierFacts<Name extends string>
  extends Pick<Method<{ recipe: RecipeName }, Name>, 'name' | 'title' | 'summary' | 'source'> {
  /** @param logits [rows], of being an outlier   @param labels u32 [rows], 1 for outliers */
  loss(logits: Tensor, labels: Tensor): Tensor;
}

/** The publication's logit is of its 256 features. */
const logitOf = ({ recipe }: { recipe: RecipeName }) => (recipe === 'theirs' ? 'projection' : 'backbone');

export const classifier = <Name extends string>({
  loss,
  ...facts
}: ClassifierFacts<Name>): Method<{ recipe: RecipeName }, Name> => ({
  ...facts,
  options: [RECIPE],
  recipe: adamRecipe,
  batch: () => ({ normal: { views: 1 }, outliers: { views: 1 }, labels: { isOutlier: IS_OUTLIER } }),
  network: (values) => ({ ...adamNetwork(values), logits: { outlier: 1 }, logitsOf: logitOf(values) }),
  loss: ({ logits }, { labels }) => ({ loss: loss(logits.outlier, labels.isOutlier), terms: {} }),
  terms: {},
  scores: ['logit'],
  mainScore: 'logit',
});
