/**
 * Similarity to the k nearest training images (k = 2, or all if there are fewer), on the pooled backbone output of the
 * plain view: the mean of the k largest cosines, or the negative mean of the k smallest Euclidean distances. Both share one
 * state. DN2 (Bergman et al. 2020) uses the same k and Euclidean distances.
 */
import { backboneRows, rowNorms } from './features.ts';
import { Nearest, similarities } from './nearest.ts';
import type { FittedScore } from './score.ts';

const NEIGHBORS = 2;

const facts = { isGeneral: true, needs: ['backbone'], views: 'plain', keeps: ['features'] } as const;

export const knn: FittedScore = {
  ...facts,
  name: 'knn',
  summary: `mean cosine to the ${NEIGHBORS} nearest training images, backbone features`,
  constants: { k: `${NEIGHBORS}`, distance: 'cosine' },
  rowsOf: backboneRows,
  fit: (features) => ({ features }),
  open({ features }) {
    const norms = rowNorms(features);
    return ({ backbone, count }) => {
      const nearest = new Nearest(count, Math.min(NEIGHBORS, norms.length));
      const own = rowNorms(backbone);
      similarities(backbone, count, features, 'dot', (image, row, dot) => {
        const product = own[image] * norms[row];
        nearest.offer(image, product > 0 ? dot / product : 0); // a zero vector has no direction
      });
      return nearest.means();
    };
  },
};

export const knnEuclidean: FittedScore = {
  ...facts,
  name: 'knnEuclidean',
  summary: `minus the mean Euclidean distance to the ${NEIGHBORS} nearest training images, backbone features`,
  constants: { k: `${NEIGHBORS}`, distance: 'euclidean' },
  stateOf: 'knn',
  rowsOf: knn.rowsOf,
  fit: knn.fit,
  open: ({ features }) => {
    const rows = features.data.length / features.width;
    return ({ backbone, count }) => {
      const nearest = new Nearest(count, Math.min(NEIGHBORS, rows));
      similarities(backbone, count, features, 'squaredDistance', (image, _, square) =>
        nearest.offer(image, -Math.sqrt(square)),
      );
      return nearest.means();
    };
  },
};
