import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LoadedDataset } from '../../src/data/imageSet.ts';
import { loadOutliers } from '../../src/data/load.ts';
import { jpegFile } from '../helpers/encodedImages.ts';
import { flatImage, folderOf, loaderWithCache, summaryOf } from '../helpers/imageFolders.ts';

const { platform, options, load } = await loaderWithCache();

const cells = ['Basophil', 'Eosinophil', 'Lymphocyte', 'Monocyte', 'Neutrophil'];

describe('raabin', () => {
  const layout = (train: string, test: string) => ({
    [`${train}/Neutrophil/b.bmp`]: flatImage(2),
    [`${train}/Neutrophil/a.bmp`]: flatImage(1),
    [`${train}/Monocyte/deep/er/c.bmp`]: flatImage(3),
    [`${test}/Neutrophil/d.bmp`]: flatImage(4),
    [`${test}/Basophil/e.bmp`]: flatImage(5),
    'TestB/Neutrophil/unread.bmp': flatImage(9),
    '__MACOSX/Train/Neutrophil/._a.bmp': 'litter',
    [`${train}/Neutrophil/.DS_Store`]: 'litter',
    [`${train}/Neutrophil/notes.txt`]: 'no image',
  });

  test.each([
    ['Train', 'TestA'],
    ['train', 'test_A'],
    ['TRAIN', 'Test-A'],
    ['train', 'test a'],
    ['Train', 'test'],
  ])('spelled %s and %s: five classes, files sorted by name, TestB ignored', async (train, test) => {
    const notes: string[] = [];
    const dir = await folderOf(layout(train, test));
    const set = await load('raabin', dir, { onNote: (text) => notes.push(text) });
    expect(set.train.classes).toEqual(cells);
    expect(set.test.classes).toEqual(cells);
    expect(summaryOf(set.train)).toEqual([
      `Monocyte ${train}/Monocyte/deep/er/c.bmp 3`,
      `Neutrophil ${train}/Neutrophil/a.bmp 1`,
      `Neutrophil ${train}/Neutrophil/b.bmp 2`,
    ]);
    expect(summaryOf(set.test)).toEqual([`Basophil ${test}/Basophil/e.bmp 5`, `Neutrophil ${test}/Neutrophil/d.bmp 4`]);
    expect(set.train.synthetic).toBe(false);
    expect(notes).toEqual([
      `raabin: no training images of Basophil, Eosinophil, Lymphocyte (${train}/)`,
      `raabin: no test images of Eosinophil, Lymphocyte, Monocyte (${test}/)`,
      `${dir}: 1 image file left behind by systems or programs, not used: 1 in __MACOSX`,
    ]);
  });

  test('class folders may be plural and in any case, or empty; images beside them are reported', async () => {
    const notes: string[] = [];
    const dir = await folderOf({
      'Train/neutrophils/a.bmp': flatImage(1),
      'Train/loose.bmp': flatImage(7),
      'TestA/NEUTROPHIL/b.bmp': flatImage(2),
    });
    await mkdir(join(dir, 'Train', 'Basophil'));
    const set = await load('raabin', dir, { onNote: (text) => notes.push(text) });
    expect(summaryOf(set.train)).toEqual(['Neutrophil Train/neutrophils/a.bmp 1']);
    expect(notes.slice(0, 3)).toEqual([
      `${dir}/Train: 1 images lie in no class folder and are left out`,
      `${dir}/Train/neutrophils: its images are of class Neutrophil`,
      `${dir}/TestA/NEUTROPHIL: its images are of class Neutrophil`,
    ]);
  });

  test.each([
    [{ 'Train/Neutrophil/a.bmp': flatImage(1) }, /there is a folder Train, but no TestA[\s\S]*Remedy: both folders/],
    [{ 'TestA/Neutrophil/a.bmp': flatImage(1) }, /there is a folder TestA, but no Train/],
    [
      { 'Train/Neutrophyl/a.bmp': flatImage(1), 'TestA/Neutrophil/a.bmp': flatImage(1) },
      /Train\/Neutrophyl: no class of Raabin-WBC[\s\S]*Basophil[\s\S]*rename it to Neutrophil/,
    ],
    [
      { 'Train/Neutrophil/a.txt': 'x', 'TestA/Neutrophil/a.bmp': flatImage(1) },
      /Train: there are no images in it[\s\S]*Train\/CLASS\/\*\.jpg/,
    ],
  ])('refused, %#', async (files, message) => {
    await expect(load('raabin', await folderOf(files))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  const shared = '../shared/data/wbc';
  test('real cells', async ({ skip }) => {
    skip(!existsSync(shared), '../shared/data is not there');
    const notes: string[] = [];
    const set = await load('raabin', shared, { inputSize: 32, onNote: (text) => notes.push(text) });
    const counts = (part: LoadedDataset['train']) =>
      cells.map((_, label) => part.labels.filter((each) => each === label).length);
    expect(counts(set.train)).toEqual([0, 15, 37, 34, 123]);
    expect(counts(set.test)).toEqual([1, 7, 16, 14, 53]);
    expect(notes).toEqual(['raabin: no training images of Basophil (Train/)']);
    expect(set.train.images.widths[0]).toBe(37); // 32 * 256 / 224, rounded
  });
});

describe('folder', () => {
  test('train/CLASS and test/CLASS: the classes of both are joined by name', async () => {
    const dir = await folderOf({
      'train/good/2.bmp': flatImage(2),
      'train/good/10.bmp': flatImage(1),
      'Test/scratch/a.bmp': flatImage(3),
      'Test/good/b.bmp': flatImage(4),
    });
    const { train, test: tests } = await load('folder', dir);
    expect(train.classes).toEqual(['good', 'scratch']);
    expect(tests.classes).toEqual(train.classes);
    expect(summaryOf(train)).toEqual(['good train/good/10.bmp 1', 'good train/good/2.bmp 2']);
    expect(summaryOf(tests)).toEqual(['good Test/good/b.bmp 4', 'scratch Test/scratch/a.bmp 3']);
  });

  test.each([
    ['Bottle', 'bottle'],
    ['blood cell', 'blood_cell'],
    ['caf\u00e9', 'cafe\u0301'],
  ])('train/%s and test/%s are one class, and a note says so', async (one, other) => {
    const notes: string[] = [];
    const dir = await folderOf({
      [`train/${one}/a.bmp`]: flatImage(1),
      [`test/${other}/b.bmp`]: flatImage(2),
      'test/broken/c.bmp': flatImage(3),
    });
    const { train, test: tests } = await load('folder', dir, { onNote: (text) => notes.push(text) });
    expect(summaryOf(train)).toEqual([`${one} train/${one}/a.bmp 1`]);
    expect(summaryOf(tests).sort()).toEqual([`${one} test/${other}/b.bmp 2`, 'broken test/broken/c.bmp 3'].sort());
    expect(notes).toEqual([expect.stringMatching(new RegExp(`^${one}.* and ${other}.* are one class: train/${one},`))]);
  });

  test('spellings that occur side by side are different classes; a name that matches neither exactly is refused', async () => {
    const train = { 'train/Bottle/a.bmp': flatImage(1), 'train/bottle/b.bmp': flatImage(2) };
    const notes: string[] = [];
    const both = await load('folder', await folderOf({ ...train, 'test/bottle/c.bmp': flatImage(3) }), {
      onNote: (text) => notes.push(text),
    });
    expect(both.train.classes).toEqual(['Bottle', 'bottle']);
    expect(summaryOf(both.test)).toEqual(['bottle test/bottle/c.bmp 3']);
    expect(notes[0]).toBe('Bottle and bottle are different classes: both are in one part');
    await expect(load('folder', await folderOf({ ...train, 'test/BOTTLE/c.bmp': flatImage(3) }))).rejects.toMatchObject(
      {
        exitCode: 2,
        message: expect.stringMatching(
          /^train\/Bottle, train\/bottle and test\/BOTTLE: it is unclear which[\s\S]*rename/,
        ),
      },
    );
  });

  test('two folders for the same part are refused, as one of them would be left out', async () => {
    const files = { 'train/a/1.bmp': flatImage(1), 'Train/a/1.bmp': flatImage(2), 'test/a/1.bmp': flatImage(3) };
    await expect(load('folder', await folderOf(files))).rejects.toThrow(/Train and train are the same part/);
  });

  test('images directly in train/ belong to the class that test/ calls normal', async () => {
    for (const [folder, expected] of [
      ['good', 'good'],
      ['OK', 'OK'],
    ]) {
      const files = {
        'train/a.bmp': flatImage(1),
        [`test/${folder}/b.bmp`]: flatImage(2),
        'test/bad/c.bmp': flatImage(3),
      };
      expect(summaryOf((await load('folder', await folderOf(files))).train)).toEqual([`${expected} train/a.bmp 1`]);
    }
  });

  test('without normal test images, every fifth training image is used for testing, and a note says so', async () => {
    const trained = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`train/${i < 6 ? 'a' : 'b'}/${10 + i}.bmp`, flatImage(i)]),
    );
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    const alone = await load('folder', await folderOf(trained), { onNote });
    expect(summaryOf(alone.test)).toEqual(['a train/a/14.bmp 4', 'b train/b/19.bmp 9']);
    expect(alone.train.images.count).toBe(9);
    expect(alone.test.classes).toEqual(alone.train.classes);
    expect(notes).toEqual(['no normal test images were given: every 5th training image (2 of 11) tests instead']);

    notes.length = 0;
    await load('folder', await folderOf({ ...trained, 'Val/a/x.bmp': flatImage(99) }), { onNote });
    expect(notes[0]).toBe('Val/ is not read: test images are expected in test/');

    const files = { ...trained, 'test/scratch/x.bmp': flatImage(99) };
    const withOutliers = await load('folder', await folderOf(files));
    expect(summaryOf(withOutliers.test)).toEqual([...summaryOf(alone.test), 'scratch test/scratch/x.bmp 99']);

    const asGiven = await load('folder', await folderOf({ ...files, 'test/OK/y.bmp': flatImage(98) }));
    expect(summaryOf(asGiven.test)).toEqual(['OK test/OK/y.bmp 98', 'scratch test/scratch/x.bmp 99']);
    expect(asGiven.train.images.count).toBe(11);
  });

  test('loose images without train/ and test/, next to class folders, or in test/ are refused, and the error shows the layout', async () => {
    const image = flatImage(1);
    const wrong: [Record<string, Buffer>, RegExp][] = [
      [{ 'a.bmp': image, 'b/c.bmp': image }, /expected train\/ and test\/ in it, found 2 images[\s\S]*train\/CLASS/],
      [{ 'test/good/a.bmp': image }, /found test\/, 1 images/],
      [{ 'training/good/a.bmp': image }, /Remedy: rename training\/ to train\//],
      [{ 'x/Train/good/a.bmp': image }, /Remedy: --data .*\/x, which has a train\//],
      [{ 'train/a.bmp': image }, /train: 1 images, expected 5 or more[\s\S]*every 5th/],
      [{ 'train/good/a.bmp': image, 'train/b.bmp': image, 'test/good/a.bmp': image }, /train: 1 images lie beside/],
      [{ 'train/good/a.bmp': image, 'test/b.bmp': image }, /test: 1 images lie in no class folder/],
      [{ 'train/good/a.bmp': image, 'test/good/b.txt': image }, /test: there are no images in it/],
    ];
    for (const [files, message] of wrong) {
      await expect(load('folder', await folderOf(files))).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(message),
      });
    }
  });
});

describe('images that cannot be read', () => {
  const cutOff = jpegFile(16, 16, { components: 1, blockAt: (bx) => [bx] }).subarray(0, -6);
  const layout = {
    'train/good/a.bmp': flatImage(1),
    'train/good/broken.jpg': cutOff,
    'train/good/c.bmp': flatImage(3),
    'train/good/empty.png': '',
    'test/good/d.bmp': flatImage(4),
    'test/bad/e.bmp': 'no image',
    'test/bad/f.bmp': flatImage(6),
  };

  test('the first one is named, with the reason and a remedy', async () => {
    const dir = await folderOf(layout);
    await expect(load('folder', dir)).rejects.toMatchObject({
      exitCode: 2,
      message: `${dir}/train/good/broken.jpg: Premature end of JPEG file.\n  Remedy: replace or remove the file, or --skip-bad to leave unreadable images out and list them`,
    });
  });

  test('--skip-bad leaves them out, lists each with its reason, and keeps labels with their images', async () => {
    const dir = await folderOf(layout);
    for (const from of ['files', 'cache']) {
      const notes: string[] = [];
      const set = await load('folder', dir, { skipBad: true, onNote: (text) => notes.push(text) });
      expect(summaryOf(set.train), from).toEqual(['good train/good/a.bmp 1', 'good train/good/c.bmp 3']);
      expect(summaryOf(set.test), from).toEqual(['bad test/bad/f.bmp 6', 'good test/good/d.bmp 4']);
      expect(set.skipped, from).toEqual([
        { file: `${dir}/train/good/broken.jpg`, reason: 'Premature end of JPEG file' },
        { file: `${dir}/train/good/empty.png`, reason: 'the file is empty' },
        { file: `${dir}/test/bad/e.bmp`, reason: 'it is not a JPEG, PNG or BMP file' },
      ]);
      expect(notes[0]).toContain('2 of 4 files cannot be read and are left out');
    }
    await expect(load('folder', dir), 'the cache does not hide them').rejects.toThrow(/broken\.jpg: Premature/);
  });

  test('a link to a missing file counts as unreadable', async () => {
    const dir = await folderOf({
      ...layout,
      'train/good/broken.jpg': flatImage(2),
      'train/good/empty.png': flatImage(5),
    });
    await symlink(join(dir, 'moved-away.jpg'), join(dir, 'train/good/link.jpg'));
    await expect(load('folder', dir)).rejects.toThrow(/link\.jpg: it cannot be opened: there is no such file/);
    const { skipped } = await load('folder', dir, { skipBad: true });
    expect(skipped[0]).toEqual({
      file: `${dir}/train/good/link.jpg`,
      reason: 'it cannot be opened: there is no such file',
    });
  });

  test('a file without read permission counts as unreadable', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read every file');
    const dir = await folderOf(layout);
    await chmod(join(dir, 'train/good/a.bmp'), 0);
    await expect(load('folder', dir)).rejects.toThrow(/a\.bmp: it cannot be opened: permission denied/);
  });
});

describe('outlier-exposure sources', () => {
  const outliers = (source: string, more = {}) => loadOutliers(platform, { ...options, source, ...more });

  test('folder:DIR uses every image below it, at any depth', async () => {
    const dir = await folderOf({
      'z.bmp': flatImage(3),
      'a/b/c/d.bmp': flatImage(1),
      'a/b.bmp': flatImage(2),
      'words.txt': 'no image',
    });
    const { set } = await outliers(`folder:${dir}/`);
    expect(summaryOf(set)).toEqual(['outlier a/b/c/d.bmp 1', 'outlier a/b.bmp 2', 'outlier z.bmp 3']);
    expect(set.synthetic).toBe(false);
  });

  test('--skip-bad also lists unreadable outlier-exposure files', async () => {
    const dir = await folderOf({ 'a.bmp': flatImage(1), 'b.jpg': 'no image' });
    await expect(outliers(`folder:${dir}`)).rejects.toThrow(/b\.jpg: it is not a JPEG, PNG or BMP file/);
    const { set, skipped } = await outliers(`folder:${dir}`, { skipBad: true });
    expect(set.images.count).toBe(1);
    expect(skipped).toEqual([{ file: `${dir}/b.jpg`, reason: 'it is not a JPEG, PNG or BMP file' }]);
  });

  test('a folder that is missing or has no images, and an unknown source, are refused', async () => {
    const dir = await folderOf({ 'a.txt': 'x' });
    await expect(outliers(`folder:${dir}`)).rejects.toThrow(/there are no images in this folder[\s\S]*folder with/);
    await expect(outliers(`folder:${dir}/a.txt`)).rejects.toThrow(/a\.txt: it is a file\.[\s\S]*unpack it/);
    await expect(outliers(`folder:${dir}/none`)).rejects.toThrow(/none: there is no such folder/);
    await expect(outliers(`cifar10:${dir}`)).rejects.toThrow(
      /^--oe cifar10: its images[\s\S]*Remedy: --oe cifar10:DIR/,
    );
    await expect(outliers('dead-leafs')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(/Remedy: --oe dead-leaves/),
    });
    await expect(outliers('folder:')).rejects.toMatchObject({ exitCode: 2 });
  });
});
