/**
 * How well a score separates normal images from outliers. A score is higher the more normal an image looks; all metrics
 * are sort-based, in f64, and depend on the order of the scores only. Equal scores are one group, never split: the
 * result does not depend on the order of the images.
 */
import { OeclError } from '../errors.ts';

export interface DetectionMetrics {
  /** Probability that a random normal image scores above a random outlier, ties counted one half (Mann-Whitney U / nm). */
  auroc: number;
  /** Share of outliers accepted by the strictest threshold that accepts at least 95 % of the normal images. */
  fpr95: number;
  /** Average precision with the normal images as positives. Chance: their share of the test images. */
  auprIn: number;
  /** Average precision with the outliers as positives. Chance: their share of the test images. */
  auprOut: number;
}

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

/** The images that share one score. */
interface TieGroup {
  normal: number;
  outliers: number;
}

type Scores = ArrayLike<number>;

/**
 * All four metrics of one score. O(n log n).
 * @param normal scores of the normal test images   @param outliers scores of the outliers
 * @throws OeclError when either is empty, or a score is not a finite number.
 */
export function detectionMetrics(normal: Scores, outliers: Scores): DetectionMetrics {
  const groups = tieGroups(normal, outliers);
  return {
    auroc: areaUnderRoc(groups, normal.length, outliers.length),
    fpr95: falsePositiveRateAt95(groups, normal.length, outliers.length),
    auprIn: averagePrecision(groups, normal.length),
    auprOut: averagePrecision(groups.map(swapRoles).reverse(), outliers.length),
  };
}

/** The area under the ROC curve alone; see `detectionMetrics` for arguments and errors. */
export function auroc(normal: Scores, outliers: Scores): number {
  return areaUnderRoc(tieGroups(normal, outliers), normal.length, outliers.length);
}

/** The ROC curve, normal images as positives: one point a distinct score, and (0, 0). See `detectionMetrics` for errors. */
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
 * The metrics of every outlier class against all normal images, keyed by class, in order of first appearance.
 * @param scores one for each test image   @param isNormal, classOf the same images' truth and class name
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

/** Splits scores by truth: the two arguments that every metric takes. */
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

/** U / (n m): each outlier is beaten by all normal images above its group, and by half of those in it. */
function areaUnderRoc(groups: readonly TieGroup[], normalCount: number, outlierCount: number): number {
  let above = 0;
  let wins = 0;
  for (const group of groups) {
    wins += group.outliers * (above + group.normal / 2);
    above += group.normal;
  }
  return wins / (normalCount * outlierCount);
}

function falsePositiveRateAt95(groups: readonly TieGroup[], normalCount: number, outlierCount: number): number {
  let normalAccepted = 0;
  let outliersAccepted = 0;
  for (const group of groups) {
    if (20 * normalAccepted >= 19 * normalCount) break; // in whole numbers: 0.95 has no exact f64
    normalAccepted += group.normal;
    outliersAccepted += group.outliers;
  }
  return outliersAccepted / outlierCount;
}

/**
 * Sum over thresholds of (recall gained) x (precision there), the field `normal` counting as positive, no interpolation:
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
