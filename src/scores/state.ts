/** The states of all fitted scores of a run or a model: fits, saves, loads and opens them. */
import { FormatError, floatValues, type SafetensorsTensor } from '../../runtime/index.ts';
import type { FeatureTable, Matrix } from './features.ts';
import type { FittedScore, Score, ScoreImages, ScoreState } from './score.ts';

/** Keyed by the name of the score. */
export type ScoreStates = Readonly<Record<string, ScoreState>>;

type Tensors = Readonly<Record<string, SafetensorsTensor>>;

const PREFIX = 'score.';
const tensorName = (score: string, matrix: string): string => `${PREFIX}${score}.${matrix}`;
const stateNameOf = ({ name, stateOf }: FittedScore): string => stateOf ?? name;

/** @param training the plain view of each image */
export function fitScores(scores: readonly Score[], training: FeatureTable): ScoreStates {
  const states: Record<string, ScoreState> = {};
  for (const score of scores) if (score.fit) states[stateNameOf(score)] ??= score.fit(training);
  return states;
}

/** The scores that can be computed with these states. */
export const scoresWith = (scores: readonly Score[], states: ScoreStates): Score[] =>
  scores.filter((score) => !score.fit || Object.hasOwn(states, stateNameOf(score)));

/** Opens each score for use. Takes longer the larger the states are. */
export const openScores = (scores: readonly Score[], states: ScoreStates): { name: string; of: ScoreImages }[] =>
  scores.map((score) => ({
    name: score.name,
    of: score.fit ? score.open(states[stateNameOf(score)]) : score.open(),
  }));

/** The tensors `score.<name>.<matrix>` of a model file, [rows, width]. */
export function encodeStates(states: ScoreStates): Record<string, SafetensorsTensor> {
  const entries = Object.entries(states).flatMap(([score, state]) =>
    Object.entries(state).map(([matrix, { data, width }]): [string, SafetensorsTensor] => [
      tensorName(score, matrix),
      { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape: [data.length / width, width], data },
    ]),
  );
  return Object.fromEntries(entries);
}

/**
 * The states in a model file, for those of `scores` that it has.
 * @throws FormatError when a state is incomplete, or holds values that are not finite
 */
export function decodeStates(scores: readonly Score[], tensors: Tensors, file: string): ScoreStates {
  const states: Record<string, ScoreState> = {};
  for (const score of scores) {
    if (!score.fit) continue;
    const name = stateNameOf(score);
    const present = score.keeps.filter((matrix) => Object.hasOwn(tensors, tensorName(name, matrix)));
    if (present.length === 0 || Object.hasOwn(states, name)) continue;
    states[name] = Object.fromEntries(
      score.keeps.map((matrix) => [matrix, matrixOf(tensors, tensorName(name, matrix), file)]),
    );
  }
  return states;
}

function matrixOf(tensors: Tensors, name: string, file: string): Matrix {
  const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (found?.shape.length === 2 && found.shape.every((length) => length > 0)) {
    const data = found.data instanceof Float64Array ? found.data : floatValues(found, `${file}: ${name}`);
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return { data, width: found.shape[1] };
    throw new FormatError(`${file}: ${name} has the value ${data[at]} (element ${at}), expected finite numbers.`, {
      remedy: 'a whole copy of the file',
    });
  }
  throw new FormatError(`${file}: the state of a score is not whole.`, {
    details: [
      `${name}: found ${found ? `${found.dtype} [${found.shape.join(', ')}]` : 'none'}, expected floats [rows, width]`,
    ],
    remedy: 'a whole copy of the file',
  });
}

/**
 * Checks that the states match the network.
 * @param widths widths of the encoder's outputs   @throws FormatError
 */
export function checkStates(
  scores: readonly Score[],
  states: ScoreStates,
  widths: Readonly<Record<Score['needs'][number], number>>,
): void {
  for (const score of scores) {
    if (!score.fit) continue;
    const name = stateNameOf(score);
    const expected = widths[score.needs[0]];
    for (const [matrix, { width }] of Object.entries(states[name])) {
      if (width === expected || width === 1) continue;
      throw new FormatError(`${tensorName(name, matrix)}: it is of another network.`, {
        details: [`found rows of ${width} values, expected ${expected}: the features of this network`],
        remedy: 'a model file as its run left it',
      });
    }
  }
}
