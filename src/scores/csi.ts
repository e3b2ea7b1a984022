/**
 * CSI's score (Tack et al. 2020; docs/methods.md 2.1): for each rotation, the mean of f over the views along the nearest
 * training direction, plus the mean logit of that rotation; each divided by its mean over the training images.
 */
import { ROTATIONS } from '../augment/shifts.ts';
import { type FeatureTable, meanOverViews, rowNorms } from './features.ts';
import { Nearest, similarities } from './nearest.ts';
import type { FittedScore, ScoreState } from './score.ts';

const K = ROTATIONS.length;
const LEAST_NORM = 1e-8;

/** 0 where the training images give nothing to divide by. */
const ratio = (value: number, mean: number): number => (mean === 0 ? 0 : value / mean);

/** For each rotation, the means over the views: f, then the logit of that rotation. */
function meansOf(images: FeatureTable, image: number): Float64Array[] {
  return ROTATIONS.map((_, shift) => {
    const f = meanOverViews(images, image, images.projection, shift);
    const logits = meanOverViews(images, image, images.logits.shift, shift);
    return Float64Array.from([...f, logits[shift]]);
  });
}

export const csi: FittedScore = {
  name: 'csi',
  summary:
    'mean f along the nearest training direction plus the logit of the rotation, over four rotations and all views',
  needs: ['projection', 'logits'],
  views: 'all',
  fittedViews: 'all',
  keeps: ['axes', 'norms', 'logits'],
  rowsOf(images) {
    const width = K * (images.projection.width + 1);
    const data = new Float32Array(images.count * width);
    for (let image = 0; image < images.count; image++) {
      data.set(
        meansOf(images, image).flatMap((means) => [...means]),
        image * width,
      );
    }
    return { data, width };
  },
  fit({ data, width }) {
    const count = data.length / width;
    const features = width / K - 1;
    const axes = new Float32Array(K * count * features);
    const norms = new Float64Array(K);
    const logits = new Float64Array(K);
    for (let shift = 0; shift < K; shift++) {
      for (let image = 0; image < count; image++) {
        const start = image * width + shift * (features + 1);
        const mean = data.subarray(start, start + features);
        const [norm] = rowNorms({ data: mean, width: features });
        const to = (shift * count + image) * features;
        for (let k = 0; k < features; k++) axes[to + k] = mean[k] / (norm + LEAST_NORM);
        norms[shift] += norm / count;
        logits[shift] += data[start + features] / count;
      }
    }
    return {
      axes: { data: axes, width: features },
      norms: { data: norms, width: 1 },
      logits: { data: logits, width: 1 },
    };
  },
  remarks(state) {
    const turned = Array.from(state.logits.data).filter((mean) => mean <= 0).length;
    if (turned === 0) return [];
    return [
      `score csi: the mean logit of ${turned} of ${K} rotations is not positive on the training images, which turns the sign of that term`,
    ];
  },
  open: (state) => (images) => scoresWith(state, images),
};

function scoresWith({ axes, norms, logits }: ScoreState, images: FeatureTable): Float64Array {
  const scores = new Float64Array(images.count);
  const { width } = axes;
  const count = axes.data.length / width / K;
  const rows = Array.from({ length: images.count }, (_, image) => meansOf(images, image));
  for (let shift = 0; shift < K; shift++) {
    const means = new Float64Array(images.count * width);
    for (const [image, row] of rows.entries()) means.set(row[shift].subarray(0, width), image * width);
    const nearest = new Nearest(images.count, 1);
    const training = { data: axes.data.subarray(shift * count * width, (shift + 1) * count * width), width };
    similarities({ data: means, width }, images.count, training, 'dot', (image, _, dot) => nearest.offer(image, dot));
    nearest.means().forEach((largest, image) => {
      scores[image] += (ratio(largest, norms.data[shift]) + ratio(rows[image][shift][width], logits.data[shift])) / K;
    });
  }
  return scores;
}
