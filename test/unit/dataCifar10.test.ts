import { gzipSync } from 'node:zlib';
import { createTar } from 'nanotar';
import { expect, test } from 'vitest';
import { loadDataset, loadOutliers } from '../../src/data/load.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import { folderOf, loaderWithCache, summaryOf } from '../helpers/imageFolders.ts';

const { platform, options, load } = await loaderWithCache();

/** A CIFAR record: the red plane counts up, green is the label's shade, blue 0. */
function record(label: number, shade: number): Buffer {
  const bytes = Buffer.alloc(3073);
  bytes[0] = label;
  for (let i = 0; i < 1024; i++) bytes[1 + i] = i === 0 ? shade : i % 251;
  bytes.fill(label * 3, 1025, 2049);
  return bytes;
}

const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
const cifarFiles = {
  'data_batch_1.bin': Buffer.concat([record(3, 10), record(0, 11)]),
  'data_batch_2.bin': record(9, 20),
  'test_batch.bin': Buffer.concat([record(1, 30), record(2, 31)]),
  'batches.meta.txt': `${names.join('\n')}\n\n`,
};
const inFolder = (files: Record<string, Uint8Array | string>, folder: string) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

/** Like the official archive, whose members are in no particular order. */
function cifarArchive(files: Record<string, Uint8Array | string>): Buffer {
  const entries = Object.entries(files).reverse();
  return gzipSync(createTar(entries.map(([name, data]) => ({ name: `cifar-10-batches-bin/${name}`, data }))));
}

const train = ['cat data_batch_1.bin#0 10', 'airplane data_batch_1.bin#1 11', 'truck data_batch_2.bin#0 20'];
const tests = ['automobile test_batch.bin#0 30', 'bird test_batch.bin#1 31'];

const places: [string, () => Promise<string>][] = [
  ['its folder', () => folderOf(cifarFiles)],
  ['a folder that holds its folder', () => folderOf(inFolder(cifarFiles, 'cifar-10-batches-bin'))],
  ['the archive', async () => `${await folderOf({ 'c.tar.gz': cifarArchive(cifarFiles) })}/c.tar.gz`],
  ['a folder with the archive', () => folderOf({ 'cifar-10-binary.tar.gz': cifarArchive(cifarFiles) })],
];
test.each(places)('%s gives the same images in the same order', async (_, place) => {
  const set = await load('cifar10', await place());
  expect(summaryOf(set.train)).toEqual(train);
  expect(summaryOf(set.test)).toEqual(tests);
  expect(set.train.classes).toEqual(names);
});

test('planes become pixels, and images stay 32x32 for every input size', async () => {
  const { train: set } = await load('cifar10', await folderOf(cifarFiles));
  expect([set.images.widths[0], set.images.heights[0]]).toEqual([32, 32]);
  expect([...set.images.pixels.subarray(0, 9)]).toEqual([10, 9, 0, 1, 9, 0, 2, 9, 0]);
  expect(set.images.pixels[3 * 1023]).toBe(1023 % 251);
});

test('a note reports fewer batches than the official five', async () => {
  const notes: string[] = [];
  await load('cifar10', await folderOf(cifarFiles), { onNote: (text) => notes.push(text) });
  expect(notes).toEqual(['cifar10: 2 of 5 training batches are there']);
});

const broken: [string, Record<string, Uint8Array | string>, RegExp][] = [
  [
    'a record that is cut off',
    { 'data_batch_2.bin': record(9, 20).subarray(0, 3000) },
    /data_batch_2\.bin: 3000 bytes, expected a multiple of 3073, the bytes of a record \(remainder 3000\)/,
  ],
  [
    'a label above 9',
    { 'data_batch_1.bin': Buffer.concat([record(0, 1), record(10, 1)]) },
    /data_batch_1\.bin: record 1 has the label 10, expected 0 to 9[\s\S]*not CIFAR-100/,
  ],
  ['too few class names', { 'batches.meta.txt': 'cat\ndog\n' }, /batches\.meta\.txt: 2 class names, expected 10/],
];
test.each(broken)('%s is named in the error, in the folder and in the archive', async (_, change, message) => {
  const files = { ...cifarFiles, ...change };
  for (const dir of [await folderOf(files), await folderOf({ 'cifar10.tgz': cifarArchive(files) })]) {
    const failure = { exitCode: 2, message: expect.stringMatching(message) };
    await expect(load('cifar10', dir)).rejects.toMatchObject(failure);
  }
});

test('an empty file is refused', async () => {
  const dir = await folderOf({ ...cifarFiles, 'test_batch.bin': '' });
  await expect(load('cifar10', dir)).rejects.toThrow(/test_batch\.bin: the file is empty/);
});

test('a missing test batch, a truncated archive and a file that is no archive are refused', async () => {
  const { 'test_batch.bin': _, ...rest } = cifarFiles;
  await expect(load('cifar10', await folderOf(rest))).rejects.toThrow(
    /test_batch\.bin is missing[\s\S]*found: .*data_batch_1\.bin/,
  );
  const archive = cifarArchive(cifarFiles);
  for (const bytes of [archive.subarray(0, archive.length - 40), Buffer.from('<html>404</html>')]) {
    const dir = await folderOf({ 'cifar-10-binary.tar.gz': bytes });
    await expect(load('cifar10', dir)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/cifar-10-binary\.tar\.gz: it cannot be unpacked[\s\S]*Remedy: a complete/),
    });
  }
});

test('NAME:DIR takes the training images of a data set', async () => {
  const { set } = await loadOutliers(platform, { ...options, source: `cifar10:${await folderOf(cifarFiles)}` });
  expect(set.paths).toEqual(['data_batch_1.bin#0', 'data_batch_1.bin#1', 'data_batch_2.bin#0']);
});

test('a data set is searched for in $OECL_DATA/NAME, then in data/NAME; an error lists the places', async () => {
  const dir = await folderOf(inFolder(cifarFiles, 'cifar10'));
  const withData = nodePlatform({ cacheFolder: platform.cacheFolder, dataFolder: dir });
  const found = await loadDataset(withData, { ...options, name: 'cifar10', dir: null });
  expect(found.train.images.count).toBe(3);
  await expect(loadDataset(withData, { ...options, name: 'raabin', dir: null })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringMatching(
      /looked for +.*\/raabin\n +looked for +data\/raabin\n +expected +Train[\s\S]*it is +Raabin-WBC[\s\S]*Remedy: --data .*--dataset demo/,
    ),
  });
  await expect(load('folder', await folderOf({})), 'an empty folder').rejects.toThrow(/its images are not there/);
});
