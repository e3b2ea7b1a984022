/**
 * The contract of a method: what a training step sees, how its loss is made, what it reports. A method is one file beside
 * this one and one line in table.ts; help, page, report and config.json read the table.
 */
import type { Tensor } from '../../runtime/index.ts';
import type { ShiftPlan } from '../augment/shifts.ts';
import type { OptionTable } from '../base/options.ts';
import type { Preset, Recipe } from '../base/recipe.ts';
import type { DatasetSpec } from '../data/dataset.ts';

/** Where a step's images come from: the normal training images, and what stands for outliers. */
export type Part = 'normal' | 'outliers';

/** What a row of the encoder's outputs shows. */
export interface Row {
  part: Part;
  /** Which view of its image, from 0. */
  view: number;
  /** Position in the part's shifts; 0 where it has none. */
  shift: number;
  /** The class of its image, as its set counts them. */
  label: number;
}

/** What one step sees. Rows lie part by part, and in each by view, then shift, then image. */
export interface BatchPlan {
  normal: ShiftPlan;
  /** As many images as normal ones, of the outlier-exposure set. None: the method trains on normal images alone. */
  outliers?: ShiftPlan;
  /** Integers that the loss reads, by name: u32 [rows] on the device. */
  labels?: Readonly<Record<string, (row: Row) => number>>;
}

/** What the network returns for all rows of a step. */
export interface Outputs {
  /** The pooled output of the backbone, [rows, channels]. */
  backbone: Tensor;
  /** f, [rows, features]; not normalized. */
  projection: Tensor;
}

export interface Batch {
  /** Any of the outputs by part; outliers is null for a method of normal images alone. */
  parts(rows: Tensor): { normal: Tensor; outliers: Tensor | null };
  /** The plan's labels. */
  labels: Readonly<Record<string, Tensor>>;
  /** The method's scheduled weights, scalars that change from epoch to epoch. */
  weights: Readonly<Record<string, Tensor>>;
}

export interface StepLoss {
  /** What is minimized: a scalar. */
  loss: Tensor;
  /** What metrics.jsonl records of a step beside its loss: scalars by the names of `terms`. */
  terms: Readonly<Record<string, Tensor>>;
}

/** How a recorded term is shown. */
export interface TermSpec {
  title: string;
  /** The chart that it belongs to: parts of the loss, or mean norms of features. */
  chart: 'loss' | 'norm';
  of: Part;
  /** The scheduled weight with which it enters the loss, and how charts call it; without one, 1. */
  weight?: { key: string; symbol: string };
}

/** @template Values the keys of a run's configuration that the method reads: its own options, and others such as `size` */
export interface Method<Values extends object = object, Name extends string = string> {
  readonly name: Name;
  /** As publications spell it. */
  readonly title: string;
  /** One sentence that a laboratory understands. */
  readonly summary: string;
  /** Where it was published, or the section of docs/methods.md. */
  readonly source: string;
  /** Its own options. A key that several methods share has the same line in each (options.ts). */
  readonly options: OptionTable;
  /** Where it needs other values than the preset's and the data set's. */
  recipe?(preset: Preset, dataset: DatasetSpec): Recipe;
  /** @throws UsageError when values contradict each other */
  check?(values: Values & { preset: Preset; epochs: number }): void;
  batch(values: Values): BatchPlan;
  /** Weights that follow a schedule, recorded with each step. */
  weights?(values: Values, epoch: number): Record<string, number>;
  /** Recorded: called once, not once per step. */
  loss(outputs: Outputs, batch: Batch, values: Values): StepLoss;
  /** What `loss` returns beside the loss. */
  readonly terms: Readonly<Record<string, TermSpec>>;
  /** The scores that its training shapes, higher = more normal, beside those of every method (src/scores). */
  readonly scores: readonly string[];
  /** The score that its runs' single figures mean, unless --score names another (src/scores). */
  readonly mainScore: string;
}
