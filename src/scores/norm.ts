/** The norm of f for the plain view (eq. 14). */
import { squaredNormOfView } from './features.ts';
import { ownScore } from './score.ts';

/** A norm tells little after fewer steps than this (docs/which-method.md). */
export const NORM_STEPS = 2000;

export const norm = ownScore(
  {
    name: 'norm',
    summary: 'norm of f for the plain view',
    needs: ['projection'],
    leastSteps: NORM_STEPS,
    views: 'plain',
  },
  (images, image) => Math.sqrt(squaredNormOfView(images, image, 0)),
);
