/** The image files that paths of files and folders stand for: names alone, none of them is opened. */
import { DataError } from '../base/errors.ts';
import { findImages } from '../data/imageFiles.ts';
import type { SkippedFile } from '../data/imageSet.ts';
import { readAt } from '../data/request.ts';
import type { Platform } from '../platform/platform.ts';
import { pathOf, wrongArgument } from './arguments.ts';

interface ListedImages {
  files: string[];
  /** Folders that cannot be listed. */
  skipped: SkippedFile[];
  /** What was passed over in folders: copies that systems leave there. */
  notes: string[];
}

/**
 * Files as they are given, and the images below folders, in the order of their paths.
 * @throws UsageError for what is no path; DataError for a path where nothing is, a folder without images, and, unless
 *   `skipBad` is set, one that cannot be listed
 */
export async function listImages(platform: Platform, paths: Iterable<string>, skipBad: boolean): Promise<ListedImages> {
  const listed: ListedImages = { files: [], skipped: [], notes: [] };
  for (const [index, given] of [...paths].entries()) {
    const path = pathOf(given);
    if (path === null) throw wrongArgument(`scoreEach: paths[${index}]`, given, 'the path of an image or of a folder');
    if ((await platform.listFolder(path)) !== null) await listFolder(platform, path, listed, skipBad);
    else if (await platform.exists(path)) listed.files.push(path);
    else {
      throw new DataError(`${path}: there is no such file or folder.`, {
        remedy: 'the path of an image, or of a folder',
      });
    }
  }
  return listed;
}

async function listFolder(platform: Platform, path: string, listed: ListedImages, skipBad: boolean): Promise<void> {
  const options = { inputSize: 1, seed: 0, onNote: (text: string) => listed.notes.push(text) };
  await readAt(platform, path, options, async (context) => {
    const found = await findImages(context, '', 0);
    if (found.length === 0) {
      throw new DataError(`${path}: there are no images in this folder.`, {
        details: ['expected .jpg, .png or .bmp files in it, or in folders in it'],
        remedy: 'the path of an image, or of a folder of images',
      });
    }
    for (const { path: name, problem } of found) {
      const file = `${context.dir}/${name}`;
      if (problem === undefined) listed.files.push(file);
      else if (skipBad) listed.skipped.push({ file, reason: problem });
      else throw new DataError(`${file}: ${problem}.`, { remedy: 'leave it out, or skip it: --skip-bad' });
    }
  });
}
