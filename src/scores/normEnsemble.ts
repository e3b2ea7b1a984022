/** The mean over the views of the norm of f: eq. 15, taken literally. */
import { squaredNormOfView } from './features.ts';
import { NORM_STEPS } from './norm.ts';
import { ownScore } from './score.ts';

export const normEnsemble = ownScore(
  {
    name: 'normEnsemble',
    summary: 'mean norm of f over all views',
    needs: ['projection'],
    leastSteps: NORM_STEPS,
    views: 'all',
  },
  (images, image) => {
    let sum = 0;
    for (let view = 0; view < images.views; view++) sum += Math.sqrt(squaredNormOfView(images, image, view));
    return sum / images.views;
  },
);
