/** A hypersphere classifier's score: the negative distance h of the plain view to the zero vector (docs/methods.md 1.7). */
import { squaredNormOfView } from './features.ts';
import { ownScore } from './score.ts';

export const hypersphere = ownScore(
  {
    name: 'hypersphere',
    summary: 'minus the distance sqrt(norm² + 1) − 1 of f from zero, for the plain view',
    needs: ['projection'],
    views: 'plain',
  },
  (images, image) => {
    const q = squaredNormOfView(images, image, 0);
    return -q / (Math.sqrt(q + 1) + 1);
  },
);
