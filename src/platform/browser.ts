/**
 * Files, cache and codecs in a browser. Files are stored in the origin private file system, which no other origin and no
 * upload can see; the user's own files get there through the page. Writes are atomic.
 */
import { OeclError } from '../base/errors.ts';
import { TabLocks } from './browserLocks.ts';
import type { Codec, FolderEntry, Platform } from './platform.ts';
import { collect, gunzip } from './streams.ts';

/** Next to the bundle (esbuild.config.mjs). Spelled out, so that bundlers that look for such expressions find the files. */
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
    // what was written becomes the file's content at once, on close
    writeFileAtomic: (path, bytes) => write(path, bytes, false),
    appendFile: (path, bytes) => write(path, bytes, true),
    removeFile: remove,
    removeEmptyFolder: (path) => remove(path).catch(() => {}),
    claimFolder: (path) => locks.claim(path),
    releaseFolder: async (path) => locks.release(path),
    cacheFolder: overrides.cacheFolder ?? 'cache',
    dataFolder: null,
    codecModule: browserCodec,
    builtinWeights,
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
  // some servers answer with a page when a file is missing
  return WebAssembly.compile(await response.arrayBuffer()).catch((error) => {
    throw missing(error);
  });
}

async function builtinWeights(): Promise<Uint8Array<ArrayBuffer>> {
  const url = new URL('./mobilenetv2.safetensors', import.meta.url);
  const response = await fetch(url).catch(() => null);
  if (response?.ok) return new Uint8Array(await response.arrayBuffer());
  throw new OeclError(`${url}: the built-in weights are not there: ${response?.status ?? 'no answer'}.`, {
    remedy: "mobilenetv2.safetensors of the package's dist/browser/ beside the bundle",
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
 * An empty file counts as missing: a file is created before its content is written, and stays empty if the page is closed in
 * between. No file that is looked up by name is ever legitimately empty.
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

/** The browser's File object: its bytes stay on disk until they are read. */
export async function openFile(path: string): Promise<File> {
  const found = await find(path);
  if (found?.kind === 'file') return (found as FileSystemFileHandle).getFile();
  // Node's error code, so that callers handle one set of codes
  throw Object.assign(new Error(`${path}: no such file`), { code: found ? 'EISDIR' : 'ENOENT' });
}

async function listFolder(path: string): Promise<FolderEntry[] | null> {
  const folder = await openFolder(partsOf(path), false);
  if (!folder) return null;
  const entries: FolderEntry[] = [];
  for await (const [name, { kind }] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
    // some browsers leave such files behind after an interrupted write
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
    await target.abort().catch(() => {}); // otherwise what was written so far would stay on disk
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
