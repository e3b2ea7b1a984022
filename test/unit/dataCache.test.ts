import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { loadDataset } from '../../src/data/load.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { flatImage, folderOf, platformWithCache, summaryOf } from '../helpers/imageFolders.ts';

let platform: Platform;
let dir: string;
beforeEach(async () => {
  platform = await platformWithCache();
  dir = await folderOf({
    'train/good/a.bmp': flatImage(1),
    'train/good/b.bmp': flatImage(2),
    'test/good/c.bmp': flatImage(3),
    'test/bad/d.bmp': flatImage(4),
  });
});

const packs = () => readdir(join(platform.cacheFolder, 'packs'));

/** Loads the folder. Returns its images, the notes, and how many images were decoded rather than read from the cache. */
async function load({ inputSize = 8, files = platform } = {}) {
  let decoded = 0;
  const notes: string[] = [];
  const onProgress = (_: string, done: number, total: number | null) => {
    if (done === 0) decoded += total!; // only decoding begins at 0
  };
  const request = {
    name: 'folder',
    dir,
    inputSize,
    seed: 0,
    onProgress,
    onNote: (text: string) => notes.push(text),
  } as const;
  const { train, test: tests } = await loadDataset(files, request);
  return { images: [...summaryOf(train), ...summaryOf(tests)], notes, decoded };
}

const images = ['good train/good/a.bmp 1', 'good train/good/b.bmp 2', 'bad test/bad/d.bmp 4', 'good test/good/c.bmp 3'];

test('images are decoded once and then read from the cache unchanged', async () => {
  expect(await load()).toEqual({ images, notes: [], decoded: 4 });
  expect(await packs()).toHaveLength(2); // one per part
  expect(await load()).toEqual({ images, notes: [], decoded: 0 });
  expect(await packs()).toHaveLength(2);
});

test('when a file is changed, added or removed, only its part is decoded again', async () => {
  await load();
  await writeFile(join(dir, 'train/good/b.bmp'), flatImage(9)); // the same length as before
  expect(await load()).toMatchObject({ images: images.with(1, 'good train/good/b.bmp 9'), decoded: 2 });
  await rm(join(dir, 'test/good/c.bmp'));
  await writeFile(join(dir, 'test/good/e.bmp'), flatImage(5));
  expect(await load()).toMatchObject({ decoded: 2 });
  await writeFile(join(dir, 'train/good/b.bmp'), flatImage(2));
  expect(await load(), 'what was there before is found again').toMatchObject({ decoded: 0 });
});

test('a renamed file is not decoded again', async () => {
  await load();
  await rm(join(dir, 'train/good/b.bmp'));
  await writeFile(join(dir, 'train/good/c.bmp'), flatImage(2));
  expect(await load()).toMatchObject({ images: images.with(1, 'good train/good/c.bmp 2'), decoded: 0 });
});

test('each input size has its own packs', async () => {
  await load();
  expect(await load({ inputSize: 16 })).toMatchObject({ decoded: 4 });
  expect(await load()).toMatchObject({ images, decoded: 0 });
});

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 50)],
  ['empty', () => Buffer.alloc(0)],
  ['something else', () => Buffer.from('not a pack')],
  ['with a flipped bit among the pixels', (bytes: Buffer) => bytes.with(bytes.lastIndexOf(1), 3)],
  ['with another width', (bytes: Buffer) => bytes.with(bytes.lastIndexOf(8), 7)],
])('a pack that is %s is rebuilt and is valid afterwards', async (_, damage) => {
  await load();
  const whole = new Map<string, Buffer>();
  for (const name of await packs()) {
    const path = join(platform.cacheFolder, 'packs', name);
    whole.set(name, await readFile(path));
    await writeFile(path, damage(whole.get(name)!));
    expect(await readFile(path)).not.toEqual(whole.get(name));
  }
  expect(await load()).toEqual({ images, notes: [], decoded: 4 });
  for (const [name, bytes] of whole) {
    expect(await readFile(join(platform.cacheFolder, 'packs', name))).toEqual(bytes);
  }
  expect(await packs(), 'no temporary files').toHaveLength(2);
});

test('an unwritable cache only costs time, and a note says so', async () => {
  const file = join(await folderOf({ 'a-file': 'x' }), 'a-file');
  const files = nodePlatform({ cacheFolder: file, dataFolder: null });
  const loaded = await load({ files });
  expect(loaded.images).toEqual(images);
  expect(loaded.notes).toHaveLength(2);
  expect(loaded.notes[0]).toContain(`decoded images cannot be kept in ${file}: `);
});
