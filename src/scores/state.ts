/** The states of all fitted scores of a run or a model: fits, saves, loads and opens them. */
import { FormatError, floatValues, type SafetensorsTensor } from '../../runtime/index.ts';
import type { FeatureTable, Matrix } from './features.ts';
import type { FittedScore, Score, ScoreImages, ScoreState } from './score.ts';

/** Keyed by the name of the score. */
export type ScoreStates = Readonly<Record<string, ScoreState>>;

type Tensors = Readonly<Record<string, SafetensorsTensor>>;

const PREFIX = 'score.';
const tensorName = (score: string, matrix: string): string => `${PREFIX}${score}.${matrix}`;
const arrayOf = (data: Matrix['data']) => (data instanceof Float64Array ? Float64Array : Float32Array);
const stateNameOf = ({ name, stateOf }: FittedScore): string => stateOf ?? name;

/** Scores that read the same of the training images, which is then kept once. */
interface Part {
  readonly rowsOf: FittedScore['rowsOf'];
  readonly scores: FittedScore[];
  rows: Matrix;
}

/** Collects what fits read of the training images, batch by batch, then fits each score. */
export class Fitting {
  readonly #parts: readonly Part[];
  readonly #images: number;

  constructor(scores: readonly Score[], images: number) {
    const fitted = scores.filter((score): score is FittedScore => score.fit !== undefined);
    const owners = fitted.filter((score, i) => fitted.findIndex((e) => stateNameOf(e) === stateNameOf(score)) === i);
    this.#parts = [...new Set(owners.map(({ rowsOf }) => rowsOf))].map((rowsOf) => ({
      rowsOf,
      scores: owners.filter((score) => score.rowsOf === rowsOf),
      rows: { data: new Float32Array(0), width: 0 },
    }));
    this.#images = images;
  }

  /** Whether nothing is fitted, so that the training images need not be read. */
  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /** Whether augmented views are needed. */
  get needsAllViews(): boolean {
    return this.#parts.some(({ scores }) => scores.some(({ fittedViews }) => fittedViews === 'all'));
  }

  /**
   * Adds the images from `first` on.
   * @returns the index, in the batch, of the first image with a value that is not finite; -1 if there is none
   */
  add(features: FeatureTable, first: number): number {
    for (const part of this.#parts) {
      const { data, width } = part.rowsOf(features, first, this.#images);
      const perImage = data.length / features.count;
      const wrong = data.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) return Math.floor(wrong / perImage);
      if (part.rows.width === 0) part.rows = { data: new (arrayOf(data))(this.#images * perImage), width };
      part.rows.data.set(data, first * perImage);
    }
    return -1;
  }

  /** @param labels the class of each image */
  states(labels: ArrayLike<number>): ScoreStates {
    return Object.fromEntries(
      this.#parts.flatMap(({ scores, rows }) => scores.map((score) => [stateNameOf(score), score.fit(rows, labels)])),
    );
  }
}

/** The scores that can be computed with these states. */
export const scoresWith = (scores: readonly Score[], states: ScoreStates): Score[] =>
  scores.filter((score) => !score.fit || Object.hasOwn(states, stateNameOf(score)));

/** What a user should know about the states of a run's scores. */
export const remarksOn = (scores: readonly Score[], states: ScoreStates): string[] =>
  scores.flatMap((score) => (score.fit && score.remarks?.(states[stateNameOf(score)])) || []);

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
 * @param widths the possible widths of each of the encoder's outputs   @throws FormatError
 */
export function checkStates(
  scores: readonly Score[],
  states: ScoreStates,
  widths: Readonly<Record<Score['needs'][number], readonly number[]>>,
): void {
  for (const score of scores) {
    if (!score.fit) continue;
    const name = stateNameOf(score);
    const expected = score.needs.flatMap((output) => widths[output]);
    for (const [matrix, { width }] of Object.entries(states[name])) {
      if (expected.includes(width) || width === 1) continue;
      throw new FormatError(`${tensorName(name, matrix)}: it is of another network.`, {
        details: [`found rows of ${width} values, expected ${expected.join(' or ')}: the features of this network`],
        remedy: 'a model file as its run left it',
      });
    }
  }
}
