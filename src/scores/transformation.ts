/**
 * How well the network recognizes which transformation was applied to an image (docs/methods.md 1.7): the mean, over all
 * transformed copies of the plain view and all heads, of the softmax probability of the true class.
 */
import { type Matrix, rowOf } from './features.ts';
import { ownScore } from './score.ts';

export const transformation = ownScore(
  {
    name: 'transformation',
    summary: 'mean probability that the network gives to the transformation applied, over all transformed copies',
    needs: ['logits'],
    views: 'plain',
  },
  (images, image) => {
    const heads = Object.values(images.logits);
    let sum = 0;
    for (let shift = 0; shift < images.shifts; shift++) {
      classesOf(shift, heads).forEach((label, i) => {
        sum += Math.exp(logProbability(heads[i], rowOf(images, image, 0, shift), label));
      });
    }
    return sum / images.shifts / heads.length;
  },
);

/** The class of a shift for each head: shifts number all combinations of the heads' classes, those of the last head fastest. */
function classesOf(shift: number, heads: readonly Matrix[]): number[] {
  let rest = shift;
  return heads
    .toReversed()
    .map(({ width }) => {
      const label = rest % width;
      rest = Math.floor(rest / width);
      return label;
    })
    .reverse();
}

/** The logarithm of the softmax probability of a class, for one row of logits. */
export function logProbability({ data, width }: Matrix, row: number, label: number): number {
  const start = row * width;
  let peak = -Infinity;
  for (let k = start; k < start + width; k++) peak = Math.max(peak, data[k]);
  let total = 0;
  for (let k = start; k < start + width; k++) total += Math.exp(data[k] - peak);
  return data[start + label] - peak - Math.log(total);
}
