/** The events and results of a training run, for its caller: plain data, identical in Node and in the browser. */
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

/** Known once the data is ready, before the step is recorded. */
export interface RunStart {
  config: RunConfig;
  counts: ImageCounts;
  synthetic: boolean;
  stepsPerEpoch: number;
  /** Total steps of the run. */
  steps: number;
  /** Steps already completed by a resumed run; otherwise 0. */
  doneSteps: number;
  /** Images per step, normal and outlier. */
  imagesPerStep: number;
  /** Bytes allocated on the device: weights, optimizer state, and the buffers of a step. */
  deviceBytes: number;
  /** Index, from 1, and number of the runs (--normal all). */
  run: number;
  runs: number;
}

export interface TrainHooks extends LoopHooks, TuneHooks {
  /** Reading and decoding, in images; total is null while unknown. */
  onLoad?(what: string, done: number, total: number | null): void;
  onStart?(start: RunStart): void;
  /** Computing features of the training images, for scores that are fitted. */
  onFit?(done: number, total: number): void;
  /** Scoring of test images. */
  onEvaluate?(done: number, total: number): void;
  /** A run is finished: the only one, or one of several. */
  onResult?(result: RunResult, folder: string): void;
  /** A notice for the user: skipped files, a reduced batch, a skipped class. Also listed in the report. */
  onNote?(text: string): void;
}

export interface RunOutcome {
  interrupted: boolean;
  /** One per finished run, in order. */
  results: RunResult[];
  /** The mean over classes; null for a single run. */
  summary: RunSummary | null;
  /** Path of the run folder. */
  folder: string;
}
