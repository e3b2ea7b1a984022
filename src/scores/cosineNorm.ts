/**
 * The largest cosine similarity to a training image times the norm, both of the mean of f over the views: CSI's score for
 * SimCLR (Tack et al. 2020; table VI of the paper). A training image is represented by f of its plain view.
 */
import { firstRows, meanOverViews, rowNorms } from './features.ts';
import { Nearest, similarities } from './nearest.ts';
import type { FittedScore } from './score.ts';

export const cosineNorm: FittedScore = {
  name: 'cosineNorm',
  summary: 'largest cosine to a training image, times the norm, of the mean f over all views',
  needs: ['projection'],
  views: 'all',
  keeps: ['features'],
  rowsOf: ({ projection, count }) => firstRows(projection, count),
  fit: (features) => ({ features }),
  open({ features }) {
    const norms = rowNorms(features);
    return (images) => {
      const { width } = images.projection;
      const means = { data: new Float64Array(images.count * width), width };
      for (let image = 0; image < images.count; image++) means.data.set(meanOverViews(images, image), image * width);
      const nearest = new Nearest(images.count, 1);
      // cosine times the image's own norm = dot product / the other norm
      similarities(means, images.count, features, 'dot', (image, row, dot) =>
        nearest.offer(image, norms[row] > 0 ? dot / norms[row] : 0),
      );
      return nearest.means();
    };
  },
};
