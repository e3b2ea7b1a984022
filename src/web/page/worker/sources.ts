/** The user's files, with zips opened: each with its path, its size and access to its bytes. */
import type { SkippedFile } from '../../../data/imageSet.ts';
import { litterIn } from '../../../data/litter.ts';
import type { GivenFile } from '../../pageApi.ts';
import { cleanPath, commonRoot, litterAmong, partCalled } from './intake.ts';
import { filesInZip, isZip, UnreadableFile, type ZippedFile } from './zip.ts';

/** Larger files are not training images, and would exhaust the memory. */
export const MOST_FILE_BYTES = 250e6;

/** As a zip's: `bytes` before it is read, `read` with UnreadableFile. */
export type Source = ZippedFile;

/**
 * All files, in order. With other files beside it, a zip counts as a folder when its images lie in none, or when it is
 * called train, test or outliers. Litter is left out, and counted in `skipped`.
 */
export async function openSources(given: readonly GivenFile[]): Promise<{ sources: Source[]; skipped: SkippedFile[] }> {
  let sources: Source[] = [];
  const skipped: SkippedFile[] = [];
  for (const { path: givenPath, file } of given) {
    const path = cleanPath(givenPath);
    if (path === null) {
      skipped.push({ file: givenPath, reason: LEADS_OUT });
      continue;
    }
    const isOpened = litterIn(path) === null;
    try {
      if (file === null) throw new UnreadableFile('it cannot be opened: no permission, or it was taken away');
      if (isOpened && (await isZip(file))) {
        const entries = await filesInZip(file);
        if (entries.length === 0) throw new UnreadableFile('there are no files in this zip');
        for (const entry of entries) {
          if (cleanPath(entry.path) === null) skipped.push({ file: `${path}: ${entry.path}`, reason: LEADS_OUT });
        }
        sources = sources.concat(inside(entries, path, given.length > 1));
      } else sources.push({ path, bytes: file.size, read: () => readFile(file) });
    } catch (error) {
      skipped.push({ file: path, reason: reasonOf(error) });
    }
  }
  const litter = litterAmong(sources.map(({ path }) => path));
  return { sources: sources.filter(({ path }) => litterIn(path) === null), skipped: skipped.concat(litter) };
}

const LEADS_OUT = 'its name leads out of the folder that it is to be put into';

const ENDING = /\.zip$/i;

function inside(entries: readonly ZippedFile[], zip: string, hasNeighbors: boolean): Source[] {
  const cleaned = entries.flatMap((entry) => {
    const path = cleanPath(entry.path);
    return path === null ? [] : [{ ...entry, path }];
  });
  if (!hasNeighbors) return cleaned;
  const isPart = partCalled(zip.slice(zip.lastIndexOf('/') + 1).replace(ENDING, '')) !== undefined;
  const meant = cleaned.map(({ path }) => path).filter((path) => litterIn(path) === null);
  const root = commonRoot(meant, !isPart);
  const isFlat = meant.every((path) => !path.slice(root.length).includes('/'));
  const folder = isFlat || isPart ? `${zip.replace(ENDING, '')}/` : zip.slice(0, zip.lastIndexOf('/') + 1);
  return cleaned.map((entry) => ({
    ...entry,
    path: folder + (entry.path.startsWith(root) ? entry.path.slice(root.length) : entry.path),
  }));
}

/** The bytes of a source. @throws UnreadableFile with the reason when it is too large, or cannot be read */
export async function readSource({ bytes, read }: Source): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes > MOST_FILE_BYTES) {
    throw new UnreadableFile(`it has ${megabytes(bytes)}; files of up to ${megabytes(MOST_FILE_BYTES)} are read`);
  }
  return read();
}

async function readFile(file: File): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (cause) {
    throw new UnreadableFile('it cannot be opened: it was moved, changed or taken away since it was chosen', { cause });
  }
}

/** The message of an UnreadableFile; anything else is rethrown. */
export function reasonOf(error: unknown): string {
  if (error instanceof UnreadableFile) return error.message;
  throw error;
}

/** At least 1 MB: for sentences on sizes that are too large. */
export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en-US')} MB`;
