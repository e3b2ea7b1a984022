/** The learning rate of each step (docs/methods.md 4). */
import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { learningRates } from '../../src/train/learningRate.ts';

const of = (more: object) => ({ lr: 0.1, epochs: 500, milestones: null, lrWarmup: 0, lrPerStep: false, ...more });

test('cosine: per epoch, the same for all of its steps', () => {
  const rate = learningRates(of({}), 3);
  for (const epoch of [0, 50, 250, 499]) {
    const expected = 0.05 * (1 + Math.cos((Math.PI * epoch) / 500));
    for (const step of [0, 2]) expect(rate(epoch, step)).toBeCloseTo(expected, 12);
  }
});

test('cosine per step, without a warm-up', () => {
  const rate = learningRates(of({ lr: 1, epochs: 5, lrPerStep: true }), 4);
  for (const [epoch, step] of [
    [0, 0],
    [2, 3],
    [4, 3],
  ])
    expect(rate(epoch, step)).toBeCloseTo((1 + Math.cos((Math.PI * (4 * epoch + step)) / 20)) / 2, 12);
});

test('milestones: a tenth from each on', () => {
  const rate = learningRates(of({ epochs: 200, milestones: '100,150' }), 4);
  const rates = [0, 99, 100, 149, 150, 199].map((epoch) => rate(epoch, 3));
  for (const [i, expected] of [0.1, 0.1, 0.01, 0.01, 0.001, 0.001].entries())
    expect(rates[i]).toBeCloseTo(expected, 12);
});

test('warm-up: linear per step from a tenth of the rate, then a cosine per step that starts at the full rate', () => {
  const rate = learningRates(of({ lr: 1, epochs: 100, lrWarmup: 10 }), 5);
  expect(rate(0, 0)).toBeCloseTo(0.1, 12);
  expect(rate(5, 0)).toBeCloseTo(0.55, 12);
  expect(rate(9, 4)).toBeCloseTo(0.1 + 0.9 * (49 / 50), 12);
  expect(rate(10, 0)).toBeCloseTo(1, 12);
  for (const [epoch, step] of [
    [10, 3],
    [60, 2],
    [99, 4],
  ]) {
    expect(rate(epoch, step)).toBeCloseTo((1 + Math.cos((Math.PI * (5 * (epoch - 10) + step)) / 500)) / 2, 12);
  }
});

test('warm-up before milestones', () => {
  const rate = learningRates(of({ lr: 1, epochs: 20, lrWarmup: 2, milestones: '10' }), 1);
  expect([rate(0, 0), rate(1, 0), rate(2, 0), rate(9, 0)].map((value) => Number(value.toFixed(12)))).toEqual([
    0.1, 0.55, 1, 1,
  ]);
  expect(rate(10, 0)).toBeCloseTo(0.1, 12);
});

describe('refused before anything is read', () => {
  test.each([
    [{ milestones: '100,50', epochs: 200 }, /--milestones 100,50: expected ascending epochs between 1 and 199/],
    [{ milestones: '300', epochs: 200 }, /--milestones 300: [\s\S]*--milestones 100,150/],
    [{ milestones: '1,x', epochs: 200 }, /--milestones 1,x/],
    [{ milestones: '0', epochs: 200 }, /--milestones 0/],
    [{ lrWarmup: 10, epochs: 10 }, /--lr-warmup 10: not shorter than the 10 epochs/],
  ])('%j', (choices, message) => {
    expect(() => resolveConfig(choices, { isSoftware: true })).toThrow(message);
  });
});
