/**
 * How well a score separates normal images from outliers (docs/methods.md 2.2). Higher scores are more normal. All metrics
 * are sort-based, in f64, and depend only on the ranking of the scores. Tied scores form one group that is never split, so
 * the result does not depend on the order of the images.
 */
import { OeclError } from '../base/errors.ts';

/** Every metric, in listing order, with its column title and a one-line description. */
export const METRICS = {
  auroc: {
    title: 'AUROC',
    meaning: 'probability that a normal image scores above an outlier, ties counted one half',
  },
  fpr95: {
    title: 'FPR95',
    meaning: 'share of normal images rejected where at least 95 % of the outliers are rejected, as in OpenOOD',
  },
  fpr95In: {
    title: 'FPR95 in',
    meaning: 'share of outliers accepted where at least 95 % of the normal images are accepted, as in ODIN',
  },
  auprIn: {
    title: 'AUPR in',
    meaning: 'area under precision over recall by trapezoids, normal images as positives, as in OpenOOD',
  },
  auprOut: { title: 'AUPR out', meaning: 'the same, outliers as positives' },
  apIn: { title: 'AP in', meaning: 'average precision (no interpolation), normal images as positives' },
  apOut: { title: 'AP out', meaning: 'the same, outliers as positives' },
} as const;

export type MetricName = keyof typeof METRICS;
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[];

/** In [0, 1]. Chance is 0.5 for `auroc`, 0.95 for both `fpr95`, and the positives' share of the images for the others. */
export type DetectionMetrics = Record<MetricName, number>;

export interface RocCurve {
  /** Share of outliers accepted, ascending from 0 to 1. */
  falsePositiveRate: Float64Array;
  /** Share of normal images accepted, at the same thresholds. */
  truePositiveRate: Float64Array;
}

export interface MeanAndStd {
  mean: number;
  /** Sample standard deviation (n - 1); 0 for a single value. */
  std: number;
  count: number;
}

/** A group of images with the same score. */
interface TieGroup {
  normal: number;
  outliers: number;
}

type Scores = ArrayLike<number>;

/**
 * All metrics of one score. O(n log n).
 * @param normal scores of the normal test images   @param outliers scores of the outliers
 * @throws OeclError when either is empty, or a score is not a finite number.
 */
export function detectionMetrics(normal: Scores, outliers: Scores): DetectionMetrics {
  const groups = tieGroups(normal, outliers);
  const leastNormalFirst = groups.map(swapRoles).reverse();
  const [n, m] = [normal.length, outliers.length];
  return {
    auroc: areaUnderRoc(groups, n, m),
    fpr95: falsePositiveRateAt95(leastNormalFirst, m, n),
    fpr95In: falsePositiveRateAt95(groups, n, m),
    auprIn: areaUnderPrecisionRecall(groups, n),
    auprOut: areaUnderPrecisionRecall(leastNormalFirst, m),
    apIn: averagePrecision(groups, n),
    apOut: averagePrecision(leastNormalFirst, m),
  };
}

/** Only the area under the ROC curve; see `detectionMetrics` for arguments and errors. */
export function auroc(normal: Scores, outliers: Scores): number {
  return areaUnderRoc(tieGroups(normal, outliers), normal.length, outliers.length);
}

/** The ROC curve, normal images as positives: one point per distinct score, plus (0, 0). Errors as in `detectionMetrics`. */
export function rocCurve(normal: Scores, outliers: Scores): RocCurve {
  const groups = tieGroups(normal, outliers);
  const falsePositiveRate = new Float64Array(groups.length + 1);
  const truePositiveRate = new Float64Array(groups.length + 1);
  let normalAccepted = 0;
  let outliersAccepted = 0;
  groups.forEach((group, index) => {
    normalAccepted += group.normal;
    outliersAccepted += group.outliers;
    truePositiveRate[index + 1] = normalAccepted / normal.length;
    falsePositiveRate[index + 1] = outliersAccepted / outliers.length;
  });
  return { falsePositiveRate, truePositiveRate };
}

/**
 * The metrics of each outlier class against all normal images, keyed by class, in order of first appearance.
 * @param scores one per test image   @param isNormal, classOf ground truth and class name of the same images
 */
export function metricsPerClass(
  scores: Scores,
  isNormal: readonly boolean[],
  classOf: readonly string[],
): Record<string, DetectionMetrics> {
  const normal: number[] = [];
  const byClass = new Map<string, number[]>();
  for (let i = 0; i < scores.length; i++) {
    if (isNormal[i]) normal.push(scores[i]);
    else if (!byClass.get(classOf[i])?.push(scores[i])) byClass.set(classOf[i], [scores[i]]);
  }
  return Object.fromEntries([...byClass].map(([name, outliers]) => [name, detectionMetrics(normal, outliers)]));
}

/** Splits scores by ground truth, into the two arguments that every metric takes. */
export function splitByTruth(scores: Scores, isNormal: readonly boolean[]): { normal: number[]; outliers: number[] } {
  const normal: number[] = [];
  const outliers: number[] = [];
  for (let i = 0; i < scores.length; i++) (isNormal[i] ? normal : outliers).push(scores[i]);
  return { normal, outliers };
}

/** Mean and sample standard deviation, over seeds or classes. @throws OeclError when there are no values. */
export function meanAndStd(values: Scores): MeanAndStd {
  const count = values.length;
  if (count === 0) throw new OeclError('meanAndStd: no values, expected at least one.');
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i] - mean) ** 2;
  return { mean, std: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count };
}

/** Both sides sorted and merged, highest score first. */
function tieGroups(normal: Scores, outliers: Scores): TieGroup[] {
  const a = sortedDescending(normal, 'normal');
  const b = sortedDescending(outliers, 'outlier');
  const groups: TieGroup[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const score = Math.max(i < a.length ? a[i] : -Infinity, j < b.length ? b[j] : -Infinity);
    const group = { normal: 0, outliers: 0 };
    for (; i < a.length && a[i] === score; i++) group.normal++;
    for (; j < b.length && b[j] === score; j++) group.outliers++;
    groups.push(group);
  }
  return groups;
}

function sortedDescending(scores: Scores, side: string): Float64Array {
  if (scores.length === 0) {
    throw new OeclError(`metrics: no ${side} test image, expected at least one normal image and one outlier.`, {
      remedy: 'a test set with both, or another --normal class',
    });
  }
  requireFinite(scores, side);
  return Float64Array.from(scores).sort().reverse();
}

/** @throws OeclError when a score is not a finite number */
export function requireFinite(scores: Scores, side: string): void {
  for (let i = 0; i < scores.length; i++) {
    if (Number.isFinite(scores[i])) continue;
    throw new OeclError(`metrics: the score of ${side} image ${i} is ${scores[i]}, expected a finite number.`, {
      remedy: 'training has diverged: a smaller --lr, or a larger --batch',
    });
  }
}

/** U / (n m): an outlier loses to all normal images above its group, and to half of those within it. */
function areaUnderRoc(groups: readonly TieGroup[], normalCount: number, outlierCount: number): number {
  let above = 0;
  let wins = 0;
  for (const group of groups) {
    wins += group.outliers * (above + group.normal / 2);
    above += group.normal;
  }
  return wins / (normalCount * outlierCount);
}

/** The share of positives that FPR95 must accept. A quotient of counts reaches this f64 exactly when it is at least 95 %. */
export const RECALL = 0.95;

/** Share of the field `outliers` accepted at the strictest threshold that accepts at least 95 % of the field `normal`. */
function falsePositiveRateAt95(groups: readonly TieGroup[], positives: number, negatives: number): number {
  let found = 0;
  let wrong = 0;
  for (const group of groups) {
    if (found / positives >= RECALL) break;
    found += group.normal;
    wrong += group.outliers;
  }
  return wrong / negatives;
}

/**
 * Area under the precision-recall curve by trapezoids, from (recall 0, precision 1), the field `normal` as positives:
 * scikit-learn's auc of precision_recall_curve.
 */
function areaUnderPrecisionRecall(groups: readonly TieGroup[], positives: number): number {
  let found = 0;
  let accepted = 0;
  let before = 1;
  let sum = 0;
  for (const group of groups) {
    found += group.normal;
    accepted += group.normal + group.outliers;
    const precision = found / accepted;
    sum += (group.normal / positives) * ((before + precision) / 2);
    before = precision;
  }
  return sum;
}

/**
 * Sum over thresholds of (increase in recall) x precision, the field `normal` as positives, without interpolation:
 * the definition of scikit-learn's average_precision_score.
 */
function averagePrecision(groups: readonly TieGroup[], positives: number): number {
  let found = 0;
  let accepted = 0;
  let sum = 0;
  for (const group of groups) {
    found += group.normal;
    accepted += group.normal + group.outliers;
    sum += (group.normal / positives) * (found / accepted);
  }
  return sum;
}

const swapRoles = (group: TieGroup): TieGroup => ({ normal: group.outliers, outliers: group.normal });
