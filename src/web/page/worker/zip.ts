/**
 * Zips, read and written by zip.js: it reads a zip of any size from the disk, entry by entry from the central directory
 * (fflate's stream reader cannot, and its other one holds all in memory), knows zip64, and leaves the packing to the
 * browser's own CompressionStream. The core without its own codecs and workers: we are in a worker already.
 */

/** Loaded apart from the worker: most visits need no zip, and zip.js is a seventh of the page's script. */
async function loadZipLibrary() {
  const library = await import('@zip.js/zip.js/lib/zip-core-custom.js').catch((cause) => {
    throw new UnreadableFile('the script for zips could not be loaded; check the connection, then reload the page', {
      cause,
    });
  });
  library.configure({ useWebWorkers: false, useCompressionStream: true });
  return library;
}

/** Begins to load it, so that zips can be read without a network later. */
export function preloadZips(): void {
  loadZipLibrary().catch(() => {}); // the first zip tries again, and tells
}

/** Stored, and Deflate: what browsers unpack. */
const READ_METHODS = [0, 8];

/** Why it cannot be read; the message is a clause. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

export interface ZippedFile {
  path: string;
  /** Unpacked bytes, as the zip claims. */
  bytes: number;
  /** @throws UnreadableFile when it is damaged, locked, or larger than it claims */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Whether a file is a zip, by its signature. */
export async function isZip(file: Blob): Promise<boolean> {
  const [p, k, three, four] = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return p === 0x50 && k === 0x4b && ((three === 3 && four === 4) || (three === 5 && four === 6));
}

/** The files in a zip; nothing is unpacked before `read`. @throws UnreadableFile when it is damaged */
export async function filesInZip(zip: Blob): Promise<ZippedFile[]> {
  const { BlobReader, ZipReader } = await loadZipLibrary();
  // a name that leads out of the zip is refused by the caller, and is no reason to refuse the other files
  const reader = new ZipReader(new BlobReader(zip), { filenameValidation: 'tolerant' });
  const entries = await reader.getEntries().catch((cause) => {
    throw new UnreadableFile('the zip is damaged, or cut off', { cause });
  });
  return entries.flatMap((entry) => {
    const { filename: path, uncompressedSize: bytes, encrypted, compressionMethod } = entry;
    if (entry.directory || path.endsWith('\\')) return []; // as Windows programs write folders
    const read = async () => {
      if (encrypted) throw new UnreadableFile('it is locked with a password; unpack the zip yourself');
      if (!READ_METHODS.includes(compressionMethod)) {
        throw new UnreadableFile(
          'it is packed by another method than Deflate; unpack the zip yourself, or pack it again',
        );
      }
      const target = new Uint8Array(bytes);
      try {
        await entry.getData(intoArray(target), { checkSignature: true });
      } catch (cause) {
        throw new UnreadableFile('the zip is damaged here', { cause });
      }
      return target;
    };
    return [{ path, bytes, read }];
  });
}

/** Fails when more is written than the array can hold, so that a file with a false size cannot exhaust the memory. */
function intoArray(target: Uint8Array): WritableStream<Uint8Array> {
  let filled = 0;
  return new WritableStream({
    write(chunk) {
      if (filled + chunk.length > target.length) throw new Error('more bytes than the zip announced');
      target.set(chunk, filled);
      filled += chunk.length;
    },
    close() {
      if (filled < target.length) throw new Error('fewer bytes than the zip announced');
    },
  });
}

/** A zip of files. */
export async function zipOf(files: readonly { path: string; content: Blob }[]): Promise<Blob> {
  const { BlobReader, BlobWriter, ZipWriter } = await loadZipLibrary();
  const writer = new ZipWriter(new BlobWriter('application/zip'));
  for (const { path, content } of files) await writer.add(path, new BlobReader(content));
  return writer.close();
}
