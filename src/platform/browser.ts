/**
 * Files, cache and codecs in a browser. Files lie in the origin's private file system, which no other origin and no
 * upload sees; the user's own files get there through the page. A write is seen as a whole or not at all.
 */
import { OeclError } from '../base/errors.ts';
import { TabLocks } from './browserLocks.ts';
import type { Codec, FolderEntry, Platform } from './platform.ts';
import { collect, gunzip } from './streams.ts';

/** Beside the bundle (esbuild.config.mjs). Written out, so that bundlers which look for such lines find the files. */
const CODEC_URLS: Record<Codec, () => URL> = {
  jpeg: () => new URL('./mozjpeg_dec.wasm', import.meta.url),
  png: () => new URL('./squoosh_png_bg.wasm', import.meta.url),
};

/** The platform of this page or worker. Paths are relative to the root of the origin's private file system. */
export function browserPlatform(overrides: { cacheFolder?: string } = {}): Platform {
  const locks = new TabLocks();
  return {
    exists,
    listFolder,
    realPath: async (path) => path, // there are no links
    readFile: async (path) => {
      const file = await openFile(path);
      return collect(file.stream(), file.size);
    },
    readGzip: async (path) => gunzip((await openFile(path)).stream()),
    // what is written becomes the file's content when it is closed, all at once
    writeFileAtomic: (path, bytes) => write(path, bytes, false),
    appendFile: (path, bytes) => write(path, bytes, true),
    removeFile: remove,
    removeEmptyFolder: (path) => remove(path).catch(() => {}),
    claimFolder: (path) => locks.claim(path),
    releaseFolder: async (path) => locks.release(path),
    cacheFolder: overrides.cacheFolder ?? 'cache',
    dataFolder: null,
    codecModule: browserCodec,
  };
}

/** The compiled decoder of an image format, in a browser. @throws OeclError when it is not where it should be */
export async function browserCodec(codec: Codec): Promise<WebAssembly.Module> {
  const url = CODEC_URLS[codec]();
  const missing = (found: unknown) =>
    new OeclError(`${url}: the decoder of ${codec.toUpperCase()} images is not there: ${found}.`, {
      remedy: "the two .wasm files of the package's dist/browser/ beside the bundle",
    });
  const response = await fetch(url).catch((error) => {
    throw missing(error);
  });
  if (!response.ok) throw missing(response.status);
  // some servers answer with a page for whatever they do not have
  return WebAssembly.compile(await response.arrayBuffer()).catch((error) => {
    throw missing(error);
  });
}

export const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

/** A folder; null when there is none and `create` is not set. The root for ''. */
export async function openFolder(parts: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle | null> {
  let folder = await navigator.storage.getDirectory();
  for (const part of parts) {
    try {
      folder = await folder.getDirectoryHandle(part, { create });
    } catch (error) {
      if (!create && isAbsence(error)) return null;
      throw error;
    }
  }
  return folder;
}

/**
 * An empty file counts as none: a file is made before its content is written, and stays empty when the page is closed in
 * between. Nothing that is looked for by its name is empty.
 */
async function exists(path: string): Promise<boolean> {
  const found = await find(path);
  if (found?.kind !== 'file') return found !== null;
  return (await (found as FileSystemFileHandle).getFile()).size > 0;
}

async function find(path: string): Promise<FileSystemHandle | null> {
  const parts = partsOf(path);
  const folder = await openFolder(parts.slice(0, -1), false);
  const name = parts.at(-1);
  if (!folder || name === undefined) return folder;
  try {
    return await folder.getFileHandle(name);
  } catch (error) {
    if (!isAbsence(error)) throw error;
    return openFolder(parts, false);
  }
}

/** A file as the browser hands it out: its bytes stay on the disk until they are read. */
export async function openFile(path: string): Promise<File> {
  const found = await find(path);
  if (found?.kind === 'file') return (found as FileSystemFileHandle).getFile();
  // the code by which Node says it too, so that whoever reads it needs one set of words
  throw Object.assign(new Error(`${path}: no such file`), { code: found ? 'EISDIR' : 'ENOENT' });
}

async function listFolder(path: string): Promise<FolderEntry[] | null> {
  const folder = await openFolder(partsOf(path), false);
  if (!folder) return null;
  const entries: FolderEntry[] = [];
  for await (const [name, { kind }] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
    // what an interrupted write leaves behind in some browsers is no file of anybody
    if (!name.endsWith('.crswap')) entries.push({ name, kind: kind === 'directory' ? 'folder' : 'file' });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

async function write(path: string, bytes: Uint8Array, append: boolean): Promise<void> {
  const parts = partsOf(path);
  const folder = (await openFolder(parts.slice(0, -1), true))!;
  const handle = await folder.getFileHandle(parts.at(-1)!, { create: true });
  const target = await handle.createWritable({ keepExistingData: append });
  try {
    if (append) await target.seek((await handle.getFile()).size);
    await target.write(bytes as Uint8Array<ArrayBuffer>);
    await target.close();
  } catch (error) {
    await target.abort().catch(() => {}); // else what was written so far would stay on the disk
    throw error;
  }
}

/** A file, or an empty folder. */
async function remove(path: string): Promise<void> {
  const parts = partsOf(path);
  const folder = await openFolder(parts.slice(0, -1), false);
  await folder?.removeEntry(parts.at(-1)!).catch((error) => {
    if (!isAbsence(error)) throw error;
  });
}

/** Nothing of that name, or not of that kind. */
export const isAbsence = (error: unknown): boolean =>
  error instanceof DOMException && (error.name === 'NotFoundError' || error.name === 'TypeMismatchError');
