/** What a training run tells whoever started it, and what it hands back: plain data, the same in Node and in a browser. */
import type { RunConfig } from './config.ts';
import type { RunResult, RunSummary } from './result.ts';

/** A line of metrics.jsonl. Norms and losses are means over the step's views. */
export interface StepMetrics {
  /** Counts from 1. */
  step: number;
  /** Counts from 0. */
  epoch: number;
  /** contrastive + lambda * penalty. */
  loss: number;
  contrastive: number;
  /** Mean norm of the outlier views, before lambda; null for methods without outliers. */
  penalty: number | null;
  /** Weight of the penalty in this step: 0 during the warm-up. */
  lambda: number;
  /** Mean norm of the features of normal and of outlier views; outliers null where there are none. */
  normNormal: number;
  normOutlier: number | null;
  lr: number;
  /** Wall time of the step, milliseconds. */
  ms: number;
}

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

export interface TrainHooks {
  /** Reading and decoding, in images; total is null while it is unknown. */
  onLoad?(what: string, done: number, total: number | null): void;
  /** Kernels measured on this adapter before the first step; `kernel` is the next. */
  onTune?(done: number, total: number, kernel: string): void;
  onStart?(start: RunStart): void;
  onStep?(metrics: StepMetrics): void;
  /** Scoring of test images. */
  onEvaluate?(done: number, total: number): void;
  /** A run of several is finished, or the only one. */
  onResult?(result: RunResult, folder: string): void;
  /** With `profile`: where the time of a step goes, as a text table, and where the trace lies. */
  onProfile?(table: string, file: string): void;
  /** What a reader must know: skipped files, a lowered batch, a class passed over. Also listed in the report. */
  onNote?(text: string): void;
  /** Aborted: finish the step, write a checkpoint, return `interrupted: true`. */
  signal?: AbortSignal;
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
