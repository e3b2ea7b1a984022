/** Scores from logits and from a classifier, against independent computations. */
import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../runtime/index.ts';
import type { FeatureTable, Matrix } from '../../src/scores/features.ts';
import { Fitting, openScores, type ScoreStates } from '../../src/scores/state.ts';
import { scoreNamed } from '../../src/scores/table.ts';

const random = new RandomStream(5, 16);
const numbers = (count: number, low = -2, high = 2) =>
  Array.from({ length: count }, () => Math.fround(random.uniform(low, high)));
const softmax = (logits: readonly number[]): number[] => {
  const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
  return logits.map((value) => Math.exp(value) / total);
};

type Logits = number[][][]; // image, shift, class

/** A table of plain views with one row of padding per shift. */
function tableOf(images: number, parts: { backbone?: number[][]; logits?: Record<string, Logits> }): FeatureTable {
  const none: Matrix = { data: new Float32Array(images + 1), width: 1 };
  const shifts = Object.values(parts.logits ?? {})[0]?.[0].length ?? 1;
  const logits = Object.entries(parts.logits ?? {}).map(([name, values]) => {
    const width = values[0][0].length;
    const rows = Array.from({ length: shifts }, (_, shift) => [
      ...values.map((image) => image[shift]),
      new Array<number>(width).fill(7),
    ]);
    return [name, { data: Float32Array.from(rows.flat(2)), width }];
  });
  const { backbone } = parts;
  const pooled = backbone ? { data: Float32Array.from(backbone.flat()), width: backbone[0].length } : none;
  const facts = { count: images, views: 1, shifts, rowsPerShift: images + 1 };
  return { ...facts, backbone: pooled, projection: none, logits: Object.fromEntries(logits) };
}

async function scored(name: string, images: FeatureTable, states: ScoreStates = {}): Promise<number[]> {
  const [{ of }] = openScores([scoreNamed(name)!], states);
  return Array.from(await of(images));
}

function fitted(name: string, training: FeatureTable, labels: ArrayLike<number> = []): ScoreStates {
  const fitting = new Fitting([scoreNamed(name)!], training.count);
  expect(fitting.add(training, 0)).toBe(-1);
  return fitting.states(labels);
}

test('logit is the logit itself, where its sigmoid would be 1', async () => {
  const table = tableOf(3, { logits: { outlier: [[[-30]], [[18]], [[40]]] } });
  expect(await scored('logit', table)).toEqual([30, -18, -40]);
});

describe('transformation', () => {
  test('of one head: the mean probability of the shift applied', async () => {
    const logits = Array.from({ length: 2 }, () => Array.from({ length: 4 }, () => numbers(4)));
    const expected = logits.map(
      (shifts) => shifts.reduce((sum, row, shift) => sum + softmax(row)[shift], 0) / shifts.length,
    );
    const got = await scored('transformation', tableOf(2, { logits: { transform: logits } }));
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 12);
  });

  test('of several heads: shifts number the combinations of their classes, the last head fastest', async () => {
    const shifts = 12; // of 4 and 3 classes
    const of = (width: number) => [Array.from({ length: shifts }, () => numbers(width))];
    const [turn, right] = [of(4), of(3)];
    let sum = 0;
    for (let a = 0; a < 4; a++) {
      for (let b = 0; b < 3; b++) sum += softmax(turn[0][3 * a + b])[a] + softmax(right[0][3 * a + b])[b];
    }
    const [got] = await scored('transformation', tableOf(1, { logits: { turn, right } }));
    expect(got).toBeCloseTo(sum / 24, 12);
  });
});

describe('dirichlet', () => {
  /** Gamma variables of integer shape, as sums of exponential ones. */
  const gamma = (shape: number) => {
    let sum = 0;
    for (let i = 0; i < shape; i++) sum -= Math.log(random.uniform(1e-9, 1));
    return sum;
  };
  const alphas = [
    [4, 1, 2],
    [1, 6, 1],
    [2, 3, 5],
  ];
  /** Logarithms of Dirichlet variables serve as logits: their softmax is the variable. */
  const draw = (count: number): Logits =>
    Array.from({ length: count }, () => alphas.map((alpha) => alpha.map((shape) => Math.log(gamma(shape)))));

  test('finds the parameters that the outputs were drawn with', async () => {
    const states = fitted('dirichlet', tableOf(4000, { logits: { transform: draw(4000) } }));
    const alpha = states.dirichlet.alpha;
    expect(alpha.width).toBe(3);
    // the standard error of these estimates is about 2 % of the parameter
    for (const [i, value] of alphas.flat().entries()) expect(Math.abs(alpha.data[i] / value - 1)).toBeLessThan(0.1);
  });

  test('is the sum of (alpha - 1) log p, and its parameters maximize the likelihood of the training images', async () => {
    const training = draw(40);
    const states = fitted('dirichlet', tableOf(40, { logits: { transform: training } }));
    const alpha = states.dirichlet.alpha.data;
    const images = draw(3);
    const expected = images.map((shifts) =>
      shifts.reduce(
        (sum, row, t) => sum + softmax(row).reduce((part, p, k) => part + (alpha[3 * t + k] - 1) * Math.log(p), 0),
        0,
      ),
    );
    const got = await scored('dirichlet', tableOf(3, { logits: { transform: images } }), states);
    // logits are f32
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 4);
    const meanLogs = alphas.map((_, t) =>
      [0, 1, 2].map((k) => training.reduce((sum, image) => sum + Math.log(softmax(image[t])[k]), 0) / 40),
    );
    const likelihood = (at: readonly number[], t: number) =>
      logGamma(at.reduce((sum, value) => sum + value, 0)) -
      at.reduce((sum, value, k) => sum + logGamma(value) - (value - 1) * meanLogs[t][k], 0);
    for (let t = 0; t < 3; t++) {
      const best = Array.from(alpha.slice(3 * t, 3 * t + 3));
      for (let k = 0; k < 3; k++) {
        for (const factor of [0.95, 1.05]) {
          const other = best.map((value, i) => (i === k ? value * factor : value));
          expect(likelihood(other, t)).toBeLessThan(likelihood(best, t));
        }
      }
    }
  });

  test('outputs that are all certain, or all the same, give finite parameters', () => {
    const certain = Array.from({ length: 4 }, () => [0, 1, 2].map((t) => [0, 1, 2].map((k) => (k === t ? 60 : 0))));
    const same = Array.from({ length: 4 }, () => [0, 1, 2].map(() => [1, 1, 1]));
    for (const logits of [certain, same]) {
      const { alpha } = fitted('dirichlet', tableOf(4, { logits: { transform: logits } })).dirichlet;
      expect(Array.from(alpha.data).every((value) => Number.isFinite(value) && value > 0)).toBe(true);
    }
  });
});

/** Lanczos' approximation, accurate to 1e-10. */
function logGamma(x: number): number {
  const c = [
    76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
    -0.5395239384953e-5,
  ];
  let sum = 1.000000000190015;
  for (const [i, value] of c.entries()) sum += value / (x + 1 + i);
  return Math.log((2.506628274631001 * sum) / x) + (x + 0.5) * Math.log(x + 5.5) - (x + 5.5);
}

describe('classProbability', () => {
  const count = 30;
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  /** Three overlapping clusters, on features of very different sizes. */
  const features = labels.map((label) =>
    numbers(4).map((value, k) => Math.fround((value + (label === k ? 1.5 : 0)) * 10 ** (k - 1))),
  );
  const states = fitted('classProbability', tableOf(count, { backbone: features }), labels);
  const { weight, bias } = states.classProbability;
  const logitsOf = (x: readonly number[]) =>
    [0, 1, 2].map((c) => x.reduce((sum, value, k) => sum + value * weight.data[4 * c + k], bias.data[c]));

  test('is the largest log-probability of the fitted classifier', async () => {
    const probes = Array.from({ length: 4 }, () => numbers(4, -20, 20));
    const got = await scored('classProbability', tableOf(4, { backbone: probes }), states);
    const expected = probes.map((x) => Math.log(Math.max(...softmax(logitsOf(x)))));
    for (const [i, value] of got.entries()) expect(value).toBeCloseTo(expected[i], 9);
  });

  test('the classifier is at the minimum: the gradient of its loss vanishes', () => {
    const mean = [0, 1, 2, 3].map((k) => features.reduce((sum, x) => sum + x[k], 0) / count);
    const deviation = mean.map((m, k) => Math.sqrt(features.reduce((sum, x) => sum + (x[k] - m) ** 2, 0) / count));
    for (let c = 0; c < 3; c++) {
      const errors = features.map((x, i) => softmax(logitsOf(x))[c] - (labels[i] === c ? 1 : 0));
      const ofBias = errors.reduce((sum, error) => sum + error, 0) / count;
      expect(Math.abs(ofBias)).toBeLessThan(1e-4);
      for (let k = 0; k < 4; k++) {
        const slope = errors.reduce((sum, error, i) => sum + (error * (features[i][k] - mean[k])) / deviation[k], 0);
        expect(Math.abs(slope / count + 1e-3 * weight.data[4 * c + k] * deviation[k])).toBeLessThan(1e-4);
      }
    }
  });

  test('one class alone, constant features and one image per class are finite', async () => {
    for (const [rows, classes] of [
      [features.slice(0, 3), [0, 0, 0]],
      [
        [
          [2, 2],
          [2, 2],
        ],
        [0, 1],
      ],
      [features.slice(0, 3), [0, 1, 2]],
    ] as const) {
      const table = tableOf(rows.length, { backbone: rows.map((row) => [...row]) });
      const values = await scored('classProbability', table, fitted('classProbability', table, classes));
      expect(values.every((value) => Number.isFinite(value) && value <= 0)).toBe(true);
    }
  });
});
