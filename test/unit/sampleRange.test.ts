/** 16-bit images from cameras with fewer bits: one range per data set, stored with the model. */
import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/config.ts';
import { imageAt } from '../../src/data/imageSet.ts';
import { loadOutliers } from '../../src/data/load.ts';
import { loadGivenImages } from '../../src/library/images.ts';
import { pngFile } from '../helpers/encodedImages.ts';
import { flatImage, folderOf, loaderWithCache, summaryOf } from '../helpers/imageFolders.ts';

/** A flat 8 x 8 image with 16-bit samples. */
const deep = (value: number): Buffer => pngFile(8, 8, { colorType: 0, bits: 16, samplesAt: () => [value] });

async function loaded(files: Record<string, Uint8Array>) {
  const dir = await folderOf(files);
  const { load, platform, options } = await loaderWithCache();
  const notes: string[] = [];
  const onNote = (text: string) => notes.push(text.replaceAll(`${dir}/`, ''));
  const read = () => load('folder', dir, { onNote });
  const { train, test: tests, sampleBits } = await read();
  return { platform, options, read, sampleBits, notes, shades: [...summaryOf(train), ...summaryOf(tests)] };
}

const normal = {
  'train/good/a.png': deep(3000),
  'train/good/b.png': deep(260),
  'train/good/c.bmp': flatImage(77),
  'test/good/d.png': deep(2048),
};

test('12-bit values keep their highest 8 bits in every part; 8-bit images are unchanged; notes say so', async () => {
  const { sampleBits, notes, shades, read } = await loaded({ ...normal, 'test/bad/e.png': deep(5000) });
  expect(sampleBits).toBe(12);
  expect(shades).toEqual([
    'good train/good/a.png 187',
    'good train/good/b.png 16',
    'good train/good/c.bmp 77',
    'bad test/bad/e.png 255',
    'good test/good/d.png 128',
  ]);
  const said = [
    'folder train: 2 of 3 images are 16-bit, scaled by the range of the training images: 4095 (12 bits) becomes white (first: train/good/a.png, largest value 3000)',
    'folder test: 2 of 2 images are 16-bit, scaled by the range of the training images: 4095 (12 bits) becomes white (first: test/bad/e.png, largest value 5000)',
    'folder test: 1 of 2 images have values above the range of the training images, 4095: those become white (first: test/bad/e.png, largest value 5000)',
  ];
  expect(notes).toEqual(said);
  expect(await read(), 'from the cache').toMatchObject({ sampleBits: 12 });
  expect(notes).toEqual([...said, ...said]);
});

test('one training image with a larger value changes the range of all images', async () => {
  const { sampleBits, shades, notes } = await loaded({ ...normal, 'train/good/e.png': deep(0x8000) });
  expect(sampleBits).toBe(16);
  expect(shades).toEqual([
    'good train/good/a.png 11',
    'good train/good/b.png 1',
    'good train/good/c.bmp 77',
    'good train/good/e.png 128',
    'good test/good/d.png 8',
  ]);
  expect(notes, 'nothing is scaled').toEqual([
    expect.stringMatching(/^folder train: 2 of 4 images are 16-bit and use less than a sixteenth .* nearly black/),
    expect.stringMatching(/^folder test: 1 of 1 images are 16-bit and use less than a sixteenth .* nearly black/),
  ]);
});

test('without 16-bit training images there is no range: test images are not scaled, and a note says so', async () => {
  const { sampleBits, shades, notes } = await loaded({
    'train/good/c.bmp': flatImage(77),
    'test/good/d.png': deep(4000),
  });
  expect([sampleBits, shades[1]]).toEqual([null, 'good test/good/d.png 15']);
  expect(notes).toEqual([
    expect.stringMatching(/^folder test: 1 of 1 images are 16-bit and use less than half of the range/),
  ]);
});

test('outlier-exposure images are scaled like the training images, except brighter ones', async () => {
  const { platform, options } = await loaderWithCache();
  const shadeOf = async (value: number, leastSampleBits?: number) => {
    const dir = await folderOf({ 'x.png': deep(value) });
    const { set } = await loadOutliers(platform, { ...options, source: `folder:${dir}`, leastSampleBits });
    return imageAt(set.images, 0).pixels[0];
  };
  expect(await shadeOf(300, 12)).toBe(18);
  expect(await shadeOf(40_000, 12)).toBe(156);
  expect(await shadeOf(300)).toBe(150);
});

test('images scored later use the range and the fit of the model, whatever their own values', async () => {
  const { platform } = await loaderWithCache();
  const config = { ...resolveConfig({ size: 8 }, { isSoftware: true }), sampleBits: 12 };
  const dir = await folderOf({ 'x.png': deep(300) });
  const given = [{ name: 'x.png', bytes: new Uint8Array(deep(300)) }];
  const wide = { name: 'wide', width: 90, height: 9, pixels: new Uint8Array(90 * 9 * 3) };
  for (const images of [dir, given]) {
    const { set, notes } = await loadGivenImages(platform, images, config, {});
    expect(imageAt(set.images, 0).pixels[0]).toBe(18);
    expect(notes).toEqual([expect.stringMatching(/1 of 1 images are 16-bit, scaled by .*: 4095 \(12 bits\) .*x\.png/)]);
  }
  for (const [fit, width, said] of [
    ['crop', 36, 2],
    ['squash', 9, 0],
    ['pad', 9, 0],
  ] as const) {
    const { set, notes } = await loadGivenImages(platform, [wide], { ...config, fit }, {});
    expect([set.images.widths[0], set.images.heights[0], notes.length]).toEqual([width, 9, said]);
  }
});
