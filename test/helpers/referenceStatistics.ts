/** References of batch norm, softmax, norms and losses, in f64, written from the formulas of docs/methods.md. */
import type { F64Array } from '../../runtime/gradcheck/gradCheck.ts';
import { elementwiseF64, f64, sizeOf } from './reference.ts';

export interface BatchNormF64Options {
  /** If given, used instead of the batch statistics (inference). */
  running?: { mean: F64Array; variance: F64Array };
  eps?: number;
  relu?: boolean;
  residual?: F64Array;
}

/** Mean and biased variance of each channel (axis 1), over all other axes. */
export function channelStatisticsF64(x: F64Array): { mean: Float64Array; variance: Float64Array; count: number } {
  const [N, C] = x.shape;
  const pixels = sizeOf(x.shape.slice(2));
  const count = N * pixels;
  const mean = new Float64Array(C);
  const variance = new Float64Array(C);
  const each = (visit: (value: number, c: number) => void) => {
    for (let i = 0; i < x.data.length; i++) visit(x.data[i], Math.floor(i / pixels) % C);
  };
  each((value, c) => {
    mean[c] += value / count;
  });
  each((value, c) => {
    variance[c] += (value - mean[c]) ** 2 / count;
  });
  return { mean, variance, count };
}

/** (x - mean) / sqrt(variance + eps) weight + bias, then + residual, then max(., 0); the last two are optional. */
export function batchNormF64(
  x: F64Array,
  weight: F64Array,
  bias: F64Array,
  options: BatchNormF64Options = {},
): F64Array {
  const { running, eps = 1e-5, relu = false, residual } = options;
  const pixels = sizeOf(x.shape.slice(2));
  const batch = running ? null : channelStatisticsF64(x);
  const mean = batch?.mean ?? running!.mean.data;
  const variance = batch?.variance ?? running!.variance.data;
  const y = f64(x.shape);
  for (let i = 0; i < x.data.length; i++) {
    const c = Math.floor(i / pixels) % x.shape[1];
    const normal = (x.data[i] - mean[c]) / Math.sqrt(variance[c] + eps);
    const value = normal * weight.data[c] + bias.data[c] + (residual ? residual.data[i] : 0);
    y.data[i] = relu ? Math.max(value, 0) : value;
  }
  return y;
}

/** Applies a function to each row (last axis). */
function byRow(x: F64Array, f: (row: Float64Array) => ArrayLike<number>): F64Array {
  const cols = x.shape[x.shape.length - 1];
  const y = f64(x.shape);
  for (let at = 0; at < x.data.length; at += cols) y.data.set(f(x.data.subarray(at, at + cols)), at);
  return y;
}

const total = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const length = (row: ArrayLike<number>): number => Math.sqrt(total(Array.from(row, (a) => a * a)));

export const softmaxF64 = (x: F64Array): F64Array =>
  byRow(x, (row) => {
    const exps = row.map((a) => Math.exp(a - Math.max(...row)));
    return exps.map((e) => e / total(exps));
  });

export const logSoftmaxF64 = (x: F64Array): F64Array =>
  byRow(x, (row) => {
    const most = Math.max(...row);
    const logSum = most + Math.log(total(row.map((a) => Math.exp(a - most))));
    return row.map((a) => a - logSum);
  });

/** Scalar: mean over the rows of -log softmax(logits)[label]. */
export function crossEntropyF64(logits: F64Array, labels: F64Array): F64Array {
  const [N, C] = logits.shape;
  const logs = logSoftmaxF64(logits).data;
  let loss = 0;
  for (let n = 0; n < N; n++) loss -= logs[n * C + labels.data[n]] / N;
  return f64([], [loss]);
}

/** Norms of the rows; removes the last axis. */
export function normF64(x: F64Array): F64Array {
  const cols = x.shape[x.shape.length - 1];
  const rows = x.data.length / cols;
  return f64(
    x.shape.slice(0, -1),
    Array.from({ length: rows }, (_, r) => length(x.data.subarray(r * cols, (r + 1) * cols))),
  );
}

/** Normalized rows; a zero row stays zero (docs/methods.md 1.1, guard 1e-12). */
export const l2NormalizeF64 = (x: F64Array): F64Array =>
  byRow(x, (row) => {
    const norm = length(row);
    return row.map((a) => (norm < 1e-12 ? 0 : a / norm));
  });

/** docs/methods.md 1.1: 1/(2B) sum_i [-s(i, p(i)) + log sum over j != i of exp(s(i, j))]. Scalar. */
export function ntXentF64(f: F64Array, temperature: number): F64Array {
  const [rows, d] = f.shape;
  const z = l2NormalizeF64(f).data;
  const similarity = (i: number, j: number) => {
    let dot = 0;
    for (let k = 0; k < d; k++) dot += z[i * d + k] * z[j * d + k];
    return dot / temperature;
  };
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    let denominator = 0;
    for (let j = 0; j < rows; j++) if (j !== i) denominator += Math.exp(similarity(i, j));
    loss += (Math.log(denominator) - similarity(i, (i + rows / 2) % rows)) / rows;
  }
  return f64([], [loss]);
}

/** docs/methods.md 1.3: the mean length of the rows. Scalar. */
export const normPenaltyF64 = (f: F64Array): F64Array => f64([], [total(normF64(f).data) / f.shape[0]]);

/** docs/methods.md 1.7, one row's loss by q = ||f||^2. */
export function hypersphereF64(q: number, label: number): number {
  const h = q / (Math.sqrt(q + 1) + 1);
  return label === 0 ? h : -Math.log(-Math.expm1(-h) + 1e-9);
}

/** docs/methods.md 1.7. Scalar. */
export function hypersphereLossF64(f: F64Array, labels: F64Array): F64Array {
  const losses = Array.from(normF64(f).data, (norm, i) => hypersphereF64(norm * norm, labels.data[i]));
  return f64([], [total(losses) / f.shape[0]]);
}

/** docs/methods.md 1.3, of 4B rows in the order normal view 1, 2, outlier view 1, 2. Scalar. */
export function oeclLossF64(f: F64Array, { temperature, lambda }: { temperature: number; lambda: number }): F64Array {
  const [rows, d] = f.shape;
  const half = (at: number) => ({
    shape: [rows / 2, d],
    data: f.data.subarray(at * (rows / 2) * d, (at + 1) * (rows / 2) * d),
  });
  return elementwiseF64((a, b) => a + lambda * b)(ntXentF64(half(0), temperature), normPenaltyF64(half(1)));
}

/** SupCon (docs/methods.md 1.6): the mean over rows of the mean over their positives of -log(e_ip / sum of e_ij). */
export function supConF64(f: F64Array, labels: ArrayLike<number>, temperature: number): F64Array {
  const [rows, d] = f.shape;
  const z = l2NormalizeF64(f).data;
  const s = (i: number, j: number) => {
    let dot = 0;
    for (let k = 0; k < d; k++) dot += z[i * d + k] * z[j * d + k];
    return dot / temperature;
  };
  let loss = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < rows; j++) if (j !== i) sum += Math.exp(s(i, j));
    const positives = Array.from({ length: rows }, (_, j) => j).filter((j) => j !== i && labels[j] === labels[i]);
    for (const p of positives) loss += (Math.log(sum) - s(i, p)) / positives.length / rows;
  }
  return f64([], [loss]);
}

function squaredDistance(f: F64Array, i: number, j: number): number {
  const d = f.shape[1];
  let sum = 0;
  for (let k = 0; k < d; k++) sum += (f.data[i * d + k] - f.data[j * d + k]) ** 2;
  return sum;
}

/** Alignment (docs/methods.md 1.2): the mean squared distance of row i and row i + B. */
export function alignmentF64(features: F64Array, distance: 'cosine' | 'euclidean'): F64Array {
  const f = distance === 'cosine' ? l2NormalizeF64(features) : features;
  const half = f.shape[0] / 2;
  let sum = 0;
  for (let i = 0; i < half; i++) sum += squaredDistance(f, i, i + half);
  return f64([], [sum / half]);
}

/** Uniformity (docs/methods.md 1.2), t = 2: the mean over both halves. */
export function uniformityF64(features: F64Array, distance: 'cosine' | 'euclidean'): F64Array {
  const f = distance === 'cosine' ? l2NormalizeF64(features) : features;
  const half = f.shape[0] / 2;
  let loss = 0;
  for (const start of [0, half]) {
    const exponents: number[] = [];
    for (let i = start; i < start + half; i++) {
      for (let j = i + 1; j < start + half; j++) exponents.push(-2 * squaredDistance(f, i, j));
    }
    const peak = Math.max(...exponents);
    loss += (peak + Math.log(exponents.reduce((sum, e) => sum + Math.exp(e - peak), 0) / exponents.length)) / 2;
  }
  return f64([], [loss]);
}

/** Deep SAD (docs/methods.md 1.7) of one row, q its squared norm. */
export const deepSadF64 = (q: number, label: number): number => (label === 0 ? q : 1 / (Math.max(q, 1e-6) + 1e-9));

export const deepSadLossF64 = (f: F64Array, labels: ArrayLike<number>): F64Array =>
  f64([], [total(Array.from(normF64(f).data, (r, i) => deepSadF64(r * r, labels[i]))) / f.shape[0]]);

/** Binary cross-entropy (docs/methods.md 1.7) of a logit. */
export const binaryCrossEntropyF64 = (a: number, y: number): number =>
  Math.max(a, 0) - a * (y === 0 ? 0 : 1) + Math.log1p(Math.exp(-Math.abs(a)));

/** Focal loss (docs/methods.md 1.7) of a logit. */
export function focalF64(a: number, y: number): number {
  const cross = binaryCrossEntropyF64(a, y);
  const p = Math.min(Math.max(Math.exp(-cross), 1e-7), 1 - 1e-7);
  return (1 - p) ** 2 * cross;
}

export const meanOverRowsF64 = (logits: F64Array, labels: ArrayLike<number>, of: (a: number, y: number) => number) =>
  f64([], [total(Array.from(logits.data, (a, i) => of(a, labels[i]))) / logits.data.length]);

/** Soft-boundary Deep SVDD (docs/methods.md 1.7) for a radius that is given, as it has no gradient. */
export function softBoundaryF64(f: F64Array, nu: number, radius: number): F64Array {
  const beyond = Array.from(normF64(f).data, (r) => Math.max(0, r * r - radius * radius));
  return f64([], [radius * radius + total(beyond) / f.shape[0] / nu]);
}
