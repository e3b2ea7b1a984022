/** Which images a step reads (docs/methods.md 7.2). */
import { expect, test } from 'vitest';
import { Stream } from '../../src/base/randomStreams.ts';
import {
  EndlessSampler,
  EpochSampler,
  FixedSampler,
  ReplacementSampler,
  type SampledBatch,
} from '../../src/train/sampler.ts';

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

test('normal images that wrap: every pass is whole, and the batches continue across epochs', () => {
  const sampler = new EndlessSampler(5, 4, 7, Stream.shuffleNormal);
  const seen = firstNumbers(5).flatMap((step) => [...sampler.at(step).indices]);
  for (const pass of [0, 1, 2, 3]) expect(ascending(seen.slice(5 * pass, 5 * pass + 5))).toEqual(firstNumbers(5));
  const first = new EpochSampler(5, 5, 7).at(0, 0);
  expect(seen.slice(0, 5)).toEqual([...first]); // the order of an epoch that drops nothing
});

test('outliers in a fixed order: the same images in every epoch, other views of them', () => {
  const sampler = new FixedSampler(10, 3, 7, 2); // two steps per epoch use the first six
  const epochs = [0, 1, 2].map((epoch) => [0, 1].map((step) => sampler.at(epoch, step)));
  const indices = epochs.map((steps) => steps.flatMap((step) => [...step.indices]));
  expect(new Set(indices[0]).size).toBe(6);
  expect([indices[1], indices[2]]).toEqual([indices[0], indices[0]]);
  expect(epochs.map(([{ rounds }]) => rounds[0])).toEqual([0, 1, 2]);
  const small = new FixedSampler(2, 3, 7, 2); // an epoch goes through the two images three times
  const uses = [0, 1].flatMap((epoch) => [0, 1].flatMap((step) => usesOf(small.at(epoch, step))));
  expect(new Set(uses).size).toBe(12);
});

test('outliers with replacement: independent draws, none of which has the views of another', () => {
  const sampler = new ReplacementSampler(4, 3, 7);
  const steps = firstNumbers(200).map((step) => sampler.at(step));
  const counts = [0, 1, 2, 3].map(
    (image) => steps.flatMap(({ indices }) => [...indices]).filter((i) => i === image).length,
  );
  for (const count of counts) expect(Math.abs(count - 150)).toBeLessThan(50); // 5 standard deviations
  expect(steps.some(({ indices }) => new Set(indices).size < 3)).toBe(true);
  expect(new Set(steps.flatMap(usesOf)).size).toBe(600);
  expect(sampler.at(5)).toEqual(new ReplacementSampler(4, 3, 7).at(5));
});

/** An image and its round, which keys its views. */
const usesOf = ({ indices, rounds }: SampledBatch): string[] =>
  Array.from(indices, (image, i) => `${image}/${rounds[i]}`);
