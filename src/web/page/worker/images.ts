/**
 * The user's images in the origin private file system, in the layout of the `folder` data set, and a list of them:
 * data/index.json. A file below data/ID that is not listed is left over from an incomplete import.
 */

import { DataError } from '../../../base/errors.ts';
import { parseObject } from '../../../base/json.ts';
import { listFilesBelow } from '../../../data/files.ts';
import type { SkippedFile } from '../../../data/imageSet.ts';
import type { OriginStorage } from '../../../platform/browserStorage.ts';
import type { Platform } from '../../../platform/platform.ts';
import type { DataContent, GivenFile, Part, PartContent } from '../../pageApi.ts';
import { classNameOf, Importer, type StoredPart, type StoredParts } from './importer.ts';
import { placeFiles } from './intake.ts';
import { MOST_FILE_BYTES, megabytes, openSources, type Source } from './sources.ts';

const DATA = 'data';
const INDEX = `${DATA}/index.json`;
const NO_PARTS: StoredParts = { train: null, outliers: null, test: null };

/** Space that an import leaves free, for packed images, checkpoints and the browser itself. */
const SPARE_BYTES = 64e6;
/** Files between two calls of onProgress. */
const TELL_EVERY = 8;

interface Index {
  id: string;
  parts: StoredParts;
}

export class Images {
  readonly #files: Platform;
  readonly #storage: OriginStorage;

  constructor(files: Platform, storage: OriginStorage) {
    this.#files = files;
    this.#storage = storage;
  }

  async read(): Promise<DataContent> {
    const index = await this.#index();
    const stored = index?.parts ?? NO_PARTS;
    const parts = {
      train: contentOf(stored.train),
      outliers: contentOf(stored.outliers),
      test: contentOf(stored.test),
    };
    return { id: index?.id ?? null, parts, ...(await this.#storage.room()) };
  }

  /** Whether the current images are in this folder; after all are removed, new ones get a new folder. */
  async holds(folder: string): Promise<boolean> {
    const index = await this.#index();
    return index !== null && folder === `${DATA}/${index.id}`;
  }

  /**
   * Adds images to a part, or to all parts when the files lie in train/, test/ and outliers/. All of it, or nothing.
   * @throws DataError when none of the files is an image, or when there is no room
   */
  async add(part: Part, given: readonly GivenFile[], onProgress: (done: number, total: number) => void): Promise<void> {
    await this.tidy();
    void this.#storage.persist(); // some browsers ask the user first
    const { sources, skipped } = await openSources(given);
    const paths = sources.map(({ path }) => path);
    const placed = placeFiles(paths, part);
    await this.#requireRoom(sources.filter((_, at) => 'path' in placed[at]));
    const { id, parts } = (await this.#index()) ?? { id: randomName(), parts: NO_PARTS };
    const importer = new Importer(this.#files, `${DATA}/${id}`, parts, placed);
    for (const { file, reason } of skipped) importer.skip(part, file, reason);
    try {
      for (const [at, source] of sources.entries()) {
        if (at % TELL_EVERY === 0) onProgress(at, sources.length);
        await importer.take(source, placed[at], part);
      }
      await importer.finish();
      if (importer.added === 0) {
        throw nothingAdded(importer.parts[part]?.skipped.slice(parts[part]?.skipped.length) ?? []);
      }
      await this.#writeIndex(id, importer.parts);
      await this.#storage.removeFolder(this.#files.cacheFolder); // packs of other images are no longer needed
    } catch (error) {
      await importer.finish().catch(() => {}); // a write that completes later would not be cleaned up
      await this.tidy();
      if ((error as Error).name !== 'QuotaExceededError') throw error;
      throw noRoom(sumOfBytes(sources), await this.#storage.room(), error);
    }
    onProgress(sources.length, sources.length);
  }

  /** Removes the images of a part, and their packs. */
  async remove(part: Part): Promise<void> {
    const index = await this.#index();
    if (index === null) return;
    const parts = { ...index.parts, [part]: null };
    if (Object.values(parts).every((each) => each === null)) await this.#files.removeFile(INDEX);
    else await this.#writeIndex(index.id, parts);
    await this.#storage.removeFolder(this.#files.cacheFolder);
    await this.tidy();
  }

  /** Removes files that are not listed, which later training would read. */
  async tidy(): Promise<void> {
    const index = await this.#index();
    for (const { name, kind } of (await this.#files.listFolder(DATA)) ?? []) {
      if (kind === 'folder' && name !== index?.id) await this.#storage.removeFolder(`${DATA}/${name}`);
    }
    if (index === null) return;
    for (const [part, stored] of Object.entries(index.parts)) {
      const folder = `${DATA}/${index.id}/${part}`;
      if (stored === null) await this.#storage.removeFolder(folder);
      const known = new Set(stored?.paths);
      for (const { path } of await listFilesBelow({ platform: this.#files, dir: folder }, '')) {
        if (!known.has(path)) await this.#files.removeFile(`${folder}/${path}`);
      }
    }
  }

  async #index(): Promise<Index | null> {
    if (!(await this.#files.exists(INDEX))) return null;
    const text = new TextDecoder().decode(await this.#files.readFile(INDEX));
    return parseObject<Index>(
      text,
      INDEX,
      "clear this site's data in the browser's settings, and add the images again",
    );
  }

  #writeIndex(id: string, parts: StoredParts): Promise<void> {
    const index: Index = { id, parts };
    return this.#files.writeFileAtomic(INDEX, new TextEncoder().encode(JSON.stringify(index)));
  }

  async #requireRoom(sources: readonly Source[]): Promise<void> {
    const needed = sumOfBytes(sources.filter(({ bytes }) => bytes <= MOST_FILE_BYTES)); // others are refused one by one
    const room = await this.#storage.room();
    if (needed + SPARE_BYTES > room.quota - room.usage) throw noRoom(needed, room);
  }
}

function contentOf(stored: StoredPart | null): PartContent | null {
  if (stored === null) return null;
  const { paths, skipped, pictures } = stored;
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(classNameOf(path), (counts.get(classNameOf(path)) ?? 0) + 1);
  const classes = [...counts].map(([name, images]) => ({ name, images })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return { images: paths.length, classes, skipped, pictures };
}

const sumOfBytes = (sources: readonly Source[]): number => sources.reduce((sum, { bytes }) => sum + bytes, 0);

/** Unique within this origin, without meaning. */
const randomName = (): string => crypto.randomUUID().slice(0, 8);

function nothingAdded(skipped: readonly SkippedFile[]): DataError {
  const details = skipped.slice(0, 5).map(({ file, reason }) => `${file}: ${reason}`);
  if (skipped.length > 5) details.push(`and ${skipped.length - 5} more`);
  return new DataError('none of these files could be added.', {
    details,
    remedy: 'JPEG, PNG or BMP images, in folders or in a zip',
  });
}

function noRoom(needed: number, { usage, quota }: { usage: number; quota: number }, cause?: unknown): DataError {
  return new DataError('there is no room for these images: nothing was added.', {
    details: [
      `needed  ${megabytes(needed)}`,
      `free    ${megabytes(Math.max(0, quota - usage))} of the ${megabytes(quota)} that the browser gives this page`,
    ],
    remedy: 'free space on the disk, remove images and runs that are no longer needed, or scale the images down',
    cause,
  });
}
