import { describe, expect, test } from 'vitest';
import { RandomStream } from '../../runtime/random.ts';
import {
  auroc,
  detectionMetrics,
  METRIC_NAMES,
  meanAndStd,
  metricsPerClass,
  rocCurve,
} from '../../src/scores/metrics.ts';

/** The definitions, literally and slowly: every pair, every threshold. */
function bruteForce(normal: readonly number[], outliers: readonly number[]) {
  let wins = 0;
  for (const a of normal) for (const b of outliers) wins += a > b ? 1 : a === b ? 0.5 : 0;
  const accepted = (scores: readonly number[], threshold: number) => scores.filter((s) => s >= threshold).length;
  const thresholds = [...new Set([...normal, ...outliers])].sort((a, b) => b - a);
  const strictest = thresholds.find((t) => accepted(normal, t) * 20 >= 19 * normal.length)!;
  const rejected = (scores: readonly number[], threshold: number) => scores.filter((s) => s <= threshold).length;
  const rates = thresholds
    .filter((t) => rejected(outliers, t) * 20 >= 19 * outliers.length)
    .map((t) => rejected(normal, t) / normal.length);
  const precisionRecall = (positives: readonly number[], negatives: readonly number[]) => {
    let before = { recall: 0, precision: 1 };
    let [steps, trapezoids] = [0, 0];
    for (const t of [...new Set([...positives, ...negatives])].sort((a, b) => b - a)) {
      const recall = accepted(positives, t) / positives.length;
      const precision = accepted(positives, t) / (accepted(positives, t) + accepted(negatives, t));
      steps += (recall - before.recall) * precision;
      trapezoids += ((recall - before.recall) * (precision + before.precision)) / 2;
      before = { recall, precision };
    }
    return { steps, trapezoids };
  };
  const negate = (scores: readonly number[]) => scores.map((score) => -score);
  return {
    auroc: wins / (normal.length * outliers.length),
    fpr95: Math.min(...rates),
    fpr95In: accepted(outliers, strictest) / outliers.length,
    auprIn: precisionRecall(normal, outliers).trapezoids,
    auprOut: precisionRecall(negate(outliers), negate(normal)).trapezoids,
    apIn: precisionRecall(normal, outliers).steps,
    apOut: precisionRecall(negate(outliers), negate(normal)).steps,
  };
}

/** `levels` distinct scores: few give many ties. */
function drawScores(count: number, levels: number, shift: number, index: number): number[] {
  const random = new RandomStream(7, 99, index);
  return Array.from({ length: count }, () => Math.floor((random.next() + shift) * levels) / levels);
}

describe('detectionMetrics', () => {
  const sizes = [
    [1, 1],
    [1, 40],
    [40, 1],
    [19, 23],
    [20, 20],
    [101, 57],
  ] as const;
  for (const levels of [2, 5, 50, 2 ** 20]) {
    test.each(sizes)(`%i normal and %i outliers, ${levels} levels: match the count over all pairs`, (n, m) => {
      const normal = drawScores(n, levels, 0.3, n);
      const outliers = drawScores(m, levels, 0, m + 1000);
      const expected = bruteForce(normal, outliers);
      const got = detectionMetrics(normal, outliers);
      expect(Object.keys(got)).toEqual(METRIC_NAMES);
      for (const name of METRIC_NAMES) {
        expect(got[name], name).toBeCloseTo(expected[name], 12);
      }
    });
  }

  test('perfect, reversed and equal scores have the expected metrics', () => {
    const perfect = { auroc: 1, fpr95: 0, fpr95In: 0, auprIn: 1, auprOut: 1, apIn: 1, apOut: 1 };
    expect(detectionMetrics([3, 4], [1, 2])).toEqual(perfect);
    expect(detectionMetrics([1, 2], [3, 4])).toMatchObject({ auroc: 0, fpr95: 1, fpr95In: 1 });
    const equal = { auroc: 0.5, fpr95: 1, fpr95In: 1, apIn: 0.75, apOut: 0.25 };
    expect(detectionMetrics([5, 5, 5], [5])).toMatchObject({ ...equal, auprIn: 0.875, auprOut: 0.625 });
  });

  test('match values computed by hand: normal 3 2 2 1, outliers 2 0', () => {
    // Pairs won: 3 > 2, 3 > 0, 2 = 2 (one half, twice), 2 > 0 (twice), 1 < 2, 1 > 0.
    expect(auroc([3, 2, 2, 1], [2, 0])).toBe(6 / 8);
    // All four normal images must pass, so the threshold is 1, and one of two outliers passes too.
    expect(detectionMetrics([3, 2, 2, 1], [2, 0]).fpr95In).toBe(0.5);
    // Both outliers must be rejected, so the threshold is 2, and three of four normal images are rejected too.
    expect(detectionMetrics([3, 2, 2, 1], [2, 0]).fpr95).toBe(0.75);
  });

  test('match the test vector of docs/methods.md 2.2', () => {
    const got = detectionMetrics([3, 2, 2, 5, 1], [2, 0, 1, 3]);
    const expected = {
      ...{ auroc: 0.7, fpr95: 0.8, fpr95In: 0.75, auprIn: 0.7625, auprOut: 0.729166666667 },
      ...{ apIn: 0.725, apOut: 0.666666666667 },
    };
    for (const name of METRIC_NAMES) expect(got[name], name).toBeCloseTo(expected[name], 11);
  });

  test('the order of the images does not matter, and the input is not modified', () => {
    const normal = drawScores(30, 4, 0.2, 1);
    const before = [...normal];
    expect(detectionMetrics(normal, [0.5, 0.25])).toEqual(detectionMetrics([...normal].reverse(), [0.25, 0.5]));
    expect(normal).toEqual(before);
  });

  test('an empty group and scores that are not numbers are refused', () => {
    expect(() => detectionMetrics([], [1])).toThrow(/no normal test image/);
    expect(() => detectionMetrics([1], [])).toThrow(/no outlier test image/);
    expect(() => detectionMetrics([1, Number.NaN], [1])).toThrow(/score of normal image 1 is NaN[\s\S]*--lr/);
    expect(() => detectionMetrics([1], [Number.POSITIVE_INFINITY])).toThrow(/outlier image 0 is Infinity/);
  });
});

test('rocCurve contains both corners, is monotone, and its trapezoidal area is the AUROC', () => {
  const normal = drawScores(60, 9, 0.2, 3);
  const outliers = drawScores(45, 9, 0, 4);
  const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(normal, outliers);
  let area = 0;
  for (let i = 1; i < x.length; i++) {
    expect(x[i]).toBeGreaterThanOrEqual(x[i - 1]);
    expect(y[i]).toBeGreaterThanOrEqual(y[i - 1]);
    area += ((x[i] - x[i - 1]) * (y[i] + y[i - 1])) / 2;
  }
  expect([x[0], y[0], x[x.length - 1], y[y.length - 1]]).toEqual([0, 0, 1, 1]);
  expect(area).toBeCloseTo(auroc(normal, outliers), 12);
});

test('metricsPerClass compares each outlier class with all normal images', () => {
  const scores = [5, 4, 1, 4, 6];
  const metrics = metricsPerClass(scores, [true, true, false, false, false], ['a', 'a', 'b', 'c', 'c']);
  expect(Object.keys(metrics)).toEqual(['b', 'c']);
  expect(metrics.b.auroc).toBe(1);
  expect(metrics.c.auroc).toBe((1 + 0.5 + 0 + 0) / 4);
});

test('meanAndStd divides by n - 1, gives 0 for one value and refuses none', () => {
  expect(meanAndStd([1, 2, 3, 4])).toEqual({ mean: 2.5, std: Math.sqrt(5 / 3), count: 4 });
  expect(meanAndStd([7])).toEqual({ mean: 7, std: 0, count: 1 });
  expect(() => meanAndStd([])).toThrow(/no values/);
});
