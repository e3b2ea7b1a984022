/** The private file system of an origin, in memory: tests the file handling of the page's worker without a browser. */
import type { OriginStorage } from '../../src/platform/browserStorage.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import type { FolderEntry, Platform } from '../../src/platform/platform.ts';

export interface MemoryOrigin {
  files: Platform;
  storage: OriginStorage;
  content: Map<string, Uint8Array<ArrayBuffer>>;
}

/** @param quota in bytes; a write beyond it fails as in a browser */
export function memoryOrigin(quota = 1e9): MemoryOrigin {
  const content = new Map<string, Uint8Array<ArrayBuffer>>();
  const usage = () => [...content.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  const below = (path: string) => [...content.keys()].filter((name) => name.startsWith(`${path}/`));
  const read = async (path: string) => {
    const bytes = content.get(path);
    if (!bytes) throw Object.assign(new Error(`${path}: no such file`), { code: 'ENOENT' });
    return bytes;
  };
  const { codecModule, builtinWeights } = nodePlatform();
  const files: Platform = {
    exists: async (path) => content.has(path) || below(path).length > 0,
    async listFolder(path) {
      const rest = below(path).map((name) => name.slice(path.length + 1));
      const entries = new Map<string, FolderEntry>();
      for (const each of rest) {
        const name = each.split('/')[0];
        entries.set(name, { name, kind: each.includes('/') ? 'folder' : 'file' });
      }
      return rest.length === 0 ? null : [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    realPath: async (path) => path,
    readFile: read,
    readGzip: read,
    async writeFileAtomic(path, bytes) {
      if (usage() + bytes.length > quota) throw new DOMException('full', 'QuotaExceededError');
      content.set(path, Uint8Array.from(bytes));
    },
    appendFile: async (path, bytes) =>
      files.writeFileAtomic(path, Buffer.concat([content.get(path) ?? [], bytes].map((b) => Uint8Array.from(b)))),
    removeFile: async (path) => void content.delete(path),
    removeEmptyFolder: async () => {},
    claimFolder: async () => ({ isOurs: true, takenOver: null }),
    releaseFolder: async () => {},
    cacheFolder: 'cache',
    dataFolder: null,
    codecModule,
    builtinWeights,
  };
  const storage: OriginStorage = {
    openFile: async (path) => new File([await read(path)], path),
    async removeFolder(path) {
      for (const name of below(path)) content.delete(name);
    },
    room: async () => ({ usage: usage(), quota }),
    persist: async () => {},
    withLock: async (_name, _patience, body) => ({ value: await body() }),
    isLocked: async () => false,
  };
  return { files, storage, content };
}
