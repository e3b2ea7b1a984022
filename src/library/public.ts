/** What the library's entry points export besides the functions. */
export { DataError, InterruptedError, OeclError, UsageError } from '../base/errors.ts';
export type { ConfigChoices, RunConfig, ScoringConfig } from '../config/config.ts';
export type { PerScore, RunResult, RunSummary } from '../report/result.ts';
export type { ImageCounts, RunOutcome, RunStart, TrainHooks } from '../runs/hooks.ts';
export type { ModelScores } from '../runs/modelScores.ts';
export type { StepMetrics } from '../train/stepMetrics.ts';
export type { Bytes } from './arguments.ts';
export type { GivenImage, GivenImages, ImageBytes, ImagePixels } from './givenImages.ts';
export type { Library } from './library.ts';
export type { ModelSource, TrainedModel } from './model.ts';
export type { Scorer } from './scorer.ts';
export type {
  ImageScores,
  ScoreCallOptions,
  ScoreOptions,
  ScoreOutcome,
  ScorerOptions,
  TrainOptions,
} from './types.ts';
