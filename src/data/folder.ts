/**
 * A user's own images. Either train/ and test/, with a folder a class in them (images in train/ itself are one class), or
 * a folder of normal images alone, when the outliers of the test come from elsewhere (--ood): then every fifth image, in
 * the order of the paths, tests, and the others train.
 */
import { DataError } from '../errors.ts';
import { findPart, listClassFolders, loadParts, type Part, readPart } from './classFolders.ts';
import { findImages, loadImageFiles } from './imageFiles.ts';
import type { LoadedDataset } from './imageSet.ts';
import type { ReaderContext } from './request.ts';

/** What others call the class of normal images. */
const NORMAL_NAMES = ['normal', 'good', 'ok', 'inlier'];
const TEST_EVERY = 5;

/**
 * @param hasOutliers whether the test gets its outliers from elsewhere
 * @returns null when the folder holds no images at all
 * @throws DataError when there is no test, or a part has no images
 */
export async function loadFolder(context: ReaderContext, hasOutliers: boolean): Promise<LoadedDataset | null> {
  const train = await findPart(context, ['train']);
  const test = await findPart(context, ['test']);
  if (train !== undefined && test !== undefined) return loadTrainAndTest(context, train, test);
  const files = await findImages(context, '', 0);
  if (files.length === 0) return null;
  if (train !== undefined || test !== undefined || !hasOutliers) {
    const found = [train, test].filter((name) => name !== undefined).map((name) => `${name}/, `);
    throw new DataError(
      `${context.dir}: expected train/ and test/ in it, found ${found.join('')}${files.length} images.`,
      {
        details: [
          'train/CLASS/*.jpg  to learn from; train/*.jpg for a single class',
          'test/CLASS/*.jpg   to test on, outliers included',
        ],
        remedy: 'move the images into such folders',
      },
    );
  }
  const isTest = (index: number): boolean => index % TEST_EVERY === TEST_EVERY - 1;
  return loadParts(context, 'folder', ['normal'], {
    train: { folder: '', files: files.filter((_, index) => !isTest(index)) },
    test: { folder: '', files: files.filter((_, index) => isTest(index)) },
  });
}

async function loadTrainAndTest(context: ReaderContext, trainName: string, testName: string): Promise<LoadedDataset> {
  const [train, test] = [await listClassFolders(context, trainName), await listClassFolders(context, testName)];
  if (test.looseImages > 0) {
    throw new DataError(`${context.dir}/${testName}: ${test.looseImages} images lie in no class folder.`, {
      details: [`expected ${testName}/CLASS/*.jpg: a test image without a class tests nothing`],
      remedy: `move them into ${testName}/normal, ${testName}/defect or whatever they are`,
    });
  }
  // Images in train/ itself are one class: the one that the test part calls normal, whatever its word for it.
  const loose = NORMAL_NAMES.map((name) => test.folders.find((folder) => folder.toLowerCase() === name)).find(Boolean);
  const looseClass = train.looseImages > 0 && train.folders.length === 0 ? (loose ?? NORMAL_NAMES[0]) : undefined;
  if (train.looseImages > 0 && looseClass === undefined) {
    throw new DataError(`${context.dir}/${trainName}: ${train.looseImages} images lie beside the class folders.`, {
      remedy: 'move them into a class folder, or leave the class folders out',
    });
  }
  const names = new Set([...train.folders, ...test.folders, ...(looseClass === undefined ? [] : [looseClass])]);
  const classes = [...names].sort();
  const labelOf = (folder: string): number => classes.indexOf(folder);
  const trainPart: Part =
    looseClass === undefined
      ? await readPart(context, trainName, train.folders, labelOf)
      : { folder: trainName, files: await findImages(context, trainName, labelOf(looseClass)) };
  const parts = { train: trainPart, test: await readPart(context, testName, test.folders, labelOf) };
  return loadParts(context, 'folder', classes, parts, { mayBeUntrained: true });
}

/** Every image below a folder, however deep, as one class: outlier-exposure images, or the outliers of a test. */
export async function loadAllImages(context: ReaderContext, name: string) {
  const files = await findImages(context, '', 0);
  if (files.length > 0) return loadImageFiles(context, name, ['outlier'], files);
  const isThere = (await context.platform.listFolder(context.dir)) !== null;
  throw new DataError(
    `${context.dir}: ${isThere ? 'there are no images in this folder' : 'there is no such folder'}.`,
    {
      details: ['expected a folder with .jpg, .png or .bmp files in it, or in folders in it'],
      remedy: 'the path of such a folder, or dead-leaves: generated images that need none',
    },
  );
}
