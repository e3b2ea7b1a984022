/**
 * What systems and programs leave next to a user's files: thumbnails, recycle bins, resource forks, snapshots. They often
 * contain copies of images, and are never part of a data set: on disk, in a zip, or dropped on the page.
 */
import { looksLikeImage } from './codecs/decode.ts';

/** In lower case. Hidden files (`.Trash-1000`, `.thumbnails`, `.ipynb_checkpoints`, `._x.jpg`) need no entry. */
const LITTER: readonly string[] = [
  '__macosx', // macOS, in zips
  'icon\r',
  'network trash folder',
  'temporary items',
  'thevolumesettingsfolder',
  '@eadir', // Synology
  '@tmp',
  '@sharebin',
  '@sharesnap',
  '@synoeastream',
  '@synoresource',
  '#synorecycle',
  '#recycle',
  '#snapshot',
  '@recycle', // QNAP
  '@recently-snapshot',
  '@__thumb',
  '$recycle.bin', // Windows
  'recycler',
  'recycled',
  'system volume information',
  'thumbs.db',
  'ehthumbs.db',
  'ehthumbs_vista.db',
  'desktop.ini',
  '~snapshot', // NetApp
  'lost+found', // Linux
  '__pycache__', // Python
];

/** Created by a Windows disk check: found.000. */
const RECOVERED = /^found\.\d{3}$/i;

/** Whether a file or folder of this name is litter: hidden, or left behind by a system or program. */
export const isLitter = (name: string): boolean =>
  name.startsWith('.') || LITTER.includes(name.toLowerCase()) || RECOVERED.test(name);

/** Whether a file would count as an image if it were not litter, as `._00.png` would. */
export const isLitterImage = (name: string): boolean => looksLikeImage(name.replace(/^[._]+/, ''));

/** The part of a path that is litter, down to its first such folder or file; null when nothing in it is. */
export function litterIn(path: string): { folder: string; isFile: boolean } | null {
  const names = path.split('/');
  const at = names.findIndex(isLitter);
  if (at < 0) return null;
  const isFile = at === names.length - 1;
  return { folder: names.slice(0, isFile ? at : at + 1).join('/'), isFile };
}

/** Number of places that a note names; others are counted. */
const MOST_PLACES = 4;

/** What was skipped among a set's files, for one note per kind. */
export class PassedOver {
  readonly #images = new Map<string, number>();
  readonly #loops = new Set<string>();

  /** Images below a litter folder, or hidden files next to others. A place may be reported repeatedly. */
  setImages(folder: string, isFile: boolean, count: number): void {
    if (count > 0) this.#images.set(isFile ? `hidden in ${folder || 'it'}` : `in ${folder}`, count);
  }

  /** A link to a folder that contains it. */
  addLoop(path: string): void {
    this.#loops.add(path);
  }

  /** One note per kind. */
  notes(dir: string): string[] {
    const loops = [...this.#loops].map(
      (path) => `${dir}/${path}: a link back to a folder that it lies in; it is not followed`,
    );
    if (this.#images.size === 0) return loops;
    const all = [...this.#images].reduce((sum, [, count]) => sum + count, 0);
    const places = [...this.#images].map(([place, count]) => `${count} ${place}`);
    const rest = places.length > MOST_PLACES ? `, and in ${places.length - MOST_PLACES} more places` : '';
    const shown = places.slice(0, MOST_PLACES).join(', ') + rest;
    const files = all === 1 ? '1 image file' : `${all} image files`;
    return [...loops, `${dir}: ${files} left behind by systems or programs, not used: ${shown}`];
  }
}
