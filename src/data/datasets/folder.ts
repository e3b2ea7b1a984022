/**
 * A user's own images: train/ and test/, with one folder per class (images directly in train/ form one class). If the test
 * is missing or has no normal images, every fifth training image, by path, moves to the test.
 */

import { DataError } from '../../base/errors.ts';
import { joinNames, looseName } from '../../base/names.ts';
import { type DatasetSpec, PLAIN_STATISTICS } from '../dataset.ts';
import { findImages, type ImageFile, loadImageFiles } from '../imageFiles.ts';
import type { LoadedDataset } from '../imageSet.ts';
import type { ReaderContext } from '../request.ts';
import {
  findPart,
  isNormalName,
  listClassFolders,
  loadParts,
  NORMAL_NAMES,
  noteJoined,
  type Part,
  readPart,
} from './classFolders.ts';

export const folder: DatasetSpec<'folder'> = {
  name: 'folder',
  title: 'Your own images',
  summary: 'your own images: DIR/train/CLASS/*, DIR/test/CLASS/*',
  classes: [],
  defaultNormal: null,
  size: 224,
  recipe: () => ({ scale: [0.08, 1], lambda: 0.1 }),
  statistics: PLAIN_STATISTICS,
  source: {
    read: readFolder,
    layout: ['train/CLASS/*.jpg (or .png, .bmp)', 'test/CLASS/*.jpg, outliers included'],
    origin: 'your own images',
    isAnyFolder: true,
  },
};

/** Common names of other tools for the two parts, used in messages about folders that are not read. */
const OTHER_TRAIN = ['training', 'trainset'];
const OTHER_TEST = ['testing', 'tests', 'testset', 'val', 'valid', 'validation', 'eval'];

/** Without a separate test set, one image in so many is used for testing. */
const TEST_EVERY = 5;

/**
 * @returns null when the folder contains no images
 * @throws DataError when there is no training part, or a part has no images
 */
async function readFolder(context: ReaderContext): Promise<LoadedDataset | null> {
  const train = await findPart(context, ['train']);
  const test = await findPart(context, ['test']);
  if (train !== undefined) return loadTrainAndTest(context, train, test);
  const files = await findImages(context, '', 0);
  if (files.length === 0) return null;
  const found = test === undefined ? '' : `${test}/, `;
  const training = await findPart(context, OTHER_TRAIN);
  const inner = files.map(({ path }) => /^(.+?)\/train\//i.exec(path)?.[1]).find((outer) => outer !== undefined);
  throw new DataError(`${context.dir}: expected train/ and test/ in it, found ${found}${files.length} images.`, {
    details: [
      'train/CLASS/*.jpg  to learn from; train/*.jpg for a single class',
      'test/CLASS/*.jpg   to test on, outliers included; without it, a fifth of the training images is held out',
    ],
    remedy: inner
      ? `--data ${context.dir}/${inner}, which has a train/`
      : training
        ? `rename ${training}/ to train/, and the folder of test images to test/`
        : 'move the images into such folders',
  });
}

/** @throws DataError when there are too few images for both */
function heldOut(context: ReaderContext, { folder, files }: Part): { train: Part; test: Part } {
  if (files.length > 0 && files.length < TEST_EVERY) {
    throw new DataError(`${context.dir}/${folder}: ${files.length} images, expected ${TEST_EVERY} or more.`, {
      details: [`without normal test images, every ${TEST_EVERY}th of these tests`],
      remedy: 'more images, or normal ones in test/',
    });
  }
  const isTest = (index: number): boolean => index % TEST_EVERY === TEST_EVERY - 1;
  return {
    train: { folder, files: files.filter((_, index) => !isTest(index)) },
    test: { folder, files: files.filter((_, index) => isTest(index)) },
  };
}

async function loadTrainAndTest(
  context: ReaderContext,
  trainName: string,
  testName: string | undefined,
): Promise<LoadedDataset> {
  const otherTest = testName === undefined ? await findPart(context, OTHER_TEST) : undefined;
  if (otherTest !== undefined) context.onNote?.(`${otherTest}/ is not read: test images are expected in test/`);
  const train = await listClassFolders(context, trainName);
  const test = testName === undefined ? { folders: [], looseImages: 0 } : await listClassFolders(context, testName);
  if (test.looseImages > 0) {
    throw new DataError(`${context.dir}/${testName}: ${test.looseImages} images lie in no class folder.`, {
      details: [`expected ${testName}/CLASS/*.jpg: a test image without a class tests nothing`],
      remedy: `move them into ${testName}/normal, ${testName}/defect or whatever they are`,
    });
  }
  // Images directly in train/ form one class: the one that the test part treats as normal, whatever its name there.
  const loose = NORMAL_NAMES.map((name) => test.folders.find((folder) => looseName(folder) === name)).find(Boolean);
  const looseClass = train.looseImages > 0 && train.folders.length === 0 ? (loose ?? NORMAL_NAMES[0]) : undefined;
  if (train.looseImages > 0 && looseClass === undefined) {
    throw new DataError(`${context.dir}/${trainName}: ${train.looseImages} images lie beside the class folders.`, {
      remedy: 'move them into a class folder, or leave the class folders out',
    });
  }
  const trained = looseClass === undefined ? train.folders : [looseClass];
  const names = joinNames(trained, test.folders, [`${trainName}/`, `${testName}/`]);
  noteJoined(context, names, [trainName, testName ?? '']);
  const { classes } = names;
  const labelOf = (folder: string): number => classes.indexOf(folder);
  const trainPart: Part =
    looseClass === undefined
      ? await readPart(context, trainName, train.folders, labelOf)
      : { folder: trainName, files: await findImages(context, trainName, labelOf(looseClass)) };
  const testPart =
    testName === undefined
      ? null
      : await readPart(context, testName, test.folders, (folder) => labelOf(names.classOf(folder)));
  const trainLabels = new Set(trainPart.files.map(({ label }) => label));
  const isNormal = ({ label }: ImageFile) => trainLabels.has(label) || isNormalName(classes[label]);
  const isWhole = testPart !== null && (testPart.files.length === 0 || testPart.files.some(isNormal));
  const parts = isWhole ? { train: trainPart, test: testPart } : heldOut(context, trainPart);
  if (!isWhole) {
    context.onNote?.(
      `no normal test images were given: every ${TEST_EVERY}th training image (${parts.test.files.length} of ${trainPart.files.length}) tests instead`,
    );
    parts.test.files = parts.test.files.concat(testPart?.files ?? []);
  }
  return loadParts(context, 'folder', classes, parts, { mayBeUntrained: true });
}

/** All images below a folder, at any depth, as one class: outlier-exposure images, or the outliers of a test. */
export async function loadAllImages(context: ReaderContext, name: string) {
  const files = await findImages(context, '', 0);
  if (files.length > 0) return loadImageFiles(context, name, ['outlier'], files);
  const { platform, dir } = context;
  const isFolder = (await platform.listFolder(dir)) !== null;
  const isFile = !isFolder && (await platform.exists(dir));
  const found = isFolder ? 'there are no images in this folder' : isFile ? 'it is a file' : 'there is no such folder';
  throw new DataError(`${dir}: ${found}.`, {
    details: ['expected a folder with .jpg, .png or .bmp files in it, or in folders in it'],
    remedy: `${isFile ? 'unpack it if it is an archive: ' : ''}the path of such a folder`,
  });
}
