import { describe, expect, test } from 'vitest';
import { classCounts, type LabeledDataset } from '../../src/protocols/protocol.ts';
import { type ProtocolName, protocolNamed } from '../../src/protocols/table.ts';

const planSplits = (dataset: LabeledDataset, protocol: ProtocolName, normal: string | undefined) =>
  protocolNamed(protocol).plan(dataset, normal);

const classes = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Neutrophil'];
/** Like small real sets: the training part has no basophil. */
const cells = {
  train: { classes, labels: [3, 3, 1, 2, 3] },
  test: { classes, labels: [0, 3, 1, 2, 3, 2] },
};

describe('one-vs-rest', () => {
  test('trains on one class and tests against all others', () => {
    const { splits, skipped } = planSplits(cells, 'one-vs-rest', 'neutrophil');
    expect(skipped).toEqual([]);
    expect(splits).toEqual([
      {
        normal: 'Neutrophil',
        trainClasses: ['Neutrophil'],
        trainIndices: [0, 1, 4],
        testIndices: [0, 1, 2, 3, 4, 5],
        testIsNormal: [false, true, false, false, true, false],
        testClass: ['Basophil', 'Neutrophil', 'Eosinophil', 'Lymphocyte', 'Neutrophil', 'Lymphocyte'],
      },
    ]);
  });

  test('selects a class by index', () => {
    expect(planSplits(cells, 'one-vs-rest', '2').splits[0].normal).toBe('Lymphocyte');
  });

  test('a numeric class name takes precedence over an index', () => {
    const digits = { classes: ['1', '0'], labels: [0, 1] };
    expect(planSplits({ train: digits, test: digits }, 'one-vs-rest', '1').splits[0].normal).toBe('1');
  });

  test.each([
    [['01', '02', '03'], '1', /--normal 1: this data set has no such class[\s\S]*Remedy: --normal 01/],
    [['0', '1', '10', '2'], '3', /--normal 3: this data set has no such class/],
    [['2', 'cat'], '1', /--normal 1: this data set has no such class/],
    [['Bottle', 'bottle'], 'BOTTLE', /--normal BOTTLE: Bottle and bottle are spelled like it/],
    [['all', 'b'], 'all', /^a class is called all: --normal all means every class in turn/],
    [['All', 'b'], '0', /^a class is called All: --normal all means/],
  ])('classes %j, --normal %s is refused', (names, wanted, message) => {
    const part = { classes: names, labels: names.map((_, label) => label) };
    expect(() => planSplits({ train: part, test: part }, 'one-vs-rest', wanted)).toThrow(message);
  });

  test('accepts another spelling of a class; of two, prefers the exact one', () => {
    const chosen = (names: string[], wanted: string) => {
      const part = { classes: names, labels: names.map((_, label) => label) };
      return planSplits({ train: part, test: part }, 'one-vs-rest', wanted).splits[0].normal;
    };
    expect(chosen(['Bottle', 'bottle'], 'bottle')).toBe('bottle');
    expect(chosen(['blood cell', 'b'], 'Blood_Cell')).toBe('blood cell');
    expect(chosen(['cafe\u0301', 'b'], 'caf\u00e9')).toBe('cafe\u0301');
    expect(chosen(['01', '02', '03'], '02')).toBe('02');
  });

  test('all plans every usable class and gives the reason for each of the others', () => {
    const { splits, skipped } = planSplits(cells, 'one-vs-rest', 'all');
    expect(splits.map(({ normal }) => normal)).toEqual(['Eosinophil', 'Lymphocyte', 'Neutrophil']);
    expect(skipped).toEqual([{ normal: 'Basophil', reason: 'Basophil has no training images' }]);
  });

  test('an unknown class lists all classes with their counts and the nearest name', () => {
    expect(() => planSplits(cells, 'one-vs-rest', 'Neutrofil')).toThrow(
      /--normal Neutrofil: this data set has no such class[\s\S]*Basophil +0 training +1 test[\s\S]*Remedy: --normal Neutrophil/,
    );
    expect(() => planSplits(cells, 'one-vs-rest', '9')).toThrow(/no such class/);
    expect(() => planSplits(cells, 'one-vs-rest', undefined)).toThrow(
      /--normal is missing[\s\S]*Remedy: --normal Eosinophil, or/, // Basophil, the first, has nothing to train on
    );
  });

  test('a class without training or test images is named, with what would work', () => {
    expect(() => planSplits(cells, 'one-vs-rest', 'Basophil')).toThrow(
      /Basophil has no training images[\s\S]*--normal Eosinophil/,
    );
    const untested = { train: cells.train, test: { classes, labels: [0, 1] } };
    expect(() => planSplits(untested, 'one-vs-rest', 'Neutrophil')).toThrow(/Neutrophil has no test images/);
    const alone = { train: { classes, labels: [3] }, test: { classes, labels: [3] } };
    expect(() => planSplits(alone, 'one-vs-rest', 'Neutrophil')).toThrow(
      /no outliers[\s\S]*Remedy: add the missing images; --protocol all-normal/,
    );
  });

  test('a folder with a good class needs no --normal', () => {
    const parts = {
      train: { classes: ['good'], labels: [0, 0] },
      test: { classes: ['crack', 'good'], labels: [0, 1, 1] },
    };
    const [split] = planSplits(parts, 'one-vs-rest', undefined).splits;
    expect(split.normal).toBe('good');
    expect(split.testIsNormal).toEqual([false, true, true]);
  });
});

describe('leave-one-out', () => {
  test('trains on all others; classes without training images are left out', () => {
    const [split] = planSplits(cells, 'leave-one-out', 'Lymphocyte').splits;
    expect(split.trainIndices).toEqual([0, 1, 2, 4]);
    expect(split.trainClasses).toEqual(['Eosinophil', 'Neutrophil']);
    expect(split.testIndices).toEqual([1, 2, 3, 4, 5]); // not the basophil
    expect(split.testIsNormal).toEqual([true, true, false, true, false]);
  });

  test('a class that only the test set has can be left out', () => {
    const [split] = planSplits(cells, 'leave-one-out', 'Basophil').splits;
    expect(split.trainIndices).toEqual([0, 1, 2, 3, 4]);
    expect(split.testIsNormal.filter((isNormal) => !isNormal)).toHaveLength(1);
  });

  test('refuses invalid splits', () => {
    const untested = { train: cells.train, test: { classes, labels: [0, 1] } };
    expect(() => planSplits(untested, 'leave-one-out', 'Neutrophil')).toThrow(
      /no test images, and they are the outliers/,
    );
    expect(() => planSplits(cells, 'leave-one-out', undefined)).toThrow(/is left out/);
  });
});

describe('all-normal', () => {
  test('trains on everything; test classes without training images are the outliers', () => {
    const [split] = planSplits(cells, 'all-normal', undefined).splits;
    expect(split.normal).toBe('all');
    expect(split.trainIndices).toEqual([0, 1, 2, 3, 4]);
    expect(split.testIsNormal).toEqual([false, true, true, true, true, true]);
  });

  test('classes named normal are normal, whatever the trained classes are named', () => {
    const names = ['cells', 'Good', 'scratch'];
    const dataset = { train: { classes: names, labels: [0, 0] }, test: { classes: names, labels: [2, 1] } };
    expect(planSplits(dataset, 'all-normal', undefined).splits[0].testIsNormal).toEqual([false, true]);
  });

  test('needs normal test images, but no outliers', () => {
    const test = (labels: number[]) => ({ train: cells.train, test: { classes, labels } });
    const trained = cells.train.labels[0];
    expect(planSplits(test([trained]), 'all-normal', undefined).splits[0].testIsNormal).toEqual([true]);
    expect(() => planSplits(test([cells.test.labels[0]]), 'all-normal', undefined)).toThrow(/no normal test images/);
  });
});

test('classCounts joins different class lists by name, and refuses a label beyond its list', () => {
  const counts = classCounts({
    train: { classes: ['b', 'a'], labels: [0, 0] },
    test: { classes: ['a', 'c'], labels: [0, 1] },
  });
  expect(counts).toEqual([
    { name: 'b', train: 2, test: 0 },
    { name: 'a', train: 0, test: 1 },
    { name: 'c', train: 0, test: 1 },
  ]);
  expect(() => classCounts({ train: { classes: ['a'], labels: [1] }, test: { classes: ['a'], labels: [] } })).toThrow(
    /label 1, expected 0 to 0/,
  );
});
