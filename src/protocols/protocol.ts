/**
 * A protocol decides which images train, which test, and which of those count as normal (docs/methods.md 7.1). It reads
 * labels only, never pixels. Training images are always normal; outliers first appear in the test. Each protocol is one
 * file and one line in table.ts.
 */
import { DataError } from '../base/errors.ts';
import { haveNumbers } from '../base/names.ts';

/** What a protocol needs from an ImageSet: class names, and a label (class index) per image. */
export interface LabeledSet {
  readonly classes: readonly string[];
  readonly labels: ArrayLike<number>;
}

export interface LabeledDataset {
  readonly train: LabeledSet;
  readonly test: LabeledSet;
}

/** A part of a run's test images with results of its own. */
export interface TestSet {
  name: string;
  /** Positions in the split's testIndices, ascending. */
  members: readonly number[];
}

/** The images of one run: what to train on and what to test on. */
export interface Split {
  /** The class that the run is named after; `all` if there is no single class. */
  normal: string;
  /** The classes with training images. */
  trainClasses: string[];
  /** Indices into the training set, ascending. */
  trainIndices: number[];
  /** Indices into the test set, ascending. */
  testIndices: number[];
  /** The ground truth of each test image, in the order of testIndices. */
  testIsNormal: boolean[];
  /** The class name of each test image, in the order of testIndices. */
  testClass: string[];
  /** Parts of the test with results of their own, besides those of all test images; they may share images. Default: none. */
  testSets?: readonly TestSet[];
}

export interface SplitPlan {
  splits: Split[];
  /** Classes that --normal all skipped, and why. */
  skipped: { normal: string; reason: string }[];
}

export interface Protocol<Name extends string = string> {
  name: Name;
  /** Which classes are normal, in a few words for the help. */
  summary: string;
  /** True when no single class is the normal one, so --normal does not apply. */
  isOfAllClasses: boolean;
  /** True when the normal images of a run are of a single class. */
  isOfOneClass?: true;
  /**
   * The runs for a --normal choice: one, or one per class for `all`.
   * @param normal a class name or index (base/names.ts), or `all`; may be undefined if only one choice is possible
   * @throws UsageError when the class is unknown, ambiguous or missing; DataError when a class lacks the images for its
   *   role
   */
  plan(dataset: LabeledDataset, normal: string | undefined): SplitPlan;
  /** What the run distinguishes, as a headline. */
  headline(normal: string, hasOutliers: boolean): string;
  /** Describes the normal images of the test. */
  normalImages(normal: string): string;
}

/** Number of images of a class in both parts. */
export interface ClassCount {
  name: string;
  train: number;
  test: number;
}

/** The number of images per class: classes in training set order, then those that occur only in the test set. */
export function classCounts(dataset: LabeledDataset): ClassCount[] {
  const byName = new Map<string, ClassCount>();
  for (const part of ['train', 'test'] as const) {
    const { classes, labels } = dataset[part];
    for (const name of classes) if (!byName.has(name)) byName.set(name, { name, train: 0, test: 0 });
    for (let i = 0; i < labels.length; i++) {
      const count = byName.get(classes[labels[i]]);
      if (!count) {
        throw new DataError(`${part}: image ${i} has the label ${labels[i]}, expected 0 to ${classes.length - 1}.`);
      }
      count[part]++;
    }
  }
  return [...byName.values()];
}

/** The classes as lines of an error message: index, name, training and test images. Long lists are shortened in the middle. */
export function countTable(counts: readonly ClassCount[]): string[] {
  const width = counts.reduce((most, { name }) => Math.max(most, name.length), 0);
  const hasIndices = !haveNumbers(counts.map(({ name }) => name));
  const lines = counts.map(
    ({ name, train, test }, index) =>
      `${hasIndices ? `${String(index).padStart(2)}  ` : ''}${name.padEnd(width)}  ${String(train).padStart(6)} training  ${String(test).padStart(6)} test`,
  );
  const most = 24;
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most - 1), `... and ${lines.length - most + 1} more classes`];
}

/** Splits by conditions on class names; the trained classes are the normal ones. */
export function splitBy(
  { train, test }: LabeledDataset,
  normal: string,
  isTrained: (className: string) => boolean,
  isTested: (className: string) => boolean,
): Split {
  const trainNames = Array.from(train.labels, (label) => train.classes[label]);
  const testNames = Array.from(test.labels, (label) => test.classes[label]);
  const trainIndices = [...trainNames.keys()].filter((i) => isTrained(trainNames[i]));
  const testIndices = [...testNames.keys()].filter((i) => isTested(testNames[i]));
  const used = new Set(trainIndices.map((i) => trainNames[i]));
  return {
    normal,
    trainClasses: train.classes.filter((name) => used.has(name)),
    trainIndices,
    testIndices,
    testIsNormal: testIndices.map((i) => isTrained(testNames[i])),
    testClass: testIndices.map((i) => testNames[i]),
  };
}
