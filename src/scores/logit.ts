/** Minus the logit for `outlier`, not its sigmoid, which is 1 for all logits above 17 in f32 (docs/methods.md 1.7). */
import { rowOf } from './features.ts';
import { ownScore } from './score.ts';

export const logit = ownScore(
  {
    name: 'logit',
    summary: 'minus the logit of being an outlier, for the plain view',
    needs: ['logits'],
    views: 'plain',
  },
  (images, image) => -images.logits.outlier.data[rowOf(images, image, 0)],
);
