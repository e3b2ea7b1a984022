/**
 * Golan and El-Yaniv's score (2018; docs/methods.md 1.7): for each transformation t, a Dirichlet distribution with parameters
 * alpha_t is fitted to the softmax outputs of the training images under t; an image scores the sum over t of
 * (alpha_t - 1) . log p_t, its log-likelihood up to a constant. Fitted by Minka's fixed-point iteration.
 */
import { type FeatureTable, rowOf } from './features.ts';
import type { FittedScore } from './score.ts';
import { logProbability } from './transformation.ts';

const ITERATIONS = 200;
const TOLERANCE = 1e-9;

export const dirichlet: FittedScore = {
  name: 'dirichlet',
  summary: 'log-likelihood of the softmax outputs of all transformed copies, one Dirichlet distribution each',
  needs: ['logits'],
  views: 'plain',
  keeps: ['alpha'],
  rowsOf(images) {
    const width = images.shifts * images.logits.transform.width;
    const data = new Float64Array(images.count * width);
    for (let image = 0; image < images.count; image++) {
      for (let shift = 0; shift < images.shifts; shift++) {
        const logs = logSoftmaxOf(images, image, shift);
        data.set(logs, image * width + shift * logs.length);
      }
    }
    return { data, width };
  },
  fit({ data, width }) {
    const count = data.length / width;
    const classes = Math.sqrt(width); // one class per transformation
    const logs = new Float64Array(width);
    const means = new Float64Array(width);
    for (let i = 0; i < data.length; i++) {
      logs[i % width] += data[i] / count;
      means[i % width] += Math.exp(data[i]) / count;
    }
    const alpha = new Float64Array(width);
    for (let start = 0; start < width; start += classes) {
      alpha.set(fitDirichlet(means.subarray(start, start + classes), logs.subarray(start, start + classes)), start);
    }
    return { alpha: { data: alpha, width: classes } };
  },
  open: ({ alpha }) => {
    return (images) =>
      Float64Array.from({ length: images.count }, (_, image) => {
        let sum = 0;
        for (let shift = 0; shift < images.shifts; shift++) {
          logSoftmaxOf(images, image, shift).forEach((log, k) => {
            sum += (alpha.data[shift * alpha.width + k] - 1) * log;
          });
        }
        return sum;
      });
  },
};

function logSoftmaxOf(images: FeatureTable, image: number, shift: number): Float64Array {
  const logits = images.logits.transform;
  const row = rowOf(images, image, 0, shift);
  return Float64Array.from({ length: logits.width }, (_, label) => logProbability(logits, row, label));
}

/**
 * The maximum-likelihood parameters for observations with these means of p and of log p: digamma(alpha_k) =
 * digamma(sum of alpha) + mean log p_k (Minka 2000). It starts from the mean, at a precision that fits the spread.
 */
function fitDirichlet(mean: Float64Array, meanLog: Float64Array): Float64Array {
  // E log p is below log E p by about (1 / m - 1) / (2 s) for a Dirichlet of mean m and precision s
  let [gap, spread] = [0, 0];
  mean.forEach((m, k) => {
    gap += m * (Math.log(m) - meanLog[k]);
    spread += (1 - m) / 2;
  });
  const precision = Math.min(Math.max(spread / Math.max(gap, 1e-12), 1e-3), 1e6);
  let alpha = mean.map((m) => Math.max(m * precision, 1e-6));
  for (let i = 0; i < ITERATIONS; i++) {
    const offset = digamma(alpha.reduce((sum, value) => sum + value, 0));
    const next = meanLog.map((log) => inverseDigamma(log + offset));
    const isDone = next.every((value, k) => Math.abs(value - alpha[k]) <= TOLERANCE * alpha[k]);
    alpha = next;
    if (isDone) break;
  }
  return alpha;
}

/** The derivative of log gamma for x > 0: the recurrence up to 6, then the asymptotic series. */
export function digamma(x: number): number {
  let result = 0;
  let at = x;
  for (; at < 6; at++) result -= 1 / at;
  const square = 1 / (at * at);
  const series = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * (1 / 240 - square / 132))));
  return result + Math.log(at) - 0.5 / at - series;
}

/** Newton's method from Minka's starting point. */
function inverseDigamma(y: number): number {
  let x = y >= -2.22 ? Math.exp(y) + 0.5 : -1 / (y - digamma(1));
  for (let i = 0; i < 5; i++) x -= (digamma(x) - y) / trigamma(x);
  return x;
}

function trigamma(x: number): number {
  let result = 0;
  let at = x;
  for (; at < 6; at++) result += 1 / (at * at);
  const square = 1 / (at * at);
  return result + 1 / at + square / 2 + (square / at) * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30)));
}
