/** result.json: the results of a run, or the mean over several runs. */
import type { AdapterNames } from '../base/adapter.ts';
import type { RunConfig } from '../config/config.ts';
import type { TestSet } from '../protocols/protocol.ts';
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

/** For each score of the run, by name, one value per test image (docs/methods.md 2.1); higher = more normal. */
export type ScoreTable = Record<string, ArrayLike<number>>;
/** One value per score of the run. */
export type PerScore = Record<string, number>;

/** The metrics of every score, null if one side of the test is empty; and every score's AUROC per outlier class. */
export interface TestMetrics extends Record<MetricName, Record<string, number | null>> {
  /** Why the metrics are null; otherwise null. */
  undefinedMetrics: string | null;
  perOodClass: Record<string, PerScore>;
}

/** The results of one test set. */
export interface TestSetResult extends Record<MetricName, Record<string, number | null>> {
  undefinedMetrics: string | null;
  testImages: { in: number; out: number };
}

export interface RunResult extends TestMetrics {
  dataset: string;
  protocol: string;
  normal: string;
  method: string;
  /** Present only if the call named no method: why it is this one. */
  methodReason?: string;
  oe: string | null;
  seed: number;
  /** Whether the data set's images are generated rather than photographed; outlier-exposure images may be too, see `oe`. */
  synthetic: boolean;
  /** The score behind the headline metrics, and one sentence on why it was chosen. */
  mainScore: string;
  mainScoreReason: string;
  steps: number;
  epochs: number;
  /** Wall time, in seconds. */
  seconds: { total: number; setup: number; compile: number; train: number; evaluate: number };
  weightsSha256: string;
  trainImages: number;
  testImages: { in: number; out: number };
  oeImages: number;
  /** Present only if the protocol has several test sets: the results of each, by name. The other results are of all images. */
  testSets?: Record<string, TestSetResult>;
  adapter: AdapterNames;
  where: RunConfig['where'];
  /** Present only if the run was resumed with different images: when, and what had changed. */
  changedData?: readonly string[];
}

/** Means over classes. */
interface MeanMetrics extends Record<MetricName, PerScore> {
  /** Standard deviations (n - 1). */
  std: Record<MetricName, PerScore>;
}

/** result.json of --normal all: means over the classes, and the metrics of each class. */
export interface RunSummary extends MeanMetrics {
  dataset: string;
  protocol: string;
  normal: 'all';
  method: string;
  oe: string | null;
  seed: number;
  synthetic: boolean;
  mainScore: string;
  mainScoreReason: string;
  perNormalClass: Record<string, { auroc: PerScore; folder: string }>;
  /** Skipped classes, and why. */
  skipped: { normal: string; reason: string }[];
  /** Present only if the protocol has several test sets: the same of each that has metrics for every class. */
  testSets?: Record<string, MeanMetrics>;
  /** Present only if a class was finished before the images changed: which class, and what had changed. */
  changedData?: readonly string[];
}

/**
 * Every metric of every score; null, with the reason, when the test has no normal images or no outliers.
 * @param isNormal, classOf ground truth and class of the scored test images
 * @throws OeclError when a score is not finite
 */
export function testMetrics(scores: ScoreTable, isNormal: readonly boolean[], classOf: readonly string[]): TestMetrics {
  const names = Object.keys(scores);
  const undefinedMetrics = reasonOfNone(isNormal);
  if (undefinedMetrics !== null) {
    for (const name of names) requireFinite(scores[name], 'test');
    return { ...perMetric(() => perScore(names, () => null)), undefinedMetrics, perOodClass: {} };
  }
  const overall: Record<string, DetectionMetrics> = {};
  const perOodClass = new Map<string, PerScore>(); // a Map, because a class may be called __proto__
  for (const name of names) {
    const { normal, outliers } = splitByTruth(scores[name], isNormal);
    overall[name] = detectionMetrics(normal, outliers);
    for (const [outlierClass, metrics] of Object.entries(metricsPerClass(scores[name], isNormal, classOf))) {
      perOodClass.set(outlierClass, { ...perOodClass.get(outlierClass)!, [name]: metrics.auroc });
    }
  }
  return {
    ...perMetric((metric) => perScore(names, (name) => overall[name][metric])),
    undefinedMetrics,
    perOodClass: Object.fromEntries(perOodClass),
  };
}

/** The metrics of each test set, by name. @param isNormal, classOf of all test images */
export function testSetResults(
  sets: readonly TestSet[],
  scores: ScoreTable,
  isNormal: readonly boolean[],
  classOf: readonly string[],
): Record<string, TestSetResult> {
  const results = sets.map(({ name, members }): [string, TestSetResult] => {
    const own = perScore(Object.keys(scores), (score) => Float64Array.from(members, (at) => scores[score][at]));
    const truth = members.map((at) => isNormal[at]);
    const classes = members.map((at) => classOf[at]);
    const { perOodClass: _, ...metrics } = testMetrics(own, truth, classes);
    return [name, { ...metrics, testImages: imageCounts(truth) }];
  });
  return Object.fromEntries(results);
}

export function imageCounts(isNormal: readonly boolean[]): RunResult['testImages'] {
  const normal = isNormal.filter(Boolean).length;
  return { in: normal, out: isNormal.length - normal };
}

function reasonOfNone(isNormal: readonly boolean[]): string | null {
  if (!isNormal.includes(true)) return 'no test image is normal';
  return isNormal.includes(false) ? null : 'no test image is an outlier';
}

/** The main score of results from before they named one. */
const EARLIER_MAIN_SCORE = 'normEnsemble';

export const mainScoreOf = ({ mainScore }: { mainScore?: string }): string => mainScore ?? EARLIER_MAIN_SCORE;

/**
 * Converts a stored result to the current layout. Earlier ones name no main score. Those from before `fpr95In` used `fpr95`,
 * `auprIn` and `auprOut` for other metrics, so their metrics are recomputed from the scores of the run.
 */
export function currentResult(
  stored: RunResult,
  images: readonly { isNormal: boolean; className: string; scores: PerScore }[],
): RunResult {
  const mainScoreReason = stored.mainScoreReason ?? 'It was the only main score when this run was made.';
  const named = { ...stored, mainScore: mainScoreOf(stored), mainScoreReason };
  if (stored.fpr95In !== undefined) return named;
  const table = perScore(Object.keys(images[0]?.scores ?? {}), (name) => images.map(({ scores }) => scores[name]));
  const metrics = testMetrics(
    table,
    images.map(({ isNormal }) => isNormal),
    images.map(({ className }) => className),
  );
  return { ...named, ...metrics };
}

/**
 * The mean over runs that differ only in the normal class, each with outliers in its test. Covers the scores that all runs
 * have: a class finished by an earlier version may lack some. @throws OeclError when there are no runs
 */
export function summarize(
  runs: readonly { result: RunResult; folder: string }[],
  skipped: RunSummary['skipped'],
): RunSummary {
  const results = runs.map(({ result }) => result);
  const { testSets } = results[0];
  const measured = Object.keys(testSets ?? {}).filter((name) =>
    results.every((result) => result.testSets?.[name]?.undefinedMetrics === null),
  );
  const meanOfSet = (name: string) => meanMetrics(results.map((result) => result.testSets![name]));
  const { dataset, protocol, method, oe, seed } = runs[0].result;
  return {
    dataset,
    protocol,
    normal: 'all',
    method,
    oe,
    seed,
    synthetic: runs.some(({ result }) => result.synthetic),
    mainScore: runs[0].result.mainScore,
    mainScoreReason: runs[0].result.mainScoreReason,
    ...meanMetrics(results),
    perNormalClass: Object.fromEntries(
      runs.map(({ result, folder }) => [result.normal, { auroc: result.auroc as PerScore, folder }]),
    ),
    skipped,
    ...(testSets ? { testSets: Object.fromEntries(measured.map((name) => [name, meanOfSet(name)])) } : {}),
  };
}

/** The means of the scores that all results have. */
function meanMetrics(results: readonly Omit<TestSetResult, 'testImages'>[]): MeanMetrics {
  const names = Object.keys(results[0].auroc).filter((name) =>
    results.every(({ auroc }) => Object.hasOwn(auroc, name)),
  );
  const over = (statistic: keyof MeanAndStd) =>
    perMetric((metric) =>
      perScore(names, (name) => meanAndStd(results.map((result) => result[metric][name]!))[statistic]),
    );
  return { ...over('mean'), std: over('std') };
}

function perScore<V>(names: readonly string[], value: (name: string) => V): Record<string, V> {
  return Object.fromEntries(names.map((name) => [name, value(name)]));
}

function perMetric<V>(value: (name: MetricName) => V): Record<MetricName, V> {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, value(name)])) as Record<MetricName, V>;
}
