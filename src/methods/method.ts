/**
 * The interface of a method: the images of a training step, the loss, and the reported metrics. To add a method, add a file
 * in this folder and a line in table.ts; help, page, report and config.json read the table.
 */
import type { Tensor } from '../../runtime/index.ts';
import type { Shift, ShiftPlan } from '../augment/shifts.ts';
import type { OptionTable } from '../base/options.ts';
import type { Preset, Recipe, RecipeName } from '../base/recipe.ts';
import type { DatasetSpec } from '../data/dataset.ts';
import type { NetworkPlan } from '../models/encoder.ts';

/** The role of a step's rows: views of normal images, or what the method treats as outliers. */
export type Part = 'normal' | 'outliers';

export interface OutlierPlan extends ShiftPlan {
  /**
   * The images: `exposed`, from outlier exposure (default); `same`, the normal images of this step, with draws of their own;
   * `normal`, normal images drawn independently of the step's.
   */
  of?: 'exposed' | 'same' | 'normal';
}

/** What a row of the encoder's outputs represents. */
export interface Row {
  part: Part;
  /** Index of the view of its image, from 0. */
  view: number;
  /** Index of the shift; 0 if the part has none. */
  shift: number;
  /** Index of its image among those of its part in this step. */
  image: number;
  /** The class of its image, as numbered by its image set. */
  label: number;
}

/** The contents of a step. Row order: part, view, shift, image. */
export interface BatchPlan {
  normal: ShiftPlan;
  /** As many images as normal ones. Omitted by methods without outliers. */
  outliers?: OutlierPlan;
  /** Integer labels for the loss, by name: u32 [rows] on the device. */
  labels?: Readonly<Record<string, (row: Row) => number>>;
}

/** The network's outputs for all rows of a step. */
export interface Outputs {
  /** The pooled output of the backbone, [rows, channels]. */
  backbone: Tensor;
  /** f, [rows, features]; not normalized. */
  projection: Tensor;
  /** The outputs of the network's linear heads, [rows, classes], by name. */
  logits: Readonly<Record<string, Tensor>>;
}

export interface Batch {
  /** Splits an output by part; outliers is null for methods without outliers. */
  parts(rows: Tensor): { normal: Tensor; outliers: Tensor | null };
  /** The labels of the plan. */
  labels: Readonly<Record<string, Tensor>>;
  /** The method's scheduled weights: scalars that change per epoch. */
  weights: Readonly<Record<string, Tensor>>;
}

export interface StepLoss {
  /** The scalar to minimize. */
  loss: Tensor;
  /** What metrics.jsonl records per step besides the loss: scalars, keyed as in `terms`. */
  terms: Readonly<Record<string, Tensor>>;
}

/** What the network sees of an image when it is scored. */
export interface Sight {
  /** Default: none. The first one has to be no shift, as most scores read nothing else. */
  shifts?: readonly Shift[];
  /** Area range of the crops of augmented views; default: the training's. */
  scale?: [number, number];
}

/** How a recorded term is displayed. */
export interface TermSpec {
  title: string;
  /** The chart it belongs to: loss terms or mean feature norms. */
  chart: 'loss' | 'norm';
  of: Part;
  /** The scheduled weight of this term in the loss, and its symbol in charts; default 1. */
  weight?: { key: string; symbol: string };
}

/** @template Values the configuration keys that the method reads: its own options, and others such as `size` */
export interface Method<Values extends object = object, Name extends string = string> {
  readonly name: Name;
  /** As spelled in publications. */
  readonly title: string;
  /** One sentence that lab users understand. */
  readonly summary: string;
  /** The publication, or the section of docs/methods.md. */
  readonly source: string;
  /** The method's options. A key shared by several methods has the same entry in each (options.ts). */
  readonly options: OptionTable;
  /** Values that override the preset's and the data set's. `theirs` is asked of methods with the option --recipe only. */
  recipe?(preset: Preset, dataset: DatasetSpec, name: RecipeName): Recipe;
  /** @throws UsageError when values contradict each other */
  check?(values: Values & { preset: Preset; epochs: number }): void;
  batch(values: Values): BatchPlan;
  /** What the network has on top of its backbone; default: SimCLR's projection head. */
  network?(values: Values): NetworkPlan;
  /**
   * The network's buffer `center`, computed once before the first step.
   * @param rows f of the plain view of each training image, [images, features]
   */
  center?(rows: ArrayLike<number>, features: number): Float32Array<ArrayBuffer>;
  /** How images are seen when they are scored; default: plain view and augmented views. */
  sight?(values: Values): Sight;
  /** Whether it learns from the classes of its normal images, and so needs two or more. */
  readonly needsClasses?: true;
  /** Whether its outlier images have to be real ones. */
  readonly needsOutliers?: true;
  /** Weights that follow a schedule, recorded with each step. */
  weights?(values: Values, epoch: number): Record<string, number>;
  /** Called once, while the step is recorded, not once per step. Omitted by methods that train nothing. */
  loss?(outputs: Outputs, batch: Batch, values: Values): StepLoss;
  /** The terms that `loss` returns besides the loss. */
  readonly terms: Readonly<Record<string, TermSpec>>;
  /** The scores that its training shapes, higher = more normal, in addition to those of every method (src/scores). */
  readonly scores: readonly string[];
  /** The score behind the headline metrics of its runs, unless --score selects another (src/scores). */
  readonly mainScore: string;
}
