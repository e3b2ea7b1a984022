/** result.json: what a run found, and the mean over several runs. */
import type { AdapterNames } from '../base/adapter.ts';
import type { RunConfig } from '../config/config.ts';
import {
  type DetectionMetrics,
  detectionMetrics,
  METRIC_NAMES,
  type MeanAndStd,
  type MetricName,
  meanAndStd,
  metricsPerClass,
  requireFinite,
  splitByTruth,
} from '../scores/metrics.ts';

/** The scores of docs/methods.md 2.1, in the order of all tables; higher = more normal. */
export const SCORE_NAMES = ['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm'] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];
/** The score that a single figure means. */
export const MAIN_SCORE: ScoreName = 'normEnsemble';

/** One value a test image for each score. */
export type ScoreTable = Record<ScoreName, ArrayLike<number>>;
export type PerScore = Record<ScoreName, number>;

/** The metrics of every score, null where a side of the test is empty; and every score's AUROC for each outlier class. */
export interface TestMetrics extends Record<MetricName, Record<ScoreName, number | null>> {
  /** Why the metrics are null; null when they are numbers. */
  undefinedMetrics: string | null;
  perOodClass: Record<string, PerScore>;
}

export interface RunResult extends TestMetrics {
  dataset: string;
  protocol: string;
  normal: string;
  method: string;
  oe: string | null;
  seed: number;
  /** Whether the data set's images were generated rather than taken; outlier-exposure images may be, `oe` says so. */
  synthetic: boolean;
  steps: number;
  epochs: number;
  /** Wall time, seconds. */
  seconds: { total: number; setup: number; compile: number; train: number; evaluate: number };
  weightsSha256: string;
  trainImages: number;
  testImages: { in: number; out: number };
  oeImages: number;
  adapter: AdapterNames;
  where: RunConfig['where'];
  /** Only of a run that was resumed with other images than before: when, and what had changed. */
  changedData?: readonly string[];
}

/** result.json of --normal all: means over the classes, and each class's own figures. */
export interface RunSummary extends Record<MetricName, PerScore> {
  dataset: string;
  protocol: string;
  normal: 'all';
  method: string;
  oe: string | null;
  seed: number;
  synthetic: boolean;
  /** Standard deviation over classes (n - 1); the metrics themselves are means over classes. */
  std: Record<MetricName, PerScore>;
  perNormalClass: Record<string, { auroc: PerScore; folder: string }>;
  /** Classes that could not take part, and why. */
  skipped: { normal: string; reason: string }[];
  /** Only where a class was finished before the images changed: which, and what had changed. */
  changedData?: readonly string[];
}

/**
 * Every metric of every score; null, with the reason, when no test image is normal or none is an outlier.
 * @param isNormal, classOf truth and class of the test images that the scores belong to
 * @throws OeclError when a score is not finite.
 */
export function testMetrics(scores: ScoreTable, isNormal: readonly boolean[], classOf: readonly string[]): TestMetrics {
  const undefinedMetrics = reasonOfNone(isNormal);
  if (undefinedMetrics !== null) {
    for (const name of SCORE_NAMES) requireFinite(scores[name], 'test');
    return { ...perMetric(() => perScore(() => null)), undefinedMetrics, perOodClass: {} };
  }
  const overall = {} as Record<ScoreName, DetectionMetrics>;
  const perOodClass = new Map<string, PerScore>(); // no object: a class may be called __proto__
  for (const name of SCORE_NAMES) {
    const { normal, outliers } = splitByTruth(scores[name], isNormal);
    overall[name] = detectionMetrics(normal, outliers);
    for (const [outlierClass, metrics] of Object.entries(metricsPerClass(scores[name], isNormal, classOf))) {
      perOodClass.set(outlierClass, { ...perOodClass.get(outlierClass)!, [name]: metrics.auroc });
    }
  }
  return {
    ...perMetric((metric) => perScore((name) => overall[name][metric])),
    undefinedMetrics,
    perOodClass: Object.fromEntries(perOodClass),
  };
}

function reasonOfNone(isNormal: readonly boolean[]): string | null {
  if (!isNormal.includes(true)) return 'no test image is normal';
  return isNormal.includes(false) ? null : 'no test image is an outlier';
}

/**
 * A result as today's layout has it. Results of before `fpr95In` meant other things by `fpr95`, `auprIn` and `auprOut`:
 * their metrics are computed again from the scores of the run.
 */
export function currentResult(
  stored: RunResult,
  images: readonly { isNormal: boolean; className: string; scores: PerScore }[],
): RunResult {
  if (stored.fpr95In !== undefined) return stored;
  const table = perScore((name) => images.map(({ scores }) => scores[name]));
  const metrics = testMetrics(
    table,
    images.map(({ isNormal }) => isNormal),
    images.map(({ className }) => className),
  );
  return { ...stored, ...metrics };
}

/** The mean over runs with other normal classes, all else equal, each with outliers in its test. @throws OeclError when there are none. */
export function summarize(
  runs: readonly { result: RunResult; folder: string }[],
  skipped: RunSummary['skipped'],
): RunSummary {
  const over = (statistic: keyof MeanAndStd) =>
    perMetric((metric) => perScore((name) => meanAndStd(runs.map(({ result }) => result[metric][name]!))[statistic]));
  const { dataset, protocol, method, oe, seed } = runs[0].result;
  return {
    dataset,
    protocol,
    normal: 'all',
    method,
    oe,
    seed,
    synthetic: runs.some(({ result }) => result.synthetic),
    ...over('mean'),
    std: over('std'),
    perNormalClass: Object.fromEntries(
      runs.map(({ result, folder }) => [result.normal, { auroc: result.auroc as PerScore, folder }]),
    ),
    skipped,
  };
}

function perScore<V>(value: (name: ScoreName) => V): Record<ScoreName, V> {
  return Object.fromEntries(SCORE_NAMES.map((name) => [name, value(name)])) as Record<ScoreName, V>;
}

function perMetric<V>(value: (name: MetricName) => V): Record<MetricName, V> {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, value(name)])) as Record<MetricName, V>;
}
