/** Imports one drop of files: read, decoded as a check, stored. */
import { ImageDecoder } from '../../../data/codecs/decode.ts';
import { headerSize } from '../../../data/codecs/headerSize.ts';
import { bitsOf, type DecodedImage } from '../../../data/codecs/rgb.ts';
import { UnreadableImage } from '../../../data/codecs/unreadable.ts';
import type { SkippedFile } from '../../../data/imageSet.ts';
import type { Platform } from '../../../platform/platform.ts';
import { thumbnailUri } from '../../../report/png.ts';
import type { Part, Picture } from '../../pageApi.ts';
import { numbered, type Placed } from './intake.ts';
import { PICTURE_SIDE } from './runs.ts';
import { readSource, reasonOf, type Source } from './sources.ts';
import { UnreadableFile } from './zip.ts';

/** An image takes 7 bytes per pixel while it is decoded. */
const MOST_PIXELS = 64e6;
/** Concurrent writes: each mostly waits for other processes. */
const MOST_WRITES = 8;
/** Small pictures of a part. */
const MOST_PICTURES = 24;

/** The images of a part. */
export interface StoredPart {
  /** Of each image, relative to the part's folder. */
  paths: string[];
  skipped: SkippedFile[];
  pictures: Picture[];
}

export type StoredParts = Record<Part, StoredPart | null>;

/** The class of an image of a part: the folder that it lies in. */
export const classNameOf = (path: string): string => (path.includes('/') ? path.split('/', 1)[0] : '');

export class Importer {
  /** Images that were added. */
  added = 0;
  readonly parts: StoredParts;
  readonly #files: Platform;
  readonly #folder: string;
  readonly #decoder: ImageDecoder;
  readonly #known: Set<string>;
  readonly #picturesAClass: Map<string, number>;
  readonly #writes = new Set<Promise<void>>();
  #failure: { error: unknown } | null = null;

  /** @param folder of the images   @param placed of all files that will be taken */
  constructor(files: Platform, folder: string, parts: StoredParts, placed: readonly Placed[]) {
    this.#files = files;
    this.#folder = folder;
    this.#decoder = new ImageDecoder(files);
    this.parts = structuredClone(parts);
    const stored = (Object.entries(parts) as [Part, StoredPart | null][]).flatMap(([part, content]) =>
      (content?.paths ?? []).map((path) => `${part}/${path}`),
    );
    this.#known = new Set(stored);
    const classes = new Set(placed.flatMap((each) => ('path' in each ? [keyOf(each.part, each.path)] : [])));
    this.#picturesAClass = new Map(
      [...classes].map((key) => [key, Math.max(1, Math.floor(MOST_PICTURES / classes.size))]),
    );
  }

  /** Adds the file at its place, or lists the reason why not. @param part of the drop */
  async take(source: Source, placed: Placed, part: Part): Promise<void> {
    if ('reason' in placed) return this.skip(part, source.path, placed.reason);
    try {
      await this.#store(await readSource(source), placed.part, placed.path);
    } catch (error) {
      if (error instanceof UnreadableImage) this.skip(placed.part, source.path, error.message);
      else this.skip(placed.part, source.path, reasonOf(error));
    }
  }

  /** Resolves when everything is written. Rejects when a write failed. */
  async finish(): Promise<void> {
    await Promise.all(this.#writes);
    if (this.#failure) throw this.#failure.error;
  }

  skip(part: Part, file: string, reason: string): void {
    this.#contentOf(part).skipped.push({ file, reason });
  }

  async #store(bytes: Uint8Array<ArrayBuffer>, part: Part, wanted: string): Promise<void> {
    const image = await decodeWithin(this.#decoder, bytes);
    const path = await this.#freePath(bytes, part, wanted);
    this.#known.add(`${part}/${path}`);
    this.#contentOf(part).paths.push(path);
    this.added++;
    await this.#write(part, path, bytes); // removed again when it cannot be stored
    await this.#show(bytes, image, part, path);
  }

  /** Starts a write as soon as few enough are in progress. Rejects with the error of an earlier one. */
  async #write(part: Part, path: string, bytes: Uint8Array): Promise<void> {
    while (this.#writes.size >= MOST_WRITES) await Promise.race(this.#writes);
    if (this.#failure) throw this.#failure.error;
    const write: Promise<void> = this.#files
      .writeFileAtomic(`${this.#folder}/${part}/${path}`, bytes)
      .catch((error) => {
        if (error.name === 'QuotaExceededError') this.#failure ??= { error };
        else this.#withdraw(part, path, error);
      })
      .finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  /** For a file that the browser cannot store: not every name in a zip is valid there. */
  #withdraw(part: Part, path: string, { message }: Error): void {
    const content = this.#contentOf(part);
    content.paths = content.paths.filter((each) => each !== path);
    content.pictures = content.pictures.filter((each) => each.path !== path);
    this.#known.delete(`${part}/${path}`);
    this.added--;
    this.skip(part, path, `the browser cannot store a file of this name: ${message}`);
  }

  /** @throws UnreadableFile when the very same image is there already */
  async #freePath(bytes: Uint8Array, part: Part, wanted: string): Promise<string> {
    let path = wanted;
    for (let number = 2; this.#known.has(`${part}/${path}`); number++) {
      await this.finish(); // it may be in progress
      if (isSame(bytes, await this.#files.readFile(`${this.#folder}/${part}/${path}`))) {
        throw new UnreadableFile('it is there already');
      }
      path = numbered(wanted, number);
    }
    return path;
  }

  async #show(bytes: Uint8Array, image: DecodedImage, part: Part, path: string): Promise<void> {
    const content = this.#contentOf(part);
    const left = this.#picturesAClass.get(keyOf(part, path)) ?? 0;
    if (left === 0 || content.pictures.length >= MOST_PICTURES) return;
    this.#picturesAClass.set(keyOf(part, path), left - 1);
    // scaled by its own range: that of the training set is unknown until all images are there
    const shown = image.largest16 === null ? image : await this.#decoder.decode(bytes, bitsOf(image.largest16) || 1);
    const uri = thumbnailUri(shown, PICTURE_SIDE);
    if (content.paths.includes(path)) content.pictures.push({ path, className: classNameOf(path), uri });
  }

  #contentOf(part: Part): StoredPart {
    this.parts[part] ??= { paths: [], skipped: [], pictures: [] };
    return this.parts[part];
  }
}

const keyOf = (part: Part, path: string): string => `${part}/${classNameOf(path)}`;

/** An image of up to MOST_PIXELS. @throws UnreadableImage */
export async function decodeWithin(
  decoder: ImageDecoder,
  bytes: Uint8Array,
  sampleBits?: number,
): Promise<DecodedImage> {
  const size = headerSize(bytes);
  if (size && size.width * size.height > MOST_PIXELS) {
    throw new UnreadableImage(
      `it has ${size.width} x ${size.height} pixels; images of up to ${MOST_PIXELS / 1e6} million pixels are read`,
    );
  }
  return decoder.decode(bytes, sampleBits);
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
