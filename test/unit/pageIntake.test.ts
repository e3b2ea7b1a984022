/** Where dropped files go, decided from their paths alone. */
import { describe, expect, test } from 'vitest';
import { headerSize } from '../../src/data/codecs/headerSize.ts';
import { encodePng } from '../../src/report/png.ts';
import { cleanPath, commonRoot, litterAmong, numbered, placeFiles } from '../../src/web/page/worker/intake.ts';
import type { Part } from '../../src/web/pageApi.ts';
import { jpegFile } from '../helpers/encodedImages.ts';
import { bmpFile } from '../helpers/tinyRun.ts';

/** `part/path` of each file, `! reason`, or null. */
const placed = (part: Part, ...paths: string[]) =>
  placeFiles(paths, part).map((each) => each && ('path' in each ? `${each.part}/${each.path}` : `! ${each.reason}`));

describe('normal images', () => {
  test('folders are classes, except a single folder around them', () => {
    expect(placed('train', 'a/1.png', 'b/2.jpg')).toEqual(['train/a/1.png', 'train/b/2.jpg']);
    expect(placed('train', 'cells/a/1.png', 'cells/b/2.jpg')).toEqual(['train/a/1.png', 'train/b/2.jpg']);
    expect(placed('train', 'x/y/a/1.png', 'x/y/b/deep/2.jpg')).toEqual(['train/a/1.png', 'train/b/deep/2.jpg']);
    expect(placed('train', 'cells/1.png', 'cells/2.png')).toEqual(['train/cells/1.png', 'train/cells/2.png']);
  });

  test('without folders they are one class', () => {
    expect(placed('train', '1.png', '2.BMP')).toEqual(['train/normal/1.png', 'train/normal/2.BMP']);
  });

  test('images beside the class folders are in no class', () => {
    expect(placed('train', 'cells/1.png', 'cells/b/2.png')).toEqual([
      '! it lies beside the class folders, in none of them',
      'train/b/2.png',
    ]);
  });

  test('a drop with train/ and test/ is split accordingly', () => {
    const paths = ['set/Train/good/1.png', 'set/test/good/2.png', 'set/test/bad/3.png', 'set/outliers/x/4.png'];
    expect(placed('train', ...paths, 'set/ground_truth/5.png', 'set/6.png')).toEqual([
      'train/good/1.png',
      'test/good/2.png',
      'test/bad/3.png',
      'outliers/x/4.png',
      '! it lies beside the folders Train, test, outliers',
      '! it lies beside the folders Train, test, outliers',
    ]);
    expect(placed('train', 'train/1.png', 'test/bad/2.png')).toEqual(['train/normal/1.png', 'test/bad/2.png']);
    expect(placed('train', 'set/train/a/1.png')).toEqual(['train/a/1.png']);
    expect(() => placed('train', 'Train/a/1.png', 'train/a/1.png')).toThrow(/Train and train are the same part/);
  });
});

test('test images need a folder that names their class', () => {
  expect(placed('test', 'test/good/1.png', 'test/bad/2.png')).toEqual(['test/good/1.png', 'test/bad/2.png']);
  expect(placed('test', 't/good/1.png', 't/bad/2.png')).toEqual(['test/good/1.png', 'test/bad/2.png']);
  expect(placed('test', 'good/1.png')).toEqual(['test/good/1.png']);
  expect(placed('test', '1.png')[0]).toMatch(/^! a test image needs a folder/);
});

test('outlier images may lie anywhere', () => {
  expect(placed('outliers', '1.png', 'a/2.png')).toEqual(['outliers/1.png', 'outliers/a/2.png']);
});

test('files left by operating systems are counted by folder; other files are reported', () => {
  const paths = ['.DS_Store', 'a/Thumbs.db', '__MACOSX/a/._1.png', '__MACOSX/b/._2.png', 'a/._1.png', 'a/1.png'];
  expect(litterAmong([...paths, '._x.jpg'])).toEqual([
    { file: '__MACOSX', reason: '2 image files left behind by systems or programs' },
    { file: 'a/.*', reason: '1 image file left behind by systems or programs' },
    { file: '.*', reason: '1 image file left behind by systems or programs' },
  ]);
  expect(placed('train', 'a/1.png', 'a/notes.txt', 'README')).toEqual([
    'train/a/1.png',
    '! it is not an image: JPEG, PNG and BMP are read',
    '! it is not an image: JPEG, PNG and BMP are read',
  ]);
  expect(placed('train', `${'a/'.repeat(20)}1.png`, 'b/1.png')[0]).toBe('! more than 16 folders in each other');
});

test('handles paths of other systems and of malicious zips', () => {
  expect(cleanPath('a\\b\\1.png')).toBe('a/b/1.png');
  expect(cleanPath('a//./b/../1.png')).toBe('a/1.png');
  const out = ['../1.png', '/a/1.png', 'C:\\a\\1.png', '\\\\server\\1.png', 'a/../../1.png', 'c:1.png'];
  expect(out.map(cleanPath)).toEqual(Array(6).fill(null));
  expect(commonRoot([])).toBe('');
  expect(numbered('a.b/c.png', 2)).toBe('a.b/c-2.png');
  expect(numbered('a.b/c', 3)).toBe('a.b/c-3');
});

test('headerSize reads every format before anything is decoded', async () => {
  const png = encodePng({ width: 7, height: 5, pixels: new Uint8Array(105) });
  const jpeg = jpegFile(24, 16, { components: 1, blockAt: (bx) => [bx] });
  const bmp = bmpFile(9, 4, () => [1, 2, 3]);
  expect([png, jpeg, bmp].map((bytes) => headerSize(bytes))).toEqual([
    { width: 7, height: 5 },
    { width: 24, height: 16 },
    { width: 9, height: 4 },
  ]);
  expect(headerSize(new Uint8Array(40))).toBeNull();
  expect(headerSize(jpeg.subarray(0, 40))).toBeNull();
});
