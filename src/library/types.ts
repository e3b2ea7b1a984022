/** Arguments and results of the library's functions. */

import type { ConfigChoices, RunConfig } from '../config/config.ts';
import type { SkippedFile } from '../data/imageSet.ts';
import type { PerScore } from '../report/result.ts';

/** The options of `oecl train`, whether a stored run is resumed or replaced, and whether its steps are timed. */
export interface TrainOptions extends Omit<ConfigChoices, 'where'> {
  resume?: boolean;
  force?: boolean;
  /** Times the launches of five steps: `onProfile` gets the table, the run folder the trace. */
  profile?: boolean;
  /** With `resume`: resumes even if images have changed since the last checkpoint, and records it in the result. */
  acceptChangedData?: boolean;
}

export interface ScorerOptions {
  /** The adapter, by kind or part of its name; default: the best. */
  adapter?: string;
  /** How activations are stored; default: as in the run. `f32` for an adapter without shader-f16. */
  precision?: RunConfig['precision'];
}

export interface ScoreCallOptions {
  /** Leave unreadable images out and list them, instead of stopping. */
  skipBad?: boolean;
  /** Called with the number of images scored so far, and the total. */
  onProgress?(done: number, total: number): void;
  /** When aborted, the call rejects without scores. */
  signal?: AbortSignal;
}

export interface ScoreOptions extends ScorerOptions, ScoreCallOptions {}

/** An image, by its given name or its path in the folder, with its scores; higher = more normal. */
export type ImageScores = { image: string } & PerScore;

export interface ScoreOutcome {
  interrupted: boolean;
  /** In the order of the images, without unreadable ones. */
  scores: ImageScores[];
  skipped: SkippedFile[];
  /** What readers of the scores must know: images that are cropped, scaled or invisible. */
  notes: string[];
}
