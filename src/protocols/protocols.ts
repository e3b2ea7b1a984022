/**
 * Which images train, which test, and which of those count as normal (docs/methods.md 7.1). A protocol reads labels only,
 * never a pixel. Training images are always normal: outliers appear for the first time in the test.
 */

import { DataError, UsageError } from '../base/errors.ts';
import { EVERY_CLASS, findClass, haveNumbers, isEveryClass } from '../base/names.ts';
import { nearestName } from '../base/suggest.ts';
import { isNormalName } from '../data/datasets/classFolders.ts';

export const PROTOCOLS = ['one-vs-rest', 'leave-one-out', 'all-normal'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** What a protocol needs of an ImageSet: class names, and a label (index of its class) for each image. */
export interface LabelledSet {
  readonly classes: readonly string[];
  readonly labels: ArrayLike<number>;
}

export interface LabelledDataset {
  readonly train: LabelledSet;
  readonly test: LabelledSet;
}

/** One run: what to train on and what to test on. */
export interface Split {
  protocol: Protocol;
  /** The class that --normal names: the normal one, or with leave-one-out the one left out; `all` with all-normal. */
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

/** Images of one class in both parts. */
export interface ClassCount {
  name: string;
  train: number;
  test: number;
}

/**
 * The runs that a protocol and a --normal choice ask for: one, or one a class for `all`.
 * @param normal a class by name or index (base/names.ts), or `all`; undefined is allowed where only one choice is possible
 * @throws UsageError when the class is unknown, ambiguous or not given; DataError when a class lacks the images that its
 *   role needs.
 */
export function planSplits(dataset: LabelledDataset, protocol: Protocol, normal: string | undefined): SplitPlan {
  const counts = classCounts(dataset);
  if (protocol === 'all-normal') return { splits: [allNormal(dataset, counts)], skipped: [] };
  if (!isEveryClass(normal)) {
    const name = chosenClass(counts, normal ?? onlyTrainedClass(counts, protocol));
    if (isEveryClass(name)) throw calledAll(name);
    const reason = unfit(counts, protocol, name);
    if (reason) throw unfitError(counts, protocol, name, reason);
    return { splits: [makeSplit(dataset, protocol, name)], skipped: [] };
  }
  const called = counts.find(({ name }) => isEveryClass(name));
  if (called) throw calledAll(called.name);
  const skipped: SplitPlan['skipped'] = [];
  const splits: Split[] = [];
  for (const { name } of counts) {
    const reason = unfit(counts, protocol, name);
    if (reason) skipped.push({ normal: name, reason });
    else splits.push(makeSplit(dataset, protocol, name));
  }
  if (splits.length === 0) throw unfitError(counts, protocol, 'all', `no class can take part: ${skipped[0]?.reason}`);
  return { splits, skipped };
}

/** How many images each class has, classes in the order of the training set, then those of the test set alone. */
export function classCounts(dataset: LabelledDataset): ClassCount[] {
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

/** The class that a name or an index means. @throws UsageError, listing all classes. */
function chosenClass(counts: readonly ClassCount[], wanted: string): string {
  const names = counts.map(({ name }) => name);
  const found = findClass(wanted, names);
  if (found !== undefined) return found;
  const guess =
    names.find((name) => /^\d+$/.test(name) && Number(name) === Number(wanted)) ?? nearestName(wanted, names);
  throw new UsageError(`--normal ${wanted}: this data set has no such class.`, {
    details: countTable(counts),
    remedy: guess ? `--normal ${guess}` : 'one of these classes, or all',
  });
}

/** A class of that name cannot be told from what --normal all asks for, here and wherever the run is named. */
function calledAll(name: string): UsageError {
  return new UsageError(`a class is called ${name}: --normal ${EVERY_CLASS} means every class in turn.`, {
    remedy: 'rename the folder of that class',
  });
}

/** Without --normal, a data set of one trained class (a folder of good parts) leaves no choice. */
function onlyTrainedClass(counts: readonly ClassCount[], protocol: Protocol): string {
  const trained = counts.filter(({ train }) => train > 0);
  if (protocol === 'one-vs-rest' && trained.length === 1) return trained[0].name;
  const role = protocol === 'leave-one-out' ? 'is left out' : 'is normal';
  throw new UsageError(`--normal is missing: several classes could be the one that ${role}.`, {
    details: countTable(counts),
    remedy: `--normal ${trained[0]?.name ?? counts[0]?.name ?? 'CLASS'}, or --normal all for each in turn`,
  });
}

/** Why a class cannot play the role that the protocol gives it, or undefined when it can. */
function unfit(counts: readonly ClassCount[], protocol: Protocol, name: string): string | undefined {
  const own = counts.find((count) => count.name === name)!;
  const others = counts.filter((count) => count.name !== name);
  const otherTest = others.reduce((sum, count) => sum + (count.train > 0 ? count.test : 0), 0);
  if (protocol === 'leave-one-out') {
    if (own.test === 0) return `${name} has no test images, and they are the outliers`;
    if (!others.some(({ train }) => train > 0)) return `no class but ${name} has training images`;
    if (otherTest === 0) return `no trained class but ${name} has test images`;
    return undefined;
  }
  if (own.train === 0) return `${name} has no training images`;
  if (own.test === 0) return `${name} has no test images`;
  if (!others.some(({ test }) => test > 0)) return `no class but ${name} has test images, so there are no outliers`;
  return undefined;
}

function unfitError(counts: readonly ClassCount[], protocol: Protocol, name: string, reason: string): DataError {
  const fit = counts.filter((count) => !unfit(counts, protocol, count.name));
  return new DataError(`--protocol ${protocol} --normal ${name}: ${reason}.`, {
    details: countTable(counts),
    remedy: fit.length > 0 ? `--normal ${fit[0].name}, or add the images` : 'add the missing images',
  });
}

function makeSplit(dataset: LabelledDataset, protocol: 'one-vs-rest' | 'leave-one-out', name: string): Split {
  const isTrained = (className: string) => (className === name) === (protocol === 'one-vs-rest');
  if (protocol === 'one-vs-rest') return splitBy(dataset, protocol, name, isTrained, () => true);
  // A class that nobody trained on is neither normal nor the class left out: it takes no part in the test.
  const trained = new Set(
    classCounts(dataset)
      .filter((count) => count.train > 0)
      .map((count) => count.name),
  );
  return splitBy(dataset, protocol, name, isTrained, (className) => className === name || trained.has(className));
}

/**
 * Everything in the training set is normal, and so are test images whose class says it; the other classes of the test are
 * the outliers. There may be none: then the scores of the normal images are all that is found.
 */
function allNormal(dataset: LabelledDataset, counts: readonly ClassCount[]): Split {
  const trained = new Set(counts.filter(({ train }) => train > 0).map(({ name }) => name));
  const isNormal = (name: string) => trained.has(name) || isNormalName(name);
  if (!counts.some(({ name, test }) => test > 0 && isNormal(name)) || trained.size === 0) {
    throw new DataError(
      `--protocol all-normal: there are no ${trained.size === 0 ? 'training' : 'normal test'} images.`,
      {
        details: countTable(counts),
        remedy: 'test images of a class that has training images, or is called normal, good, ok or inlier',
      },
    );
  }
  return splitBy(dataset, 'all-normal', 'all', isNormal, () => true);
}

function splitBy(
  dataset: LabelledDataset,
  protocol: Protocol,
  normal: string,
  isTrained: (className: string) => boolean,
  isTested: (className: string) => boolean,
): Split {
  const { train, test } = dataset;
  const split: Split = {
    protocol,
    normal,
    trainClasses: [],
    trainIndices: [],
    testIndices: [],
    testIsNormal: [],
    testClass: [],
  };
  const used = new Set<string>();
  for (let i = 0; i < train.labels.length; i++) {
    const name = train.classes[train.labels[i]];
    if (!isTrained(name)) continue;
    split.trainIndices.push(i);
    used.add(name);
  }
  split.trainClasses = train.classes.filter((name) => used.has(name));
  for (let i = 0; i < test.labels.length; i++) {
    const name = test.classes[test.labels[i]];
    if (!isTested(name)) continue;
    split.testIndices.push(i);
    split.testIsNormal.push(isTrained(name));
    split.testClass.push(name);
  }
  return split;
}

/** The classes as lines of an error: index, name, training and test images. A long list is cut in the middle. */
function countTable(counts: readonly ClassCount[]): string[] {
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
