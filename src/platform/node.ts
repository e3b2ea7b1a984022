/** Files, cache and codecs in Node. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  access,
  appendFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, sep } from 'node:path';
import { Readable } from 'node:stream';
import { OeclError } from '../base/errors.ts';
import { FolderLocks } from './folderLock.ts';
import { nameOf, pathOf } from './nodePaths.ts';
import { BUILTIN_WEIGHTS, type Codec, type FolderEntry, type Platform } from './platform.ts';
import { gunzip } from './streams.ts';

// Resolved through the packages rather than relative to this file, so that the sources and a bundle in dist/ find the same files.
const CODEC_FILES: Record<Codec, string> = {
  jpeg: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  png: '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
};

/** The platform of this process. @param overrides folders to use instead of those from the environment */
export function nodePlatform(overrides: { cacheFolder?: string; dataFolder?: string | null } = {}): Platform {
  const locks = new FolderLocks();
  return {
    exists: (path) =>
      access(pathOf(path)).then(
        () => true,
        () => false,
      ),
    listFolder,
    realPath: (path) => realpath(pathOf(path), { encoding: 'buffer' }).then(slashed, () => path),
    readFile: readWhole,
    readGzip,
    writeFileAtomic,
    appendFile: async (path, bytes) => {
      await mkdir(pathOf(dirname(path)), { recursive: true });
      await appendFile(pathOf(path), bytes);
    },
    removeFile: (path) => rm(pathOf(path), { force: true }),
    removeEmptyFolder: (path) => rmdir(pathOf(path)).catch(() => {}),
    claimFolder: (path) => locks.claim(path),
    releaseFolder: (path) => locks.release(path),
    cacheFolder: overrides.cacheFolder ?? defaultCacheFolder(process.env),
    dataFolder: overrides.dataFolder !== undefined ? overrides.dataFolder : process.env.OECL_DATA || null,
    codecModule: async (codec) => WebAssembly.compile(await readFile(codecFile(codec))),
    builtinWeights,
  };
}

/** Where the package of a codec has it. */
export function codecFile(codec: Codec): string {
  return createRequire(import.meta.url).resolve(CODEC_FILES[codec]);
}

/** From beside the bundle: this file is part of dist/train.js, of a file in dist/node/, or not bundled, in a test. */
async function builtinWeights(): Promise<Uint8Array<ArrayBuffer>> {
  const places = ['./', '../', '../../dist/'].map((folder) => new URL(folder + BUILTIN_WEIGHTS, import.meta.url));
  for (const place of places) {
    const bytes = await readFile(place).catch(() => null);
    if (bytes) return Uint8Array.from(bytes);
  }
  throw new OeclError(`${BUILTIN_WEIGHTS}: the built-in weights are not beside the program.`, {
    details: places.map(({ pathname }) => `looked for   ${pathname}`),
    remedy: 'npm run build, or the package as it was installed; --init uniform needs no weights',
  });
}

/** OECL_CACHE, or else the system's cache directory. */
function defaultCacheFolder(env: NodeJS.ProcessEnv): string {
  const home = homedir();
  if (env.OECL_CACHE) return env.OECL_CACHE;
  if (process.platform === 'win32') return `${env.LOCALAPPDATA ?? `${home}/AppData/Local`}/oecl`;
  if (process.platform === 'darwin') return `${home}/Library/Caches/oecl`;
  return `${env.XDG_CACHE_HOME || `${home}/.cache`}/oecl`;
}

const slashed = (path: Buffer): string => (sep === '/' ? nameOf(path) : nameOf(path).replaceAll(sep, '/'));

async function listFolder(path: string): Promise<FolderEntry[] | null> {
  const found = await readdir(pathOf(path), { withFileTypes: true, encoding: 'buffer' }).catch((error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (!found) return null;
  const entries = found.map(async (entry): Promise<FolderEntry> => {
    const name = nameOf(entry.name);
    if (!entry.isSymbolicLink()) return { name, kind: entry.isDirectory() ? 'folder' : 'file' };
    const target = await stat(pathOf(`${path}/${name}`)).catch(() => null);
    return { name, kind: target === null ? 'broken' : target.isDirectory() ? 'folder' : 'file', isLink: true };
  });
  return (await Promise.all(entries)).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Opens regular files only: opening a pipe would wait for a writer, and a device may have no end. */
async function openRegular(path: string): Promise<FileHandle> {
  const file = await open(pathOf(path), constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // Windows has no such flag
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw found.isDirectory()
    ? Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
    : new Error('it is not a regular file');
}

/** Read in parts: Node's readFile is limited to 2 GiB, and packs can be larger. */
async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openRegular(path);
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(bytes.length - filled, 2 ** 28), filled);
      if (bytesRead === 0) break; // it was truncated while it was read
      filled += bytesRead;
    }
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  } finally {
    await file.close();
  }
}

async function readGzip(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await openRegular(path); // the stream closes it
  const packed = Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return gunzip(packed);
}

async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(pathOf(dirname(path)), { recursive: true });
  const temporary = pathOf(`${path}.${randomUUID()}.part`); // same folder, so that the rename stays within one file system
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync(); // otherwise a power cut could leave an empty file under the new name
    } finally {
      await file.close();
    }
    await rename(temporary, pathOf(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
