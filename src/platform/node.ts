/** Files, cache and codecs in Node. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, appendFile, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import type { Codec, FolderEntry, Platform } from './platform.ts';
import { gunzip } from './streams.ts';

// Found through the packages, not beside this file, so that the sources and a bundle in dist/ find the same bytes.
const CODEC_FILES: Record<Codec, string> = {
  jpeg: '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
  png: '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
};

/** The platform of this process. @param overrides folders to use instead of those that the environment names */
export function nodePlatform(overrides: { cacheFolder?: string; dataFolder?: string | null } = {}): Platform {
  return {
    exists: (path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    listFolder,
    readFile: readWhole,
    readGzip,
    writeFileAtomic,
    appendFile: async (path, bytes) => {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, bytes);
    },
    removeFile: (path) => rm(path, { force: true }),
    removeEmptyFolder: (path) => rmdir(path).catch(() => {}),
    cacheFolder: overrides.cacheFolder ?? defaultCacheFolder(process.env),
    dataFolder: overrides.dataFolder !== undefined ? overrides.dataFolder : process.env.OECL_DATA || null,
    codecModule: async (codec) => WebAssembly.compile(await readFile(codecFile(codec))),
  };
}

/** Where the package of a codec has it. */
export function codecFile(codec: Codec): string {
  return createRequire(import.meta.url).resolve(CODEC_FILES[codec]);
}

/** OECL_CACHE, else the place that the system keeps for caches. */
function defaultCacheFolder(env: NodeJS.ProcessEnv): string {
  const home = homedir();
  if (env.OECL_CACHE) return env.OECL_CACHE;
  if (process.platform === 'win32') return `${env.LOCALAPPDATA ?? `${home}/AppData/Local`}/oecl`;
  if (process.platform === 'darwin') return `${home}/Library/Caches/oecl`;
  return `${env.XDG_CACHE_HOME || `${home}/.cache`}/oecl`;
}

async function listFolder(path: string): Promise<FolderEntry[] | null> {
  const found = await stat(path).catch(() => null);
  if (!found?.isDirectory()) return null;
  const entries = await Promise.all(
    (await readdir(path, { withFileTypes: true })).map(async (entry): Promise<FolderEntry | null> => {
      const target = entry.isSymbolicLink() ? await stat(`${path}/${entry.name}`).catch(() => null) : entry;
      // A link that leads nowhere counts as a file, so that whoever reads it says so: an image must not vanish silently.
      if (!target) return { name: entry.name, kind: 'file' };
      if (!target.isDirectory() && !target.isFile()) return null;
      return { name: entry.name, kind: target.isDirectory() ? 'folder' : 'file' };
    }),
  );
  return entries.filter((entry) => entry !== null).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Read in parts: one call of Node's own readFile stops at 2 GiB, and packs can be larger. */
async function readWhole(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const bytes = new Uint8Array((await file.stat()).size);
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(bytes.length - filled, 2 ** 28), filled);
      if (bytesRead === 0) break; // it became shorter while it was read
      filled += bytesRead;
    }
    return filled === bytes.length ? bytes : bytes.slice(0, filled);
  } finally {
    await file.close();
  }
}

async function readGzip(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return gunzip(packed);
}

async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.part`; // same folder, so that the rename stays on one disk
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync(); // else a power cut could leave the new name on an empty file
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
