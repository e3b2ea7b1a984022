/** Image files to packs: read, decoded and resized once, then taken from the cache for as long as no byte changes. */
import { sha256 } from '../base/contentHash.ts';
import { DataError } from '../errors.ts';
import { ImageDecoder, looksLikeImage } from './codecs/decode.ts';
import { UnreadableImage } from './codecs/unreadable.ts';
import { failureOf, listFilesBelow } from './files.ts';
import { type ImageSet, packImages, type RgbImage, type SkippedFile } from './imageSet.ts';
import { type Pack, PackCache } from './packCache.ts';
import type { ReaderContext } from './request.ts';
import { packSide, resizeShortSide } from './resize.ts';

/** An image to be read. */
export interface ImageFile {
  /** Relative to the data set's folder; also what the image is called. */
  path: string;
  /** Index of its class. */
  label: number;
}

/** Files that are opened at a time. */
const READ_AHEAD = 32;

/** The image files below a folder (relative to it, which may be missing), as files of one class. */
export async function findImages(
  { platform, dir }: ReaderContext,
  folder: string,
  label: number,
): Promise<ImageFile[]> {
  const root = folder ? `${dir}/${folder}` : dir;
  const names = (await listFilesBelow(platform, root)).filter((path) => looksLikeImage(path.split('/').at(-1)!));
  return names.map((name) => ({ path: folder ? `${folder}/${name}` : name, label }));
}

/**
 * The files as an image set, in their order; images are resized to the pack's side, but those of just the input's size
 * (CIFAR's case) are left as they are.
 * @param name of the set, as progress and errors show it
 * @throws DataError that names the first unreadable file, unless `skipBad` is set
 */
export async function loadImageFiles(
  context: ReaderContext,
  name: string,
  classes: string[],
  files: readonly ImageFile[],
): Promise<{ set: ImageSet; skipped: SkippedFile[] }> {
  const pack = await loadPack(context, name, files);
  const skipped = [...pack.skipped].map(([index, reason]) => ({ file: `${context.dir}/${files[index].path}`, reason }));
  if (skipped.length > 0) {
    if (!context.skipBad) throw unreadable(skipped[0]);
    context.onNote?.(
      `${name}: ${skipped.length} of ${files.length} files cannot be read and are left out (first: ${skipped[0].file}: ${skipped[0].reason})`,
    );
  }
  const kept = files.filter((_, index) => !pack.skipped.has(index));
  const labels = Int32Array.from(kept, ({ label }) => label);
  return {
    set: { name, synthetic: false, classes, images: pack.images, labels, paths: kept.map(({ path }) => path) },
    skipped,
  };
}

async function loadPack(context: ReaderContext, name: string, files: readonly ImageFile[]): Promise<Pack> {
  if (files.length === 0) return { images: await packImages([]), skipped: new Map() };
  const cache = new PackCache(context.platform);
  const key = await packKey(context, name, files);
  const cached = await reading(context, name, cache.read(key));
  if (cached) {
    context.onProgress?.(name, files.length, files.length);
    return cached;
  }
  const pack = await decodeFiles(context, name, files);
  try {
    await cache.write(key, pack);
  } catch (error) {
    context.onNote?.(`decoded images cannot be kept in ${context.platform.cacheFolder}: ${failureOf(error)}`);
  }
  return pack;
}

/** Depends on the bytes of the files and their order, on what becomes of them, and on nothing else. */
async function packKey(context: ReaderContext, name: string, files: readonly ImageFile[]): Promise<string> {
  const hashes: string[] = [`input ${context.inputSize}`];
  await inGroups(
    context,
    name,
    files,
    async (file) => {
      const bytes = await readImage(context, file);
      return bytes instanceof UnreadableImage ? bytes.message : sha256(bytes);
    },
    (hash) => {
      hashes.push(hash);
    },
  );
  return sha256(new TextEncoder().encode(hashes.join('\n')));
}

async function decodeFiles(context: ReaderContext, name: string, files: readonly ImageFile[]): Promise<Pack> {
  const decoder = new ImageDecoder(context.platform);
  const images: RgbImage[] = [];
  const skipped = new Map<number, string>();
  let done = 0;
  context.onProgress?.(name, 0, files.length);
  await inGroups(
    context,
    name,
    files,
    (file) => readImage(context, file),
    async (bytes) => {
      try {
        if (bytes instanceof UnreadableImage) throw bytes;
        images.push(fitted(await decoder.decode(bytes), context.inputSize));
      } catch (error) {
        if (!(error instanceof UnreadableImage)) throw error;
        if (!context.skipBad) throw unreadable({ file: `${context.dir}/${files[done].path}`, reason: error.message });
        skipped.set(done, error.message);
      }
      done++;
      if (done % READ_AHEAD === 0 || done === files.length) context.onProgress?.(name, done, files.length);
    },
  );
  return { images: await packImages(images), skipped };
}

/** A file's bytes, or why there are none: a file that cannot be opened is one more that cannot be read. */
async function readImage(
  { platform, dir }: ReaderContext,
  { path }: ImageFile,
): Promise<Uint8Array<ArrayBuffer> | UnreadableImage> {
  try {
    return await platform.readFile(`${dir}/${path}`);
  } catch (cause) {
    return new UnreadableImage(`it cannot be opened: ${failureOf(cause)}`, { cause });
  }
}

/** Reads a group of items at once, then uses the results one by one, in order. */
async function inGroups<T, R>(
  context: ReaderContext,
  name: string,
  items: readonly T[],
  read: (item: T) => Promise<R>,
  use: (result: R) => void | Promise<void>,
): Promise<void> {
  for (let start = 0; start < items.length; start += READ_AHEAD) {
    const group = Promise.all(items.slice(start, start + READ_AHEAD).map(read));
    for (const result of await reading(context, name, group)) {
      await context.watch?.look(`${name} was read`);
      await use(result);
    }
  }
}

/** The result of reading something of a set; an interrupt does not wait for a slow disk. */
export function reading<T>({ watch }: ReaderContext, name: string, work: Promise<T>): Promise<T> {
  return watch ? watch.during(work, `${name} was read`) : work;
}

/** An image as packs hold it, for a network input of this side; one that was fitted before stays as it is. */
export function fitted(image: RgbImage, inputSize: number): RgbImage {
  if (image.width === inputSize && image.height === inputSize) return image;
  return resizeShortSide(image, packSide(inputSize));
}

function unreadable({ file, reason }: SkippedFile): DataError {
  return new DataError(`${file}: ${reason}.`, {
    remedy: 'replace or remove the file, or --skip-bad to leave unreadable images out and list them',
  });
}
