/** The norm of f for the plain view (eq. 14). */
import { squaredNormOfView } from './features.ts';
import { ownScore } from './score.ts';

export const norm = ownScore(
  { name: 'norm', summary: 'norm of f for the plain view', needs: ['projection'], views: 'plain' },
  (images, image) => Math.sqrt(squaredNormOfView(images, image, 0)),
);
