/** A trained model on an open device, for any number of calls, one after the other. */
import { type Context, openContext } from '../../runtime/index.ts';
import { InterruptedError, UsageError } from '../base/errors.ts';
import type { ScoringConfig } from '../config/config.ts';
import { PRECISIONS } from '../config/networkOptions.ts';
import type { Encoder } from '../models/encoder.ts';
import type { Platform } from '../platform/platform.ts';
import { evaluate } from '../runs/evaluate.ts';
import type { Platforms } from '../runs/run.ts';
import { type ScoreStates, scoresWith } from '../scores/state.ts';
import { scoresOf } from '../scores/table.ts';
import { checkPrecision, ofEvaluation, ofNetwork } from '../train/limits.ts';
import { checkOptions, type OptionKind } from './arguments.ts';
import { checkedImages, type GivenImage, type GivenImages } from './givenImages.ts';
import { loadGivenImages, requireSome } from './images.ts';
import { listImages } from './listImages.ts';
import { buildEncoder, type TrainedModel } from './model.ts';
import type { ImageScores, ScoreCallOptions, ScoreOutcome, ScorerOptions } from './types.ts';

export const SCORER_OPTIONS: Record<keyof ScorerOptions, OptionKind> = { adapter: 'string', precision: PRECISIONS };

export const SCORE_CALL_OPTIONS: Record<keyof ScoreCallOptions, OptionKind> = {
  skipBad: 'boolean',
  onProgress: 'function',
  signal: 'AbortSignal',
};

/** Images that scoreEach reads before it scores them. */
const IMAGES_PER_PART = 256;
/** Unreadable files that are named when nothing can be scored. */
const EXAMPLES = 3;

export interface Scorer {
  /** Like the function `score`, on this scorer's device. Overlapping calls are queued. */
  score(images: GivenImages, options?: ScoreCallOptions): Promise<ScoreOutcome>;
  /** As the function `scoreEach`, on this scorer's device. */
  scoreEach(paths: Iterable<string>, options?: ScoreCallOptions): AsyncGenerator<ScoreOutcome, void>;
  /** Releases the device, after the calls made so far. */
  close(): Promise<void>;
}

/** Opens a device and uploads the model. */
export async function openScorerOn(
  { runtime, files }: Platforms,
  model: TrainedModel,
  { adapter, precision = model.config.precision }: ScorerOptions,
): Promise<Scorer> {
  const config = { ...model.config, precision };
  const context = await openContext(runtime, { adapter });
  try {
    checkPrecision(config, context);
    const encoder = buildEncoder(context, { ...model, config }, (error) => ofNetwork(error, config));
    return new OpenScorer(files, context, encoder, { ...model, config });
  } catch (error) {
    await context.close();
    throw error;
  }
}

class OpenScorer implements Scorer {
  readonly #files: Platform;
  readonly #context: Context;
  readonly #encoder: Encoder;
  readonly #config: ScoringConfig;
  readonly #states: ScoreStates;
  /** What the model cannot score, in words. */
  readonly #notes: string[];
  /** Settles when the calls so far are done. */
  #earlier: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(files: Platform, context: Context, encoder: Encoder, model: TrainedModel) {
    this.#files = files;
    this.#context = context;
    this.#encoder = encoder;
    this.#config = model.config;
    this.#states = model.scores?.states ?? {};
    this.#notes = missingScores(model);
  }

  async score(images: GivenImages, options: ScoreCallOptions = {}): Promise<ScoreOutcome> {
    checkOptions('score: options', options, SCORE_CALL_OPTIONS);
    if (this.#closed) throw new UsageError('score: the scorer is closed.', { remedy: 'another one: openScorer' });
    const checked = checkedImages(images);
    return this.#inTurn(async () => {
      const outcome = await this.#scored(checked, options);
      if (!outcome.interrupted) requireSome(outcome.scores.length, outcome.skipped);
      return outcome;
    });
  }

  async *scoreEach(paths: Iterable<string>, options: ScoreCallOptions = {}): AsyncGenerator<ScoreOutcome, void> {
    checkOptions('scoreEach: options', options, SCORE_CALL_OPTIONS);
    if (this.#closed) throw new UsageError('scoreEach: the scorer is closed.', { remedy: 'another one: openScorer' });
    const { files, skipped, notes } = await listImages(this.#files, paths, options.skipBad ?? false);
    if (skipped.length + notes.length > 0) yield { interrupted: false, scores: [], skipped, notes };
    const told = new Set(notes);
    const unreadable = skipped.slice(0, EXAMPLES);
    let scored = 0;
    for (let first = 0; first < files.length; first += IMAGES_PER_PART) {
      const onProgress = options.onProgress && ((done: number) => options.onProgress!(first + done, files.length));
      const part = files.slice(first, first + IMAGES_PER_PART);
      const outcome = await this.#inTurn(() => this.#scored(part, { ...options, onProgress }));
      yield { ...outcome, notes: outcome.notes.filter((text) => !told.has(text) && told.add(text)) };
      if (outcome.interrupted) return;
      scored += outcome.scores.length;
      unreadable.push(...outcome.skipped.slice(0, EXAMPLES - unreadable.length));
    }
    requireSome(scored, unreadable);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const outcome = this.#earlier.then(work);
    this.#earlier = outcome.catch(() => {});
    return outcome;
  }

  close(): Promise<void> {
    this.#closed ??= this.#earlier.then(() => this.#context.close());
    return this.#closed;
  }

  async #scored(images: GivenImage | GivenImage[], options: ScoreCallOptions): Promise<ScoreOutcome> {
    const config = this.#config;
    const loaded = await loadGivenImages(this.#files, images, config, options).catch((error) => {
      if (error instanceof InterruptedError) return null;
      throw error;
    });
    if (!loaded) return { interrupted: true, scores: [], skipped: [], notes: [] };
    const { set, skipped } = loaded;
    const notes = [...this.#notes, ...loaded.notes];
    if (set.images.count === 0) return { interrupted: false, scores: [], skipped, notes };
    const indices = Array.from(set.paths.keys());
    const hooks = { states: this.#states, onEvaluate: options.onProgress, signal: options.signal };
    const table = await evaluate(this.#context, this.#encoder, set, indices, config, hooks).catch((error) => {
      throw ofEvaluation(error, config);
    });
    if (!table) return { interrupted: true, scores: [], skipped, notes };
    const scores = set.paths.map((image, i) => {
      const values = Object.fromEntries(Object.entries(table).map(([name, column]) => [name, column[i]]));
      return { image, ...values } as ImageScores;
    });
    return { interrupted: false, scores, skipped, notes };
  }
}

/** A sentence when the model lacks the state of some scores: none when it has them all. */
function missingScores({ file, scores, config }: TrainedModel): string[] {
  const all = scoresOf(config.method);
  const available = new Set(scoresWith(all, scores?.states ?? {}));
  const missing = all.filter((score) => !available.has(score)).map(({ name }) => name);
  if (missing.length === 0) return [];
  return [`${file}: images have no ${missing.join(', ')}: the model holds nothing of its training images`];
}
