import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha256 } from '../../src/base/contentHash.ts';
import { identityAt, orderByContent } from '../../src/data/identity.ts';
import { keepClasses, packImages, type RgbImage } from '../../src/data/imageSet.ts';
import { noiseImage } from '../helpers/augmentation.ts';

test('sha256: the published digest of "abc" (FIPS 180-4)', async () => {
  expect(await sha256(new TextEncoder().encode('abc'))).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});

test('an identity is 128 bits of the SHA-256 of sides and pixels, padding left out', async () => {
  const image: RgbImage = { width: 3, height: 1, pixels: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]) };
  const pack = await packImages([noiseImage(2, 2), image]);
  const expected = createHash('sha256')
    .update(Uint8Array.of(3, 0, 0, 0, 1, 0, 0, 0))
    .update(image.pixels)
    .digest('hex');
  expect(identityAt(pack, 1)).toBe(expected.slice(0, 32));
});

test('the same bytes with other dimensions are a different image; a subset of a pack keeps its identities', async () => {
  const { pixels } = noiseImage(2, 3);
  const images = await packImages([
    { width: 2, height: 3, pixels },
    { width: 3, height: 2, pixels },
    { width: 2, height: 3, pixels },
  ]);
  const all = [0, 1, 2].map((index) => identityAt(images, index));
  expect([all[0] === all[1], all[0] === all[2]]).toEqual([false, true]);
  const set = { name: '', synthetic: false, classes: ['a', 'b'], images, labels: Int32Array.of(0, 1, 0), paths: [''] };
  const kept = keepClasses(set, (name) => name === 'b');
  expect(identityAt(kept.images, 0)).toBe(all[1]);
});

test('orderByContent sorts the chosen images by identity and numbers copies', async () => {
  const images = Array.from({ length: 300 }, (_, i) => noiseImage(3, 2, i % 100)); // more than are hashed at once
  const pack = await packImages(images);
  const { indices, copies } = orderByContent(pack, images.keys());
  expect([...indices].sort((a, b) => a - b)).toEqual([...images.keys()]);
  const named = Array.from(indices, (index, i) => `${identityAt(pack, index)} ${copies[i]}`);
  expect(named).toEqual([...named].sort());
  expect(new Set(named).size).toBe(300);
  const part = orderByContent(pack, [250, 50, 7]);
  expect([...part.copies].sort()).toEqual([0, 0, 1]);
});
