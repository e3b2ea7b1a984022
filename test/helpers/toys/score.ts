import { squaredNormOfView } from '../../../src/scores/features.ts';
import { ownScore } from '../../../src/scores/score.ts';

export const toyScore = ownScore(
  { name: 'toyScore', summary: 'the summary of the toy score', needs: ['projection'], views: 'plain' },
  (images, image) => squaredNormOfView(images, image, 0),
);
