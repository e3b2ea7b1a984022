/** Minus the squared distance of f to the center: the score of deep one-class methods (docs/methods.md 1.7). */
import { squaredNormOfView } from './features.ts';
import { ownScore } from './score.ts';

export const centerDistance = ownScore(
  {
    name: 'centerDistance',
    summary: 'minus the squared distance of f to the center, for the plain view',
    needs: ['projection'],
    views: 'plain',
  },
  (images, image) => -squaredNormOfView(images, image, 0), // the network gives f relative to its center
);
