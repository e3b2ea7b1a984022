/**
 * The interface of the page's worker. The worker owns the device, the stored images and the run folders; the page shows
 * them. Arguments and results are plain data, except for files and callbacks; errors arrive as PlainError (protocol.ts).
 * Images are stored in the origin private file system, in the layout of the `folder` data set:
 * data/ID/train/CLASS/*, data/ID/test/CLASS/*, data/ID/outliers/*. Run folders: runs/NAME, as on the command line.
 */
import type { AdapterDescription } from '../base/adapter.ts';
import type { RunConfig } from '../config/config.ts';
import type { SkippedFile } from '../data/imageSet.ts';
import type { TrainOptions } from '../library/types.ts';
import type { PerScore, RunResult } from '../report/result.ts';
import type { ScoredImage } from '../report/scoresCsv.ts';
import type { RunStart } from '../runs/hooks.ts';
import type { StepMetrics } from '../train/stepMetrics.ts';

/** Normal images to learn from, outlier-exposure images, labeled images to test on. */
export type Part = 'train' | 'outliers' | 'test';

/** A file as it was dropped or chosen: images, or zips of images. */
export interface GivenFile {
  /** With parent folders and forward slashes: `cells/neutrophil/001.jpg`. */
  path: string;
  /** Null when the browser cannot open the file or folder. */
  file: File | null;
}

/** A small picture, as a data URI. */
export interface Picture {
  path: string;
  className: string;
  uri: string;
}

export interface PartContent {
  images: number;
  /** The folders; a single class when there were none. */
  classes: { name: string; images: number }[];
  /** Files that are not images, or damaged, with reasons. */
  skipped: SkippedFile[];
  /** A sample of the images from all classes. */
  pictures: Picture[];
}

/** The user's images as they are stored now; `id` is null when there are none. */
export interface DataContent {
  id: string | null;
  parts: Record<Part, PartContent | null>;
  /** Bytes that the origin uses, and its quota. */
  usage: number;
  quota: number;
}

export type RunState = 'interrupted' | 'finished' | 'model' | 'damaged';

/** A run of this or an earlier visit, or an imported model. */
export interface RunInfo {
  folder: string;
  state: RunState;
  config: RunConfig | null;
  result: RunResult | null;
  /** Steps done, and steps of the whole run. */
  steps: number;
  totalSteps: number;
  /** Time of the last write, milliseconds since 1970. */
  changed: number;
}

/** A finished run, with everything that the page shows. */
export interface RunView {
  folder: string;
  config: RunConfig;
  result: RunResult;
  metrics: StepMetrics[];
  /** The test images, with their scores, in the order of scores.csv. */
  images: (ScoredImage & { scores: PerScore })[];
  /** The threshold that was chosen last, and the score that it is of; null when none was. */
  kept: KeptThreshold | null;
}

export interface KeptThreshold {
  score: string;
  threshold: number;
}

/** New images with their scores, in the given order; higher = more normal. */
export interface NewScores {
  /** The main score of the model. */
  mainScore: string;
  images: { path: string; scores: PerScore; uri: string }[];
  skipped: SkippedFile[];
  /** What readers of the scores must know: images that are cropped, scaled or invisible. */
  notes: string[];
}

/** What the page is told during a run. */
export interface TrainCallbacks {
  onLoad(what: string, done: number, total: number | null): void;
  onStart(start: RunStart): void;
  /** The steps since the last call, a few times per second however fast the steps are. */
  onSteps(metrics: StepMetrics[]): void;
  onEvaluate(done: number, total: number): void;
  onNote(text: string): void;
  /** The device was lost; the run resumes from its last checkpoint. `attempt` counts from 1 to 3. */
  onRecover(attempt: number): void;
}

export interface PageApi {
  /** @throws AdapterError when there is no WebGPU, saying what to do */
  device(): Promise<AdapterDescription>;

  readData(): Promise<DataContent>;
  /** Copies images into the origin private file system; unpacks zips; unreadable files are listed in `skipped`. */
  addImages(part: Part, files: GivenFile[], onProgress: (done: number, total: number) => void): Promise<DataContent>;
  removeImages(part: Part): Promise<DataContent>;
  /** Small pictures of the demo's classes. Synthetic images. */
  demoPictures(): Promise<Picture[]>;

  /**
   * Trains, or resumes with `resume: true`. Only one run at a time, across all tabs of the origin. Ends early, with a
   * checkpoint, after `interrupt`.
   * @returns the run folder, and whether it was interrupted
   */
  train(options: TrainOptions, callbacks: TrainCallbacks): Promise<{ folder: string; interrupted: boolean }>;
  interrupt(): Promise<void>;
  /** The run in progress when the page was closed, crashed or was reloaded; null after a pause, a stop or the end. */
  unfinished(): Promise<RunInfo | null>;

  /** The newest first. */
  runs(): Promise<RunInfo[]>;
  view(folder: string): Promise<RunView>;
  /** For the next view of a finished run. */
  keepThreshold(folder: string, kept: KeptThreshold): Promise<void>;
  /** Thumbnails of test images; null for images that have been removed since. */
  pictures(folder: string, paths: string[]): Promise<(string | null)[]>;
  removeRun(folder: string): Promise<void>;

  /** A file of a run folder. */
  file(folder: string, name: string): Promise<Blob>;
  /** The whole run folder. */
  zip(folder: string): Promise<Blob>;

  /** Imports a model.safetensors to score with, from Node or another visit. */
  addModel(file: File): Promise<RunInfo>;
  score(folder: string, files: GivenFile[], onProgress: (done: number, total: number) => void): Promise<NewScores>;
}
