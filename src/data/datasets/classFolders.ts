/** Data sets stored as nested folders: parts (train, test), one folder per class in each, images at any depth below. */

import { DataError } from '../../base/errors.ts';
import { isSameName, type JoinedNames, listed, looseName } from '../../base/names.ts';
import { printable } from '../../base/text.ts';
import { looksLikeImage } from '../codecs/decode.ts';
import { listFolder } from '../files.ts';
import { findImages, type ImageFile, loadImageFiles } from '../imageFiles.ts';
import type { LoadedDataset } from '../imageSet.ts';
import type { ReaderContext } from '../request.ts';

/** The files of a part, by class. */
export interface Part {
  /** The original name of the folder. */
  folder: string;
  files: ImageFile[];
}

/** Common names for the class of normal images. */
export const NORMAL_NAMES = ['normal', 'good', 'ok', 'inlier'] as const;

/** Whether the name of a class alone marks it as normal. */
export const isNormalName = (name: string): boolean => (NORMAL_NAMES as readonly string[]).includes(looseName(name));

/**
 * The data set's subfolder with one of these names, earlier names first; undefined when there is none.
 * @throws DataError when several folders match the same name, because images would be left out
 */
export async function findPart(context: ReaderContext, names: readonly string[]): Promise<string | undefined> {
  const entries = (await listFolder(context, '')) ?? [];
  const folders = entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name);
  for (const wanted of names) {
    const found = folders.filter((folder) => isSameName(folder, wanted));
    if (found.length > 1) throw severalParts(context.dir, found);
    if (found.length === 1) return found[0];
  }
  return undefined;
}

function severalParts(dir: string, folders: readonly string[]): DataError {
  return new DataError(`${dir}: ${listed(folders)} are the same part of a data set.`, {
    remedy: 'move the images of both into one folder, or move one of them away',
  });
}

/** Notes which class folders of the two parts were merged, and which similarly named ones were not. */
export function noteJoined(
  { onNote }: ReaderContext,
  { joined, separate }: Pick<JoinedNames, 'joined' | 'separate'>,
  [first, second]: readonly [string, string],
): void {
  for (const [one, other] of joined) {
    onNote?.(`${listed([one, other])} are one class: ${first}/${one}, ${second}/${other}`);
  }
  for (const names of separate) onNote?.(`${listed(names)} are different classes: both are in one part`);
}

/** The class folders of a part, and the number of images outside them. */
export async function listClassFolders(
  context: ReaderContext,
  part: string,
): Promise<{ folders: string[]; looseImages: number }> {
  const entries = await listFolder(context, part);
  if (!entries) {
    throw new DataError(`${context.dir}/${part}: the folder cannot be listed: a link that leads nowhere.`, {
      remedy: 'put the folder where the link leads, or remove the link',
    });
  }
  return {
    folders: entries.filter(({ kind }) => kind === 'folder').map(({ name }) => name),
    looseImages: entries.filter(({ name, kind }) => kind === 'file' && looksLikeImage(name)).length,
  };
}

/** The images in class folders. @param labelOf maps a class folder to its label */
export async function readPart(
  context: ReaderContext,
  part: string,
  folders: readonly string[],
  labelOf: (folder: string) => number,
): Promise<Part> {
  const byFolder: ImageFile[][] = [];
  for (const folder of folders) byFolder.push(await findImages(context, `${part}/${folder}`, labelOf(folder)));
  return { folder: part, files: byFolder.flat() };
}

/**
 * Decodes both parts, and notes classes without images in one of them.
 * @param mayBeUntrained omits the note for classes without training images, which are the outliers
 * @throws DataError when a part has no images
 */
export async function loadParts(
  context: ReaderContext,
  name: string,
  classes: string[],
  parts: { train: Part; test: Part },
  { mayBeUntrained = false } = {},
): Promise<LoadedDataset> {
  for (const part of [parts.train, parts.test]) {
    if (part.files.length > 0) continue;
    throw new DataError(`${context.dir}/${part.folder}: there are no images in it.`, {
      details: [`expected ${part.folder}/CLASS/*.jpg (or .png, .bmp)`],
      remedy: 'put images there, or name another folder as the data set',
    });
  }
  if (!mayBeUntrained) noteEmptyClasses(context, name, classes, parts.train, 'training');
  noteEmptyClasses(context, name, classes, parts.test, 'test');
  const train = await loadImageFiles(context, `${name} train`, classes, parts.train.files);
  const { sampleBits } = train;
  const test = await loadImageFiles({ ...context, sampleBits }, `${name} test`, classes, parts.test.files);
  return { train: train.set, test: test.set, skipped: [...train.skipped, ...test.skipped], sampleBits };
}

function noteEmptyClasses(
  { onNote }: ReaderContext,
  name: string,
  classes: readonly string[],
  part: Part,
  what: string,
): void {
  const filled = new Set(part.files.map(({ label }) => label));
  const empty = classes.filter((_, label) => !filled.has(label));
  if (empty.length > 0) onNote?.(`${name}: no ${what} images of ${empty.map(printable).join(', ')} (${part.folder}/)`);
}
