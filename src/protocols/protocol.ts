/**
 * What a protocol is: which images train, which test, and which of those count as normal (docs/methods.md 7.1). It reads
 * labels only, never a pixel. Training images are always normal: outliers appear for the first time in the test. One file
 * each, one line of table.ts.
 */
import { DataError } from '../base/errors.ts';
import { haveNumbers } from '../base/names.ts';

/** What a protocol needs of an ImageSet: class names, and a label (index of its class) for each image. */
export interface LabeledSet {
  readonly classes: readonly string[];
  readonly labels: ArrayLike<number>;
}

export interface LabeledDataset {
  readonly train: LabeledSet;
  readonly test: LabeledSet;
}

/** One run: what to train on and what to test on. */
export interface Split {
  /** The class that the run is named by; `all` where no single class is. */
  normal: string;
  /** The classes whose images train. */
  trainClasses: string[];
  /** Positions in the training set, ascending. */
  trainIndices: number[];
  /** Positions in the test set, ascending. */
  testIndices: number[];
  /** The truth of each test image, in the order of testIndices. */
  testIsNormal: boolean[];
  /** The class name of each test image, in the order of testIndices. */
  testClass: string[];
}

export interface SplitPlan {
  splits: Split[];
  /** Classes that --normal all passed over, and why. */
  skipped: { normal: string; reason: string }[];
}

export interface Protocol<Name extends string = string> {
  name: Name;
  /** Which classes are normal, in a few words for the help. */
  summary: string;
  /** No single class is the normal one, so --normal has nothing to choose. */
  isOfAllClasses: boolean;
  /**
   * The runs that a --normal choice asks for: one, or one per class for `all`.
   * @param normal a class by name or index (base/names.ts), or `all`; undefined is allowed where only one choice is possible
   * @throws UsageError when the class is unknown, ambiguous or not given; DataError when a class lacks the images that its
   *   role needs
   */
  plan(dataset: LabeledDataset, normal: string | undefined): SplitPlan;
  /** What a run tells apart, as a headline. */
  headline(normal: string, hasOutliers: boolean): string;
  /** Whose images the normal ones of the test are. */
  normalImages(normal: string): string;
}

/** Images of one class in both parts. */
export interface ClassCount {
  name: string;
  train: number;
  test: number;
}

/** How many images each class has, classes in the order of the training set, then those of the test set alone. */
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

/** The classes as lines of an error: index, name, training and test images. A long list is cut in the middle. */
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

/** The split by conditions on class names; a trained class is a normal one. */
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
