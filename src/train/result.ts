/** result.json: what a run found, and the mean over several runs. */
import {
  type DetectionMetrics,
  detectionMetrics,
  type MeanAndStd,
  meanAndStd,
  metricsPerClass,
  requireFinite,
  splitByTruth,
} from '../scores/metrics.ts';
import type { RunConfig } from './config.ts';

/** The scores of docs/methods.md 2.1, in the order of all tables; higher = more normal. */
export const SCORE_NAMES = ['norm', 'normEnsemble', 'normOfMean', 'meanSquaredNorm'] as const;
export type ScoreName = (typeof SCORE_NAMES)[number];
/** The score that a single figure means. */
export const MAIN_SCORE: ScoreName = 'normEnsemble';

/** One value a test image for each score. */
export type ScoreTable = Record<ScoreName, ArrayLike<number>>;
export type PerScore = Record<ScoreName, number>;

/** The metrics of every score, and the AUROC of every score for each outlier class alone. Empty without outliers. */
export interface TestMetrics {
  auroc: Partial<PerScore>;
  fpr95: Partial<PerScore>;
  auprIn: Partial<PerScore>;
  auprOut: Partial<PerScore>;
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
  adapter: { vendor: string; architecture: string; device: string; description: string };
  where: RunConfig['where'];
}

/** result.json of --normal all: means over the classes, and each class's own figures. */
export interface RunSummary {
  dataset: string;
  protocol: string;
  normal: 'all';
  method: string;
  oe: string | null;
  seed: number;
  synthetic: boolean;
  /** Means over classes. */
  auroc: PerScore;
  fpr95: PerScore;
  auprIn: PerScore;
  auprOut: PerScore;
  /** Standard deviation over classes (n - 1). */
  std: { auroc: PerScore; fpr95: PerScore; auprIn: PerScore; auprOut: PerScore };
  perNormalClass: Record<string, { auroc: PerScore; folder: string }>;
  /** Classes that could not take part, and why. */
  skipped: { normal: string; reason: string }[];
}

const METRIC_NAMES = ['auroc', 'fpr95', 'auprIn', 'auprOut'] as const;

/**
 * Every metric of every score; none when no test image is an outlier, as there is nothing to tell apart.
 * @param isNormal, classOf truth and class of the test images that the scores belong to
 * @throws OeclError when there is no normal image, or a score is not finite.
 */
export function testMetrics(scores: ScoreTable, isNormal: readonly boolean[], classOf: readonly string[]): TestMetrics {
  if (isNormal.length > 0 && isNormal.every(Boolean)) {
    for (const name of SCORE_NAMES) requireFinite(scores[name], 'normal');
    return { auroc: {}, fpr95: {}, auprIn: {}, auprOut: {}, perOodClass: {} };
  }
  const overall = {} as Record<ScoreName, DetectionMetrics>;
  const perOodClass: Record<string, PerScore> = {};
  for (const name of SCORE_NAMES) {
    const { normal, outliers } = splitByTruth(scores[name], isNormal);
    overall[name] = detectionMetrics(normal, outliers);
    for (const [outlierClass, metrics] of Object.entries(metricsPerClass(scores[name], isNormal, classOf))) {
      perOodClass[outlierClass] = { ...perOodClass[outlierClass], [name]: metrics.auroc };
    }
  }
  const column = (metric: keyof DetectionMetrics) => perScore((name) => overall[name][metric]);
  return {
    auroc: column('auroc'),
    fpr95: column('fpr95'),
    auprIn: column('auprIn'),
    auprOut: column('auprOut'),
    perOodClass,
  };
}

/** The mean over runs with other normal classes, all else equal, each with outliers in its test. @throws OeclError when there are none. */
export function summarize(
  runs: readonly { result: RunResult; folder: string }[],
  skipped: RunSummary['skipped'],
): RunSummary {
  const over = (metric: (typeof METRIC_NAMES)[number], statistic: keyof MeanAndStd) =>
    perScore((name) => meanAndStd(runs.map(({ result }) => result[metric][name]!))[statistic]);
  const table = (statistic: keyof MeanAndStd) => ({
    auroc: over('auroc', statistic),
    fpr95: over('fpr95', statistic),
    auprIn: over('auprIn', statistic),
    auprOut: over('auprOut', statistic),
  });
  const means = table('mean');
  const { dataset, protocol, method, oe, seed } = runs[0].result;
  return {
    dataset,
    protocol,
    normal: 'all',
    method,
    oe,
    seed,
    synthetic: runs.some(({ result }) => result.synthetic),
    ...means,
    std: table('std'),
    perNormalClass: Object.fromEntries(
      runs.map(({ result, folder }) => [result.normal, { auroc: result.auroc as PerScore, folder }]),
    ),
    skipped,
  };
}

function perScore(value: (name: ScoreName) => number): PerScore {
  return Object.fromEntries(SCORE_NAMES.map((name) => [name, value(name)])) as PerScore;
}
