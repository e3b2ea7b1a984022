/** An interrupt is noticed within bounded work during all image processing before the first step. */
import { expect, test, vi } from 'vitest';
import { InterruptedError } from '../../src/base/errors.ts';
import { SignalWatch } from '../../src/base/signalWatch.ts';
import { loadDeadLeaves } from '../../src/data/generated/deadLeaves.ts';
import { loadDataset } from '../../src/data/load.ts';
import { loadGivenImages } from '../../src/library/images.ts';
import { flatImage } from '../helpers/imageFolders.ts';
import { memoryOrigin } from '../helpers/memoryOrigin.ts';

const COUNT = 70;

/** A watch aborted by a timer, and an in-memory data set that counts reads. */
async function watched() {
  const abort = new AbortController();
  const { files, content } = memoryOrigin();
  for (let i = 0; i < COUNT; i++) await files.writeFileAtomic(`set/train/good/${i}.bmp`, flatImage(i));
  await files.writeFileAtomic('set/test/good/t.bmp', flatImage(1));
  const options = { inputSize: 8, seed: 0, watch: new SignalWatch(abort.signal) };
  const load = () => loadDataset(files, { ...options, name: 'folder', dir: 'set' });
  return { abort, files, content, options, load };
}

test('a loop without awaits lets the timer that aborts it run', async () => {
  const abort = new AbortController();
  const watch = new SignalWatch(abort.signal);
  setTimeout(() => abort.abort(), 10);
  const work = async () => {
    for (;;) await watch.look('numbers were counted');
  };
  await expect(work()).rejects.toThrow('interrupted while numbers were counted, before the first step.');
});

test('a pending read is abandoned; without a signal it is awaited', async () => {
  const abort = new AbortController();
  const reading = new SignalWatch(abort.signal).during(new Promise(() => {}), 'a file was read');
  setTimeout(() => abort.abort(), 1);
  await expect(reading).rejects.toMatchObject({ exitCode: 130 });
  await expect(new SignalWatch(abort.signal).during(new Promise(() => {}), 'x')).rejects.toThrow(InterruptedError);
  expect(await new SignalWatch().during(Promise.resolve(3), 'x')).toBe(3);
});

test.each([
  ['hashed', 1],
  ['decoded', COUNT + 1],
])('stops at the next image while images are %s, and leaves no pack', async (_, nth) => {
  const { abort, files, content, load } = await watched();
  const { readFile } = files;
  let reads = 0;
  files.readFile = async (path) => {
    if (path.endsWith('.bmp') && ++reads === nth) abort.abort();
    return readFile(path);
  };
  await expect(load()).rejects.toThrow(/interrupted while folder train was read/);
  expect(reads).toBeLessThan(nth + 40); // those being read at the time
  expect([...content.keys()].filter((path) => path.startsWith('cache/'))).toEqual([]);
});

test('stops although the disk does not respond', async () => {
  const { abort, files, load } = await watched();
  files.readFile = () => new Promise(() => {});
  setTimeout(() => abort.abort(), 1);
  await expect(load()).rejects.toThrow(InterruptedError);
});

test('stops while an archive is unpacked', async () => {
  const { abort, files, options } = await watched();
  await files.writeFileAtomic('cifar-10.tar.gz', new Uint8Array(9));
  files.readGzip = () => new Promise(() => {});
  setTimeout(() => abort.abort(), 1);
  const load = loadDataset(files, { ...options, name: 'cifar10', dir: 'cifar-10.tar.gz' });
  await expect(load).rejects.toThrow(/interrupted while cifar10 archive was read/);
});

test('stops while images are generated', async () => {
  const [leaves, demo] = [await watched(), await watched()];
  setTimeout(() => leaves.abort.abort(), 1);
  await expect(loadDeadLeaves(leaves.options, 1e9)).rejects.toThrow(/while dead leaves were drawn/);
  setTimeout(() => demo.abort.abort(), 1);
  const drawn = loadDataset(demo.files, { ...demo.options, inputSize: 64, name: 'demo', dir: null });
  await expect(drawn).rejects.toThrow(/while demo train was drawn/);
});

test('stops while a program scores its own images', async () => {
  const { abort, files } = await watched();
  const images = new Array(1e5).fill({ name: 'a', bytes: flatImage(1) });
  setTimeout(() => abort.abort(), 1);
  const config = { size: 8, seed: 0 } as Parameters<typeof loadGivenImages>[2];
  await expect(loadGivenImages(files, images, config, { signal: abort.signal })).rejects.toThrow(InterruptedError);
});

test('stops while the images of a program are hashed', async () => {
  const { abort, files } = await watched();
  const digest = vi.spyOn(crypto.subtle, 'digest').mockImplementation(() => {
    abort.abort();
    return new Promise(() => {}); // as for gigabytes of images
  });
  const images = [{ name: 'a', width: 8, height: 8, pixels: new Uint8Array(192) }];
  const config = { size: 8, seed: 0, fit: 'crop' } as Parameters<typeof loadGivenImages>[2];
  const loading = loadGivenImages(files, images, config, { signal: abort.signal });
  await expect(loading).rejects.toThrow(/interrupted while the images were hashed/);
  digest.mockRestore();
});
