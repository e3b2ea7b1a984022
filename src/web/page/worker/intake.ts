/**
 * Where the files of a drop go: which are images, and which part and class they belong to, from their paths alone. Folders
 * are classes; a single folder around them, as a drop or a zip often has, is not.
 */

import { DataError } from '../../../base/errors.ts';
import { isSameName, listed } from '../../../base/names.ts';
import { looksLikeImage } from '../../../data/codecs/decode.ts';
import type { SkippedFile } from '../../../data/imageSet.ts';
import { isLitterImage, litterIn } from '../../../data/litter.ts';
import type { Part } from '../../pageApi.ts';

/** The class of training images outside any folder. */
export const ONLY_CLASS = 'normal';
/** Maximum depth of folders: deeper than any real data set. */
const MOST_FOLDERS = 16;

/** What becomes of a file: its place below a part's folder, or why it has none. */
export type Placed = { part: Part; path: string } | { reason: string };

/** The images among litter, as entries of a list of what was left out: one for each place. */
export function litterAmong(paths: readonly string[]): SkippedFile[] {
  const passedOver = new Map<string, number>();
  for (const path of paths) {
    const found = litterIn(path);
    if (!found || !isLitterImage(path.slice(path.lastIndexOf('/') + 1))) continue;
    const place = found.isFile ? `${found.folder ? `${found.folder}/` : ''}.*` : found.folder;
    passedOver.set(place, (passedOver.get(place) ?? 0) + 1);
  }
  return [...passedOver].map(([file, count]) => ({
    file,
    reason: `${count === 1 ? '1 image file' : `${count} image files`} left behind by systems or programs`,
  }));
}

/**
 * A path with forward slashes, without empty parts and steps to this folder or, inside the path, to the one above; null
 * when it leads out of where it is taken from (`../a`, `/a`, `C:/a`), as in zips that mean harm.
 */
export function cleanPath(path: string): string | null {
  const slashed = path.replaceAll('\\', '/');
  if (slashed.startsWith('/') || /^[a-z]:/i.test(slashed)) return null;
  const parts: string[] = [];
  for (const part of slashed.split('/')) {
    if (part === '..' && parts.pop() === undefined) return null;
    if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  return parts.join('/');
}

/** What becomes of each file of a drop on a part, in their order. @param paths cleaned, no litter among them   @throws DataError */
export function placeFiles(paths: readonly string[], part: Part): Placed[] {
  const isImage = paths.map((path) => looksLikeImage(path.split('/').at(-1)!));
  const images = paths.filter((_, index) => isImage[index]);
  const root = commonRoot(images);
  const inner = images.map((path) => path.slice(root.length));
  const parts = part === 'train' ? partFolders(inner) : null;
  const hasFolders = inner.some((path) => path.includes('/'));
  return paths.map((path, index) => {
    if (!isImage[index]) return { reason: 'it is not an image: JPEG, PNG and BMP are read' };
    const own = path.slice(root.length);
    if (own.split('/').length > MOST_FOLDERS) return { reason: `more than ${MOST_FOLDERS} folders in each other` };
    if (parts === null) return placeIn(part, own, hasFolders);
    const [top, ...rest] = own.split('/');
    const found = rest.length > 0 ? parts.get(top) : undefined;
    if (found === undefined) return { reason: `it lies beside the folders ${[...parts.keys()].join(', ')}` };
    const below = rest.join('/');
    const isSorted = inner.some((each) => each.startsWith(`${top}/`) && each.split('/').length > 2);
    return placeIn(found, below, isSorted);
  });
}

/** @param isSorted whether any file of the part lies in a folder */
function placeIn(part: Part, path: string, isSorted: boolean): Placed {
  if (part === 'outliers' || path.includes('/')) return { part, path };
  if (part === 'test') {
    return {
      reason: 'a test image needs a folder that says what it is, as normal/ or defect/: without one it tests nothing',
    };
  }
  return isSorted
    ? { reason: 'it lies beside the class folders, in none of them' }
    : { part, path: `${ONLY_CLASS}/${path}` };
}

/**
 * The folders around all images that are no classes, with the slash at the end: as long as all images lie in one folder,
 * and some of them in a folder of it.
 * @param keepsParts whether train/ and the like are left, for other files beside these
 */
export function commonRoot(paths: readonly string[], keepsParts = false): string {
  let root = '';
  for (;;) {
    const rest = paths.map((path) => path.slice(root.length));
    const top = rest[0]?.split('/', 1)[0];
    const isAround =
      rest.every((path) => path.startsWith(`${top}/`)) && rest.some((path) => path.split('/').length > 2);
    if (rest.length === 0 || !isAround || (keepsParts && partCalled(top))) return root;
    root += `${top}/`;
  }
}

const PARTS: readonly Part[] = ['train', 'test', 'outliers'];

/** The part that a folder's or a zip's name means. */
export const partCalled = (name: string): Part | undefined => PARTS.find((part) => isSameName(part, name));

/**
 * The folders that are parts of a data set, when there is a train/ among them; else null.
 * @throws DataError when two folders are the same part, as on the command line
 */
function partFolders(paths: readonly string[]): Map<string, Part> | null {
  const tops = new Set(paths.filter((path) => path.includes('/')).map((path) => path.split('/', 1)[0]));
  const found = [...tops].flatMap((top): [string, Part][] => {
    const part = partCalled(top);
    return part ? [[top, part]] : [];
  });
  if (!found.some(([, part]) => part === 'train')) return null;
  for (const part of PARTS) {
    const same = found.filter(([, each]) => each === part).map(([top]) => top);
    if (same.length > 1) {
      throw new DataError(`${listed(same)} are the same part of a data set.`, {
        remedy: 'put the images of both into one folder, or leave one of them out',
      });
    }
  }
  return new Map(found);
}

/** The same path with a number before its ending: `a/b.png`, 2 -> `a/b-2.png`. */
export function numbered(path: string, number: number): string {
  const dot = path.lastIndexOf('.');
  return dot > path.lastIndexOf('/') + 1 ? `${path.slice(0, dot)}-${number}${path.slice(dot)}` : `${path}-${number}`;
}
