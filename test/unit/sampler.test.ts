/** Which images a step reads (docs/methods.md 7.2). */
import { expect, test } from 'vitest';
import { EndlessSampler, EpochSampler } from '../../src/train/sampler.ts';

const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);
const firstNumbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test('normal images: each epoch is a new permutation, split into batches', () => {
  const sampler = new EpochSampler(12, 4, 7);
  expect(sampler.stepsPerEpoch).toBe(3);
  const epochs = [0, 1, 2].map((epoch) => [0, 1, 2].flatMap((step) => [...sampler.at(epoch, step)]));
  for (const epoch of epochs) expect(ascending(epoch)).toEqual(firstNumbers(12));
  expect(new Set(epochs.map(String)).size).toBe(3);
});

test('normal images: the last incomplete batch is dropped', () => {
  const sampler = new EpochSampler(11, 4, 7);
  expect(sampler.stepsPerEpoch).toBe(2);
  const seen = [0, 1].flatMap((step) => [...sampler.at(0, step)]);
  expect(seen).toHaveLength(8);
  expect(new Set(seen).size).toBe(8);
});

test('outliers: a set smaller than a batch wraps around, in a new order each pass', () => {
  const sampler = new EndlessSampler(5, 4, 7);
  const steps = firstNumbers(5).map((step) => sampler.at(step));
  const indices = steps.flatMap((step) => [...step.indices]);
  expect(steps.flatMap(({ rounds }) => [...rounds])).toEqual(firstNumbers(20).map((i) => Math.floor(i / 5)));
  const passes = [0, 1, 2, 3].map((pass) => indices.slice(5 * pass, 5 * pass + 5));
  for (const pass of passes) expect(ascending(pass)).toEqual(firstNumbers(5));
  expect(new Set(passes.map(String)).size).toBeGreaterThan(1);
});

test('both depend only on seed and step: in any order of requests and in another sampler', () => {
  const [epochs, endless] = [new EpochSampler(9, 2, 3), new EndlessSampler(3, 2, 3)];
  const later = [String(epochs.at(4, 1)), String(endless.at(30).indices)];
  epochs.at(0, 0);
  endless.at(0);
  expect([String(epochs.at(4, 1)), String(endless.at(30).indices)]).toEqual(later);
  expect([String(new EpochSampler(9, 2, 3).at(4, 1)), String(new EndlessSampler(3, 2, 3).at(30).indices)]).toEqual(
    later,
  );
  expect(String(new EpochSampler(9, 2, 4).at(4, 1))).not.toBe(later[0]);
});
