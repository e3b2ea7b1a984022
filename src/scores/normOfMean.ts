/** The norm of the mean of f over the views (appendix C of the paper, "l2 of E X" in its code). */
import { meanOverViews } from './features.ts';
import { NORM_STEPS } from './norm.ts';
import { ownScore } from './score.ts';

export const normOfMean = ownScore(
  {
    name: 'normOfMean',
    summary: 'norm of the mean f over all views',
    needs: ['projection'],
    leastSteps: NORM_STEPS,
    views: 'all',
  },
  (images, image) => Math.sqrt(meanOverViews(images, image).reduce((sum, value) => sum + value * value, 0)),
);
