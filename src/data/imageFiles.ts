/** Image files to packs: read, decoded and resized once, then taken from the cache as long as no byte changes. */
import { sha256 } from '../base/contentHash.ts';
import { DataError } from '../base/errors.ts';
import { printable } from '../base/text.ts';
import { ALL_BITS, isDeepPng, looksLikeImage } from './codecs/decode.ts';
import { bitsOf } from './codecs/rgb.ts';
import { UnreadableImage } from './codecs/unreadable.ts';
import { failureOf, listFilesBelow, reading } from './files.ts';
import { fitted } from './fit.ts';
import { type ImageSet, packImages, type RgbImage, type SkippedFile } from './imageSet.ts';
import { type Pack, PackCache } from './packCache.ts';
import { noteOf, Remarks } from './remarks.ts';
import type { ReaderContext } from './request.ts';

/** An image to be read. */
export interface ImageFile {
  /** Relative to the data set's folder; also the name of the image. */
  path: string;
  /** Index of its class. */
  label: number;
  /** Why it cannot be read, if known before it is opened: a folder that cannot be listed. */
  problem?: string;
}

/** Number of files opened at a time. */
const READ_AHEAD = 32;

/** The image files below a folder (relative to it, which may be missing), as files of one class. */
export async function findImages(context: ReaderContext, folder: string, label: number): Promise<ImageFile[]> {
  const found = await listFilesBelow(context, folder);
  return found
    .filter(({ path, problem }) => problem !== undefined || looksLikeImage(path.split('/').at(-1)!))
    .map((file) => ({ ...file, label }));
}

/** Decoded images, and what is needed to read others in the same way. */
export interface LoadedImages {
  set: ImageSet;
  skipped: SkippedFile[];
  /** Bits of 16-bit samples that are used; null when no image has 16 bits. */
  sampleBits: number | null;
}

/**
 * The files as an image set, in their order, fitted to the size of packs.
 * @param name of the set, as progress and errors show it
 * @throws DataError that names the first unreadable file, unless `skipBad` is set
 */
export async function loadImageFiles(
  context: ReaderContext,
  name: string,
  classes: string[],
  files: readonly ImageFile[],
): Promise<LoadedImages> {
  const pack = await loadPack(context, name, files);
  const skipped = [...pack.skipped].map(([index, reason]) => skippedFile(context, files[index], reason));
  if (skipped.length > 0) {
    if (!context.skipBad) throw unreadable(skipped[0]);
    context.onNote?.(
      `${name}: ${skipped.length} of ${files.length} files cannot be read and are left out (first: ${skipped[0].file}: ${skipped[0].reason})`,
    );
  }
  for (const remark of pack.remarks) {
    context.onNote?.(`${name}: ${noteOf(remark, files.length, (at) => printable(`${context.dir}/${files[at].path}`))}`);
  }
  const kept = files.filter((_, index) => !pack.skipped.has(index));
  const labels = Int32Array.from(kept, ({ label }) => label);
  return {
    set: {
      name,
      synthetic: false,
      classes: classes.map(printable),
      images: pack.images,
      labels,
      paths: kept.map(({ path }) => printable(path)),
    },
    skipped,
    sampleBits: pack.sampleBits,
  };
}

const skippedFile = ({ dir }: ReaderContext, { path }: ImageFile, reason: string): SkippedFile => ({
  file: printable(`${dir}/${path}`),
  reason,
});

async function loadPack(context: ReaderContext, name: string, files: readonly ImageFile[]): Promise<Pack> {
  if (files.length === 0) {
    return { images: await packImages([]), skipped: new Map(), remarks: [], sampleBits: context.sampleBits ?? null };
  }
  const cache = new PackCache(context.platform);
  const { key, deep } = await packKey(context, name, files);
  const cached = await reading(context, name, cache.read(key));
  if (cached) {
    context.onProgress?.(name, files.length, files.length);
    return cached;
  }
  const sampleBits = context.sampleBits === undefined ? await usedBits(context, name, deep) : context.sampleBits;
  const { pack, hashes } = await decodeFiles(context, name, files, sampleBits);
  try {
    await cache.write(await keyOf(context, hashes), pack); // of the bytes that were decoded: files may have changed since
  } catch (error) {
    context.onNote?.(`decoded images cannot be kept in ${context.platform.cacheFolder}: ${failureOf(error)}`);
  }
  return pack;
}

/** Depends on the bytes and the order of the files and on how they are processed, and on nothing else. */
function keyOf(context: ReaderContext, hashes: readonly string[]): Promise<string> {
  const { inputSize, fit = 'crop', sampleBits, leastSampleBits } = context;
  const bits = sampleBits === undefined ? `own, ${leastSampleBits ?? 1} or more` : sampleBits;
  const lines = [`input ${inputSize}, fit ${fit}, sample bits ${bits}`, ...hashes];
  return sha256(new TextEncoder().encode(lines.join('\n')));
}

const hashOf = async (bytes: Uint8Array<ArrayBuffer> | UnreadableImage): Promise<string> =>
  bytes instanceof UnreadableImage ? bytes.message : sha256(bytes);

/** The key of the files as they are, and which of them are PNG files of 16 bits a sample. */
async function packKey(
  context: ReaderContext,
  name: string,
  files: readonly ImageFile[],
): Promise<{ key: string; deep: ImageFile[] }> {
  const hashes: string[] = [];
  const deep: ImageFile[] = [];
  await inGroups(
    context,
    name,
    files,
    async (file) => {
      const bytes = await readImage(context, file);
      const isDeep = !(bytes instanceof UnreadableImage) && isDeepPng(bytes);
      return { file, hash: await hashOf(bytes), isDeep };
    },
    ({ file, hash, isDeep }) => {
      hashes.push(hash);
      if (isDeep) deep.push(file);
    },
  );
  return { key: await keyOf(context, hashes), deep };
}

/**
 * Number of bits of the largest value in these files: 12 for a 12-bit camera that writes 16-bit files, for example. The
 * search ends as soon as all 16 are in use. Unreadable files are reported when all files are decoded.
 * @returns null when there are no such files
 */
async function usedBits(context: ReaderContext, name: string, deep: readonly ImageFile[]): Promise<number | null> {
  if (deep.length === 0) return null;
  const what = `${name}, range of 16-bit values`;
  let bits = context.leastSampleBits ?? 1;
  for (let start = 0; start < deep.length && bits < ALL_BITS; start += READ_AHEAD) {
    context.onProgress?.(what, start, deep.length);
    const group = deep.slice(start, start + READ_AHEAD);
    await inGroups(
      context,
      what,
      group,
      (file) => readImage(context, file),
      async (bytes) => {
        if (bytes instanceof UnreadableImage || bits === ALL_BITS) return;
        const largest = await context.decoder.decode(bytes).then(
          ({ largest16 }) => largest16 ?? 0,
          () => 0,
        );
        bits = Math.max(bits, bitsOf(largest));
      },
    );
  }
  return bits;
}

async function decodeFiles(
  context: ReaderContext,
  name: string,
  files: readonly ImageFile[],
  sampleBits: number | null,
): Promise<{ pack: Pack; hashes: string[] }> {
  const { inputSize, fit = 'crop', decoder } = context;
  const remarks = new Remarks({ fit, sampleBits });
  const images: RgbImage[] = [];
  const skipped = new Map<number, string>();
  const hashes: string[] = [];
  let done = 0;
  context.onProgress?.(name, 0, files.length);
  await inGroups(
    context,
    name,
    files,
    (file) => readImage(context, file),
    async (bytes) => {
      hashes.push(await hashOf(bytes));
      try {
        if (bytes instanceof UnreadableImage) throw bytes;
        const image = await decoder.decode(bytes, sampleBits ?? ALL_BITS);
        remarks.see(image, done);
        await context.watch?.look(`${name} was read`); // large images take long to decode and to scale
        images.push(fitted(image, inputSize, fit));
      } catch (error) {
        if (!(error instanceof UnreadableImage)) throw error;
        if (!context.skipBad) throw unreadable(skippedFile(context, files[done], error.message));
        skipped.set(done, error.message);
      }
      done++;
      if (done % READ_AHEAD === 0 || done === files.length) context.onProgress?.(name, done, files.length);
    },
  );
  const packed = await reading(context, name, packImages(images));
  const pack = { images: packed, skipped, remarks: remarks.list(), sampleBits };
  return { pack, hashes };
}

/** A file's bytes, or why it cannot be opened: it then counts as unreadable. */
async function readImage(
  { platform, dir }: ReaderContext,
  { path, problem }: ImageFile,
): Promise<Uint8Array<ArrayBuffer> | UnreadableImage> {
  if (problem !== undefined) return new UnreadableImage(problem);
  try {
    return await platform.readFile(`${dir}/${path}`);
  } catch (cause) {
    return new UnreadableImage(`it cannot be opened: ${failureOf(cause)}`, { cause });
  }
}

/** Reads a group of items concurrently, then uses the results in order. */
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

function unreadable({ file, reason }: SkippedFile): DataError {
  return new DataError(`${file}: ${reason}.`, {
    remedy: 'replace or remove the file, or --skip-bad to leave unreadable images out and list them',
  });
}
