/**
 * What a page's worker needs of its origin beside single files: whole folders, how much room there is, and locks that all
 * tabs share.
 */
import { isAbsence, openFile, openFolder, partsOf } from './browser.ts';

export interface OriginStorage {
  /** A file whose bytes stay on the disk until they are read. Rejects when there is none. */
  openFile(path: string): Promise<File>;
  /** Removes a folder and all that is in it. No error when there is none. */
  removeFolder(path: string): Promise<void>;
  /** Bytes that the origin uses, and may use. */
  room(): Promise<{ usage: number; quota: number }>;
  /** Asks that the browser clears this origin last. It may refuse. */
  persist(): Promise<void>;
  /**
   * Runs `body` while no other worker of the origin holds the lock.
   * @param patience milliseconds to wait for it: a page that was just closed gives its locks back a little later
   * @returns null when another one holds it
   */
  withLock<T>(name: string, patience: number, body: () => Promise<T>): Promise<{ value: T } | null>;
  isLocked(name: string): Promise<boolean>;
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

  async withLock(name, patience, body) {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), patience);
    let isHeld = false;
    try {
      return await navigator.locks.request(name, { signal: waiting.signal }, async () => {
        isHeld = true;
        clearTimeout(timer);
        return { value: await body() };
      });
    } catch (error) {
      if (!isHeld && waiting.signal.aborted) return null;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  },

  async isLocked(name) {
    const { held = [] } = await navigator.locks.query();
    return held.some((lock) => lock.name === name);
  },
};
