/** What a model file stores about its scores: the main score, the states of fitted scores, and the thresholds. */
import { FormatError, type SafetensorsTensor } from '../../runtime/index.ts';
import type { RunConfig } from '../config/config.ts';
import { methodNamed } from '../methods/table.ts';
import { mainScoreOf, type RunResult, type ScoreTable } from '../report/result.ts';
import { splitByTruth } from '../scores/metrics.ts';
import { decodeStates, type ScoreStates } from '../scores/state.ts';
import { SCORES, scoreNamed } from '../scores/table.ts';
import { FALSE_ALARMS, thresholdFor } from '../scores/threshold.ts';

export interface ModelScores {
  main: string;
  /** States of fitted scores; empty in files of versions without fitted scores. */
  states: ScoreStates;
  /**
   * For each score, the value below which the share FALSE_ALARMS of the run's normal test images lie. Missing when the run
   * tested no normal image, and in files of versions without thresholds.
   */
  thresholds: Readonly<Record<string, number>>;
  /** Number of normal test images behind the thresholds. */
  thresholdImages: number;
}

type Metadata = Readonly<Record<string, string>>;

const thresholdKey = (score: string): string => `score.${score}.threshold`;
const IMAGES_KEY = 'score.thresholdImages';

/** The score behind a run's headline metrics, and why. @param steps of the training */
export function mainScoreFor(
  { score, method }: RunConfig,
  steps: number,
): Pick<RunResult, 'mainScore' | 'mainScoreReason'> {
  const mainScore = score ?? methodNamed(method).mainScore;
  const { leastSteps = 0 } = scoreNamed(mainScore) ?? {};
  const reasons = [
    score === null
      ? `It is the default of the method ${method}; --score chooses another one.`
      : 'It was chosen with --score.',
    steps < leastSteps
      ? `A norm needs thousands of steps to tell images apart, and this run had ${steps}: look at knn and mahalanobis, too.`
      : '',
  ];
  return { mainScore, mainScoreReason: reasons.filter(Boolean).join(' ') };
}

/** @param scores scores of the test images   @param isNormal their ground truth */
export function scoreMetadata(main: string, scores: ScoreTable, isNormal: readonly boolean[]): Record<string, string> {
  const metadata: Record<string, string> = { mainScore: main };
  for (const [name, values] of Object.entries(scores)) {
    const score = scoreNamed(name);
    for (const [key, value] of Object.entries(score?.fit ? (score.constants ?? {}) : {})) {
      metadata[`score.${name}.${key}`] = value;
    }
    const normal = Float64Array.from(splitByTruth(values, isNormal).normal).sort();
    if (normal.length === 0) continue;
    metadata[thresholdKey(name)] = String(thresholdFor(FALSE_ALARMS, normal));
    metadata[IMAGES_KEY] = String(normal.length);
  }
  return metadata;
}

/** @throws FormatError when a threshold is not a number, or a state is incomplete */
export function modelScores(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Metadata,
  file: string,
): ModelScores {
  const own = (key: string) => (Object.hasOwn(metadata, key) ? metadata[key] : undefined);
  const number = (key: string): number | undefined => {
    const text = own(key);
    if (text === undefined) return undefined;
    const value = text === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value)) return value;
    throw new FormatError(`${file}: ${key} is ${JSON.stringify(text)}, expected a number.`, {
      remedy: 'a whole copy of the file',
    });
  };
  const thresholds = SCORES.flatMap(({ name }): [string, number][] => {
    const value = number(thresholdKey(name));
    return value === undefined ? [] : [[name, value]];
  });
  return {
    main: mainScoreOf({ mainScore: own('mainScore') }),
    states: decodeStates(SCORES, tensors, file),
    thresholds: Object.fromEntries(thresholds),
    thresholdImages: number(IMAGES_KEY) ?? 0,
  };
}
