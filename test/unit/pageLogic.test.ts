/** What the page computes itself: thresholds, curves, pace, run options, wording. */
import { describe, expect, test } from 'vitest';
import { LimitError } from '../../runtime/errors.ts';
import { mostAnomalousFirst, percentileAmong, ratesAt, thresholdFor } from '../../src/scores/threshold.ts';
import {
  ALL,
  defaultOf,
  firstChoices,
  freeFolder,
  normalClasses,
  trainOptions,
  unfitReason,
} from '../../src/web/page/logic/choices.ts';
import { Curve } from '../../src/web/page/logic/curve.ts';
import { baseName, bytes, counted, percent, score } from '../../src/web/page/logic/format.ts';

import { newScoresCsv } from '../../src/web/page/logic/newScores.ts';
import { Pace } from '../../src/web/page/logic/pace.ts';
import { inPageWords, problemOf } from '../../src/web/page/logic/problem.ts';
import { hrefOf, parseRoute } from '../../src/web/page/route.ts';
import type { DataContent, PartContent } from '../../src/web/pageApi.ts';

const TWENTY = Float64Array.from({ length: 20 }, (_, i) => i + 1);

describe('a threshold', () => {
  test('counts an image exactly on it as normal', () => {
    expect(ratesAt(3, [1, 2, 3, 4], [0, 3])).toEqual({ falseAlarms: 0.5, missed: 0.5 });
    expect(ratesAt(0, [1, 2], [0])).toEqual({ falseAlarms: 0, missed: 1 });
    expect(ratesAt(9, [1, 2], [0])).toEqual({ falseAlarms: 1, missed: 0 });
  });

  test('does not mention missed outliers when there are none', () => {
    expect(ratesAt(2, [1, 2], [])).toEqual({ falseAlarms: 0.5, missed: null });
  });

  test.each([0, 0.01, 0.05, 0.1, 0.5, 1])(
    'for a rate of %d has no more false alarms, and a slightly higher one has more',
    (rate) => {
      const threshold = thresholdFor(rate, TWENTY);
      expect(ratesAt(threshold, TWENTY, []).falseAlarms).toBeLessThanOrEqual(rate);
      if (rate < 1) expect(ratesAt(threshold + 1e-9, TWENTY, []).falseAlarms).toBeGreaterThan(rate);
    },
  );

  test('5 % of 20 images is one image although 0.05 is not exact in f64', () => {
    expect(thresholdFor(0.05, TWENTY)).toBe(2);
    expect(thresholdFor(0.15, TWENTY)).toBe(4);
  });

  test('equal scores are never split', () => {
    expect(ratesAt(thresholdFor(0.5, [1, 1, 1, 2]), [1, 1, 1, 2], []).falseAlarms).toBe(0);
  });

  test('percentile is the share of normal images that score lower', () => {
    expect(percentileAmong(TWENTY, 0)).toBe(0);
    expect(percentileAmong(TWENTY, 11)).toBe(0.5);
    expect(percentileAmong(TWENTY, 99)).toBe(1);
  });
});

test('the gallery starts with the lowest score; equal scores keep their order', () => {
  expect(mostAnomalousFirst([3, 1, 2, 1])).toEqual([1, 3, 2, 0]);
});

describe('a curve', () => {
  test('keeps every step when it is short', () => {
    const curve = new Curve(2, 8);
    for (let step = 1; step <= 8; step++) curve.add(step, [step, null]);
    expect(curve.columns()).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, 8], new Array(8).fill(null)]);
  });

  test('never exceeds the allowed number of points when it is long, and keeps the overall mean', () => {
    const curve = new Curve(1, 8);
    const values = Array.from({ length: 1024 }, (_, i) => (i * 37) % 101);
    values.forEach((value, i) => {
      curve.add(i + 1, [value]);
      expect(curve.columns()[0].length).toBeLessThanOrEqual(8);
    });
    const [steps, means] = curve.columns() as [number[], number[]];
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(1024);
    const sum = means.reduce((total, mean, i) => total + mean * (steps[i] - (steps[i - 1] ?? 0)), 0);
    expect(sum).toBeCloseTo(values.reduce((total, value) => total + value, 0));
  });

  test('drops what comes after a checkpoint', () => {
    const curve = new Curve(1, 8);
    for (let step = 1; step <= 6; step++) curve.add(step, [step]);
    curve.cutAfter(4);
    expect(curve.columns()).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });
});

describe('the pace', () => {
  test('is unknown before the second step, and excludes the step that compiled', () => {
    const pace = new Pace();
    pace.add(5000);
    expect(pace.stepsPerSecond()).toBeNull();
    pace.add(100);
    pace.add(100);
    expect(pace.stepsPerSecond()).toBeCloseTo(10);
    expect(pace.secondsFor(50)).toBeCloseTo(5);
  });

  test('adapts to a change', () => {
    const pace = new Pace();
    for (let i = 0; i < 1000; i++) pace.add(10);
    for (let i = 0; i < 40; i++) pace.add(1000);
    expect(pace.stepsPerSecond()).toBeCloseTo(1, 1);
  });
});

const part = (classes: string[]): PartContent => ({
  images: classes.length * 10,
  classes: classes.map((name) => ({ name, images: 10 })),
  skipped: [],
  pictures: [],
});
const own: DataContent = {
  id: 'x1',
  parts: { train: part(['a', 'b']), outliers: part(['o']), test: null },
  usage: 0,
  quota: 0,
};

describe('the options of a run', () => {
  test('the demo has no paths', () => {
    expect(trainOptions(firstChoices('tiny'), null, [])).toEqual({
      dataset: 'demo',
      method: 'oecl',
      preset: 'tiny',
      normal: 'Eosinophil',
      oe: 'dead-leaves',
      out: 'runs/demo-oecl-Eosinophil-0',
    });
  });

  test('a class named "all" does not mean all classes', () => {
    const options = trainOptions({ ...firstChoices('small'), source: 'own', normal: 'all' }, own, []);
    expect([options.protocol, options.normal]).toEqual([undefined, 'all']);
  });

  test('own images: all classes together and own outliers; damaged files are left out', () => {
    const choices = { ...firstChoices('small'), source: 'own', normal: ALL, outliers: 'own' } as const;
    expect(trainOptions(choices, own, [])).toEqual({
      dataset: 'folder',
      data: 'data/x1',
      skipBad: true,
      method: 'oecl',
      preset: 'small',
      protocol: 'all-normal',
      oe: 'folder:data/x1/outliers',
      out: 'runs/folder-oecl-all-0',
    });
    expect(trainOptions({ ...choices, normal: 'b' }, own, [])).toMatchObject({ normal: 'b' });
    expect(normalClasses('own', own)).toEqual({ names: ['a', 'b'], all: true });
  });

  test('SimCLR gets no options that it does not use', () => {
    const choices = { ...firstChoices('tiny'), method: 'simclr', options: { lambda: 2, epochs: 3 } } as const;
    const options = trainOptions(choices, null, []);
    expect(options).toMatchObject({ method: 'simclr', epochs: 3 });
    expect(options).not.toHaveProperty('lambda');
    expect(options).not.toHaveProperty('oe');
    expect(defaultOf('lambda', choices)).toBeNull();
  });

  test('methods that learn from classes need several normal ones', () => {
    const choices = { ...firstChoices('tiny'), method: 'supclr' } as const;
    const data = (names: readonly string[]) =>
      ({ parts: { train: { classes: names.map((name) => ({ name })) } } }) as unknown as DataContent;
    expect(unfitReason('supclr', choices, null)).toMatch(/two or more classes/); // the demo has one
    const own = { ...choices, source: 'own', normal: ALL } as const;
    expect(unfitReason('supclr', own, data(['a']))).toMatch(/two or more classes/);
    expect(unfitReason('supclr', { ...own, normal: 'a' }, data(['a', 'b']))).toMatch(/all classes together/);
    expect(unfitReason('supclr', own, data(['a', 'b']))).toBeNull();
    expect(unfitReason('gt', choices, null)).toBeNull();
  });

  test('a fit other than the default is passed on', () => {
    expect(trainOptions(firstChoices('tiny'), null, [])).not.toHaveProperty('fit');
    expect(trainOptions({ ...firstChoices('tiny'), options: { fit: 'pad' } }, null, [])).toMatchObject({ fit: 'pad' });
  });

  test('a new run never takes an existing folder', () => {
    expect(freeFolder('runs/a', [])).toBe('runs/a');
    expect(freeFolder('runs/a', ['runs/a', 'runs/a-2'])).toBe('runs/a-3');
  });
});

describe('words', () => {
  test('a library error refers to the form, not to the command line', () => {
    const problem = problemOf(
      new LimitError('layer1: 512 MiB in one binding.', {
        remedy: '--batch 128 or less (now 512), or another adapter (--list-adapters)',
      }),
    );
    expect(problem).toEqual({
      sentence: 'layer1: 512 MiB in one binding.',
      details: [],
      remedy: '“Images per step” 128 or less (now 512)',
    });
    expect(inPageWords('--checkpoint-every 2')).toBe('“Checkpoint every” 2');
    expect(problemOf(new Error('no device')).sentence).toBe('No device');
    expect(problemOf('gone').sentence).toBe('gone');
  });

  test('numbers are shown with their units', () => {
    expect([0, 0.05, 0.0512, 1, 0.0001, 0.99999].map(percent)).toEqual(
      ['0 %', '5 %', '5.1 %', '100 %', '< 0.1 %', '> 99.9 %'].map((text) => text.replaceAll(' ', '\u00a0')),
    );
    expect([0, 999, 1500, 48e6, 21e9].map(bytes)).toEqual(['0 B', '999 B', '1.5 kB', '48 MB', '21 GB']);
    expect([1.2, 0.04567, 12345.6].map(score)).toEqual(['1.200', '0.04567', '12,346']);
    expect([counted(1, 'image'), counted(1204, 'image')]).toEqual(['1 image', '1,204 images']);
    expect(baseName('runs/a-b')).toBe('a-b');
  });

  test('new scores become a table with quoted fields', () => {
    const csvOf = (path: string, scores: Record<string, number>) =>
      newScoresCsv({ mainScore: 'norm', images: [{ path, scores, uri: '' }], skipped: [], notes: [] });
    const csv = csvOf('a,"b".png', { norm: 1, normEnsemble: 2 });
    expect(csv).toBe('image,norm,normEnsemble\n"a,""b"".png",1,2\n');
    const formula = csvOf('=1+1.png', { norm: 1 });
    expect(formula).toBe("image,norm\n'=1+1.png,1\n");
  });
});

test('an address identifies a view and round-trips', () => {
  expect(parseRoute('')).toEqual({ view: 'images', folder: null });
  expect(parseRoute('#nonsense')).toEqual({ view: 'images', folder: null });
  const route = { view: 'results', folder: 'runs/a b/ü#1' } as const;
  expect(parseRoute(hrefOf(route))).toEqual(route);
});
