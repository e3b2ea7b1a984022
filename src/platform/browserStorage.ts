/**
 * What a page's worker needs of its origin besides single files: whole folders, the storage quota, and locks that all
 * tabs share.
 */
import { isAbsence, openFile, openFolder, partsOf } from './browser.ts';
import { isLocked, withLock } from './browserLocks.ts';

export interface OriginStorage {
  /** A file whose bytes stay on disk until they are read. Rejects when it does not exist. */
  openFile(path: string): Promise<File>;
  /** Removes a folder and its contents. No error when it does not exist. */
  removeFolder(path: string): Promise<void>;
  /** Bytes that the origin uses, and its quota. */
  room(): Promise<{ usage: number; quota: number }>;
  /** Requests persistent storage, which the browser may refuse. */
  persist(): Promise<void>;
  /** See browserLocks.ts. */
  withLock: typeof withLock;
  isLocked: typeof isLocked;
}

export const originStorage: OriginStorage = {
  openFile,

  async removeFolder(path) {
    const parts = partsOf(path);
    const folder = await openFolder(parts.slice(0, -1), false);
    await folder?.removeEntry(parts.at(-1)!, { recursive: true }).catch((error) => {
      if (!isAbsence(error)) throw error;
    });
  },

  async room() {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { usage, quota };
  },

  async persist() {
    await navigator.storage.persist?.().catch(() => false);
  },

  withLock,
  isLocked,
};
