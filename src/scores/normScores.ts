/** The scores of docs/methods.md 2.1 that need only an image's own features. Higher = more normal. Computed in f64. */
import type { PerScore } from '../report/result.ts';

/**
 * All norm scores of one image.
 * @param features (T + 1) rows of `dimension` values: f of the plain view first, then of the T augmented views
 */
export function normScores(features: Float32Array, dimension: number): PerScore {
  const views = features.length / dimension;
  const mean = new Float64Array(dimension);
  let plain = 0;
  let sum = 0;
  let sumOfSquares = 0;
  for (let view = 0; view < views; view++) {
    let square = 0;
    for (let k = 0; k < dimension; k++) {
      const value = features[view * dimension + k];
      square += value * value;
      mean[k] += value / views;
    }
    if (view === 0) plain = Math.sqrt(square);
    sum += Math.sqrt(square);
    sumOfSquares += square;
  }
  return {
    norm: plain, // eq. 14
    normEnsemble: sum / views, // eq. 15
    normOfMean: Math.sqrt(mean.reduce((total, value) => total + value * value, 0)), // appendix C, "l2 of E X"
    meanSquaredNorm: sumOfSquares / views, // appendix C
  };
}
