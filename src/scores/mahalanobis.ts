/**
 * The negative Mahalanobis distance to a Gaussian fitted to the training images, on the pooled backbone output of the plain
 * view. The covariance is shrunk towards a multiple of the identity by the share that Ledoit and Wolf (2004) estimate:
 * (1 - s) S + s (tr S / p) I, where S is normalized by n. The share is 0 for two images; LEAST_SHRINKAGE keeps the matrix
 * invertible. If all training images have the same features, the distance is Euclidean.
 */
import { backboneRows, type Matrix } from './features.ts';
import type { FittedScore, ScoreState } from './score.ts';

const LEAST_SHRINKAGE = 1e-6;
/** Rows whose products are added to the covariance while they are in the cache. */
const ROWS_AT_ONCE = 16;

export const mahalanobis: FittedScore = {
  name: 'mahalanobis',
  summary: 'minus the Mahalanobis distance to the training images, backbone features, Ledoit-Wolf covariance',
  isGeneral: true,
  needs: ['backbone'],
  views: 'plain',
  keeps: ['mean', 'covariance', 'shrinkage'],
  constants: { estimator: 'ledoit-wolf' },
  rowsOf: backboneRows,
  fit: fitGaussian,
  open({ mean, covariance }) {
    const factor = cholesky(covariance);
    const centered = new Float64Array(mean.width);
    return ({ backbone, count }) =>
      Float64Array.from({ length: count }, (_, image) => {
        for (let k = 0; k < centered.length; k++) {
          centered[k] = backbone.data[image * centered.length + k] - mean.data[k];
        }
        return -Math.sqrt(squareOfSolution(factor, centered));
      });
  },
};

/** Mean [p], shrunk covariance [p, p] and the shrinkage [1] of n rows of p values, in f64. O(n p^2). */
function fitGaussian({ data, width: p }: Matrix): ScoreState {
  const n = data.length / p;
  const mean = new Float64Array(p);
  for (let row = 0; row < n; row++) for (let j = 0; j < p; j++) mean[j] += data[row * p + j];
  for (let j = 0; j < p; j++) mean[j] /= n;
  const covariance = new Float64Array(p * p);
  const centered = new Float64Array(ROWS_AT_ONCE * p);
  let fourthPowers = 0;
  for (let first = 0; first < n; first += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, n - first);
    for (let row = 0; row < rows; row++) {
      let square = 0;
      for (let j = 0; j < p; j++) {
        const value = data[(first + row) * p + j] - mean[j];
        centered[row * p + j] = value;
        square += value * value;
      }
      fourthPowers += square * square;
    }
    addProducts(covariance, centered, rows, p);
  }
  let trace = 0;
  let squares = 0; // over all elements of S
  for (let j = 0; j < p; j++) {
    for (let k = 0; k <= j; k++) {
      const value = covariance[j * p + k] / n;
      covariance[j * p + k] = value;
      covariance[k * p + j] = value;
      squares += (j === k ? 1 : 2) * value * value;
    }
    trace += covariance[j * p + j];
  }
  const scale = trace / p;
  const shrinkage = shrinkageOf({ n, p, scale, squares, fourthPowers });
  for (let i = 0; i < p * p; i++) covariance[i] *= 1 - shrinkage;
  for (let j = 0; j < p; j++) covariance[j * p + j] += scale > 0 ? shrinkage * scale : 1;
  const row = (values: Float64Array<ArrayBuffer>, width: number): Matrix => ({ data: values, width });
  return { mean: row(mean, p), covariance: row(covariance, p), shrinkage: row(Float64Array.of(shrinkage), 1) };
}

/**
 * Adds x x' of each of the rows x [rows, p] to the lower triangle of `sums` [p, p], row after row. Blocks of 2 x 4 elements
 * stay in registers over the rows. Elements above the diagonal are added in part, and not used.
 */
function addProducts(sums: Float64Array, x: Float64Array, rows: number, p: number): void {
  const whole = p - (p % 4);
  for (let j = 0; j < whole; j += 2) {
    for (let k = 0; k <= j + 1; k += 4) {
      const a = j * p + k;
      const b = a + p;
      // written out: in arrays, they would not stay in registers
      let a0 = sums[a];
      let a1 = sums[a + 1];
      let a2 = sums[a + 2];
      let a3 = sums[a + 3];
      let b0 = sums[b];
      let b1 = sums[b + 1];
      let b2 = sums[b + 2];
      let b3 = sums[b + 3];
      for (let row = 0, start = 0; row < rows; row++, start += p) {
        const own = x[start + j];
        const next = x[start + j + 1];
        const x0 = x[start + k];
        const x1 = x[start + k + 1];
        const x2 = x[start + k + 2];
        const x3 = x[start + k + 3];
        a0 += own * x0;
        a1 += own * x1;
        a2 += own * x2;
        a3 += own * x3;
        b0 += next * x0;
        b1 += next * x1;
        b2 += next * x2;
        b3 += next * x3;
      }
      sums[a] = a0;
      sums[a + 1] = a1;
      sums[a + 2] = a2;
      sums[a + 3] = a3;
      sums[b] = b0;
      sums[b + 1] = b1;
      sums[b + 2] = b2;
      sums[b + 3] = b3;
    }
  }
  for (let j = whole; j < p; j++) {
    for (let k = 0; k <= j; k++)
      for (let row = 0; row < rows; row++) sums[j * p + k] += x[row * p + j] * x[row * p + k];
  }
}

/** Ledoit and Wolf's estimate, lemmas 3.2 to 3.4: the estimation error as a share of the dispersion. */
function shrinkageOf({
  n,
  p,
  scale,
  squares,
  fourthPowers,
}: Record<'n' | 'p' | 'scale' | 'squares' | 'fourthPowers', number>): number {
  const dispersion = squares - p * scale * scale; // |S - scale I|^2
  const error = (fourthPowers / n - squares) / n; // the mean of |x x' - S|^2, over n
  const share = dispersion > 0 ? Math.min(Math.max(error, 0), dispersion) / dispersion : 1;
  return Math.max(share, LEAST_SHRINKAGE);
}

/** The Cholesky factor: lower triangular L with L L' = the matrix. */
function cholesky({ data, width: p }: Matrix): Matrix {
  const lower = new Float64Array(p * p);
  for (let j = 0; j < p; j++) {
    for (let k = 0; k <= j; k++) {
      let sum = data[j * p + k];
      for (let i = 0; i < k; i++) sum -= lower[j * p + i] * lower[k * p + i];
      lower[j * p + k] = j === k ? Math.sqrt(sum) : sum / lower[k * p + k];
    }
  }
  return { data: lower, width: p };
}

/** |y|^2 where L y = x, by forward substitution; overwrites `x` with y. */
function squareOfSolution({ data, width: p }: Matrix, x: Float64Array): number {
  let square = 0;
  for (let j = 0; j < p; j++) {
    let sum = x[j];
    for (let k = 0; k < j; k++) sum -= data[j * p + k] * x[k];
    x[j] = sum / data[j * p + j];
    square += x[j] * x[j];
  }
  return square;
}
