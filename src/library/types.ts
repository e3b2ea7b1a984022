/** What the library's functions take and answer. */

import type { ConfigChoices, RunConfig } from '../config/config.ts';
import type { SkippedFile } from '../data/imageSet.ts';
import type { PerScore } from '../report/result.ts';

/** The options of `oecl train`, whether a stored run is continued or replaced, and whether its steps are timed. */
export interface TrainOptions extends Omit<ConfigChoices, 'where'> {
  resume?: boolean;
  force?: boolean;
  /** Times the launches of five steps: `onProfile` gets the table, the run folder the trace. */
  profile?: boolean;
  /** With `resume`: continues although images have changed since the last checkpoint, and records it in the result. */
  acceptChangedData?: boolean;
}

export interface ScorerOptions {
  /** Which adapter, by kind or part of its name; default the best. */
  adapter?: string;
  /** How activations are stored; default as in the run. `f32` for an adapter without shader-f16. */
  precision?: RunConfig['precision'];
}

export interface ScoreCallOptions {
  /** Leave unreadable images out and list them, instead of stopping. */
  skipBad?: boolean;
  /** Scored so far, and how many there are. */
  onProgress?(done: number, total: number): void;
  /** Aborted: the answer comes without scores. */
  signal?: AbortSignal;
}

export interface ScoreOptions extends ScorerOptions, ScoreCallOptions {}

/** An image with every score; the higher, the more normal. */
export interface ImageScores extends PerScore {
  /** The name that was given, or the path in the folder. */
  image: string;
}

export interface ScoreOutcome {
  interrupted: boolean;
  /** In the order of the images; unreadable ones left out. */
  scores: ImageScores[];
  skipped: SkippedFile[];
  /** What a reader of the scores must know: images that are cut, scaled or cannot be seen. */
  notes: string[];
}
