import { expect, test } from 'vitest';
import { encodeSafetensors } from '../../runtime/index.ts';
import { type ImageSet, packImages } from '../../src/data/imageSet.ts';
import type { Split } from '../../src/protocols/protocol.ts';
import {
  changeLines,
  changesBetween,
  checkedChanges,
  decodeFingerprint,
  encodeFingerprint,
  type Fingerprint,
  fingerprintOf,
} from '../../src/runs/fingerprint.ts';
import { decodeCheckpoint } from '../../src/train/checkpoint.ts';
import { noiseImage } from '../helpers/augmentation.ts';

/** Images by path, each drawn from its number; the folder is the class. */
async function setOf(files: Record<string, number>): Promise<ImageSet> {
  const paths = Object.keys(files);
  const names = paths.map((path) => path.split('/')[0]);
  const classes = [...new Set(names)].sort();
  const images = await packImages(Object.values(files).map((seed) => noiseImage(3, 3, seed)));
  const labels = Int32Array.from(names, (name) => classes.indexOf(name));
  return { name: '', synthetic: false, classes, images, labels, paths };
}

/** The fingerprint of a run that trains on the first class and tests on all. */
async function fingerprint(
  train: Record<string, number>,
  test: Record<string, number>,
  oe: Record<string, number> | null = null,
): Promise<Fingerprint> {
  const dataset = { train: await setOf(train), test: await setOf(test), skipped: [], sampleBits: null };
  const trainIndices = [...dataset.train.labels.keys()].filter((index) => dataset.train.labels[index] === 0);
  const split = { trainIndices, testIndices: [...dataset.test.labels.keys()] } as unknown as Split;
  return fingerprintOf({ dataset, outliers: oe && (await setOf(oe)) }, split);
}

const train = { 'good/a': 1, 'good/b': 2, 'good/c': 2, 'other/a': 3 };
const tests = { 'good/x': 11, 'bad/x': 12 };

test('names, order, and unused images do not count as a change', async () => {
  const before = await fingerprint(train, tests, { 'oe/1': 5, 'oe/2': 6 });
  const renamed = { 'good/z': 2, 'good/c': 2, 'good/a1': 1, 'other/n': 9 };
  const now = await fingerprint(renamed, { 'bad/y': 12, 'good/x': 11 }, { 'oe/2': 5, 'oe/1': 6 });
  expect(changesBetween(before, now)).toEqual([]);
  expect(changesBetween(decodeFingerprint(encodeFingerprint(before)), now)).toEqual([]);
});

test('changed, missing and new images are counted per part, with copies, and the first three are named', async () => {
  const before = await fingerprint(train, tests, { 'oe/1': 5 });
  const other = { 'good/a': 7, 'good/b': 2, 'good/d': 8 };
  const many = { 'oe/1': 5, 'oe/2': 5, 'oe/3': 6, 'oe/4': 7, 'oe/5': 8 };
  const changes = changesBetween(before, await fingerprint(other, { 'good/x': 11, 'good/y': 12 }, many));
  expect(changeLines(changes)).toEqual([
    'training images: 1 changed (good/a), 1 missing (good/c), 1 new (good/d)',
    'outlier-exposure images: 4 new (oe/2, oe/3, oe/4, 1 more)',
    'test images: 1 missing (bad/x), 1 new (good/y)', // in another class: another label
  ]);
  expect(changesBetween(before, await fingerprint(train, tests))).toMatchObject([{ part: 'outliers' }]);
});

test('a change is refused with what changed and a remedy, unless it is accepted', async () => {
  const [before, now] = [await fingerprint(train, tests), await fingerprint(train, { ...tests, 'bad/y': 4 })];
  const check = (isAccepted: boolean) => checkedChanges(before, now, { folder: 'runs/a', isAccepted });
  expect(() => check(false)).toThrow(
    /^runs\/a: the images are not those[\s\S]*test images: 1 new \(bad\/y\)[\s\S]*Remedy: .*--accept-changed-data/,
  );
  expect(check(true)).toEqual([{ part: 'test', changed: [], missing: [], added: ['bad/y'] }]);
});

test('a checkpoint written before there were fingerprints is refused with a remedy', () => {
  const bytes = encodeSafetensors({}, { format: 'oecl-checkpoint-2', step: '3' });
  expect(() => decodeCheckpoint(bytes, 'c.safetensors')).toThrow(
    /^c\.safetensors: not a checkpoint of this version \(format oecl-checkpoint-2\)[\s\S]*Remedy: --force/,
  );
});
