/** What a training run tells whoever started it, and what it hands back: plain data, the same in Node and in a browser. */
import type { RunConfig } from '../config/config.ts';
import type { RunResult, RunSummary } from '../report/result.ts';
import type { TuneHooks } from '../train/kernels.ts';
import type { LoopHooks } from '../train/loop.ts';

export interface ImageCounts {
  trainImages: number;
  testNormal: number;
  testOutliers: number;
  oeImages: number;
}

/** Known once the data is ready and the step is about to be recorded. */
export interface RunStart {
  config: RunConfig;
  counts: ImageCounts;
  synthetic: boolean;
  stepsPerEpoch: number;
  /** Steps of the whole run. */
  steps: number;
  /** Steps already done, of a resumed run; else 0. */
  doneSteps: number;
  /** Images, normal and outlier, that a step reads. */
  imagesPerStep: number;
  /** Bytes held on the device: weights, optimiser, and what a step needs. */
  deviceBytes: number;
  /** Which of how many runs (--normal all), from 1. */
  run: number;
  runs: number;
}

export interface TrainHooks extends LoopHooks, TuneHooks {
  /** Reading and decoding, in images; total is null while it is unknown. */
  onLoad?(what: string, done: number, total: number | null): void;
  onStart?(start: RunStart): void;
  /** Features of the training images, for the scores that are fitted to them. */
  onFit?(done: number, total: number): void;
  /** Scoring of test images. */
  onEvaluate?(done: number, total: number): void;
  /** A run of several is finished, or the only one. */
  onResult?(result: RunResult, folder: string): void;
  /** What a reader must know: skipped files, a lowered batch, a class passed over. Also listed in the report. */
  onNote?(text: string): void;
}

export interface RunOutcome {
  interrupted: boolean;
  /** One a finished run, in order. */
  results: RunResult[];
  /** The mean over classes; null for a single run. */
  summary: RunSummary | null;
  /** The run folder. */
  folder: string;
}
