/** The mean over the views of the squared norm of f (appendix C of the paper). */
import { squaredNormOfView } from './features.ts';
import { NORM_STEPS } from './norm.ts';
import { ownScore } from './score.ts';

export const meanSquaredNorm = ownScore(
  {
    name: 'meanSquaredNorm',
    summary: 'mean squared norm of f over all views',
    needs: ['projection'],
    leastSteps: NORM_STEPS,
    views: 'all',
  },
  (images, image) => {
    let sum = 0;
    for (let view = 0; view < images.views; view++) sum += squaredNormOfView(images, image, view);
    return sum / images.views;
  },
);
