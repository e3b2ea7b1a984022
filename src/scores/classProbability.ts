/**
 * The largest class probability of a linear classifier on the frozen backbone features, as its logarithm (docs/methods.md
 * 1.6): what published SupCLR results score with. The classifier is softmax regression on standardized features with
 * weight decay, fitted to the classes of the training images in f64 by Nesterov's accelerated gradient method.
 */
import { firstRows, type Matrix } from './features.ts';
import type { FittedScore, ScoreState } from './score.ts';
import { logProbability } from './transformation.ts';

const WEIGHT_DECAY = 1e-3;
const ITERATIONS = 300;
const LEAST_DEVIATION = 1e-12;

export const classProbability: FittedScore = {
  name: 'classProbability',
  summary: 'log of the largest class probability of a linear classifier on backbone features',
  needs: ['backbone'],
  views: 'plain',
  keeps: ['weight', 'bias'],
  constants: { weightDecay: `${WEIGHT_DECAY}`, iterations: `${ITERATIONS}` },
  rowsOf: ({ backbone, count }) => firstRows(backbone, count),
  fit: softmaxRegression,
  open({ weight, bias }) {
    const classes = bias.data.length;
    const logits = new Float64Array(classes);
    return ({ backbone, count }) =>
      Float64Array.from({ length: count }, (_, image) => {
        for (let c = 0; c < classes; c++) logits[c] = bias.data[c] + dot(weight, c, backbone, image);
        const largest = logits.indexOf(Math.max(...logits));
        return logProbability({ data: logits, width: classes }, 0, largest);
      });
  },
};

function dot(a: Matrix, rowOfA: number, b: Matrix, rowOfB: number): number {
  const { width } = a;
  let sum = 0;
  for (let k = 0; k < width; k++) sum += a.data[rowOfA * width + k] * b.data[rowOfB * width + k];
  return sum;
}

/** Weight [classes, features] and bias [classes] of the classifier, for features that are not standardized. */
function softmaxRegression(rows: Matrix, labels: ArrayLike<number>): ScoreState {
  const classes = Math.max(...Array.from(labels)) + 1;
  const { x, mean, deviation } = standardized(rows);
  const [count, width] = [labels.length, rows.width];
  // the weights' rows end with the bias, which is not decayed
  let [w, before] = [new Float64Array(classes * (width + 1)), new Float64Array(classes * (width + 1))];
  // the Hessian of softmax regression is at most half the largest eigenvalue of the features' second moments
  const step = 1 / (0.5 * largestEigenvalue(x, width) + WEIGHT_DECAY);
  for (let i = 0; i < ITERATIONS; i++) {
    const ahead = w.map((value, k) => value + (i / (i + 3)) * (value - before[k]));
    const gradient = gradientAt(ahead, x, labels, classes, width);
    before = w;
    w = ahead.map((value, k) => value - (step * gradient[k]) / count);
  }
  const weight = new Float64Array(classes * width);
  const bias = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    bias[c] = w[c * (width + 1) + width];
    for (let k = 0; k < width; k++) {
      weight[c * width + k] = w[c * (width + 1) + k] / deviation[k];
      bias[c] -= weight[c * width + k] * mean[k];
    }
  }
  return { weight: { data: weight, width }, bias: { data: bias, width: 1 } };
}

/** `count` times the gradient of the mean cross-entropy plus weight decay. */
function gradientAt(
  w: Float64Array,
  x: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  width: number,
): Float64Array {
  const gradient = new Float64Array(w.length);
  const logits = new Float64Array(classes);
  for (let image = 0; image < labels.length; image++) {
    for (let c = 0; c < classes; c++) {
      const start = c * (width + 1);
      logits[c] = w[start + width];
      for (let k = 0; k < width; k++) logits[c] += w[start + k] * x[image * width + k];
    }
    for (let c = 0; c < classes; c++) {
      const start = c * (width + 1);
      const error = Math.exp(logProbability({ data: logits, width: classes }, 0, c)) - (labels[image] === c ? 1 : 0);
      for (let k = 0; k < width; k++) gradient[start + k] += error * x[image * width + k];
      gradient[start + width] += error;
    }
  }
  for (let c = 0; c < classes; c++) {
    for (let k = 0; k < width; k++)
      gradient[c * (width + 1) + k] += labels.length * WEIGHT_DECAY * w[c * (width + 1) + k];
  }
  return gradient;
}

function standardized({ data, width }: Matrix): { x: Float64Array; mean: Float64Array; deviation: Float64Array } {
  const count = data.length / width;
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i] / count;
  for (let i = 0; i < data.length; i++) deviation[i % width] += (data[i] - mean[i % width]) ** 2 / count;
  for (let k = 0; k < width; k++) deviation[k] = Math.sqrt(deviation[k]) || LEAST_DEVIATION;
  const x = Float64Array.from(data, (value, i) => (value - mean[i % width]) / deviation[i % width]);
  return { x, mean, deviation };
}

/** An upper estimate of the largest eigenvalue of the second moments of the rows with a 1 appended, by power iteration. */
function largestEigenvalue(x: Float64Array, width: number): number {
  const count = x.length / width;
  let v = new Float64Array(width + 1).fill(1 / Math.sqrt(width + 1));
  let norm = 0;
  for (let i = 0; i < 20; i++) {
    const next = new Float64Array(width + 1);
    for (let row = 0; row < count; row++) {
      let product = v[width];
      for (let k = 0; k < width; k++) product += v[k] * x[row * width + k];
      for (let k = 0; k < width; k++) next[k] += (product * x[row * width + k]) / count;
      next[width] += product / count;
    }
    norm = Math.sqrt(next.reduce((sum, value) => sum + value * value, 0));
    v = next.map((value) => value / norm);
  }
  return norm * 1.1;
}
