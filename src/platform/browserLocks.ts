/** Locks shared by all tabs and workers of an origin; they are released when the tab that holds them closes. */
import type { FolderClaim } from './platform.ts';

/** Milliseconds after which a closed page has certainly released its locks. */
export const PATIENCE = 3000;

/**
 * Runs `body` while no other worker of the origin holds the lock.
 * @param patience milliseconds to wait for it
 * @returns null when another worker holds it
 */
export async function withLock<T>(
  name: string,
  patience: number,
  body: () => Promise<T>,
): Promise<{ value: T } | null> {
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
}

export async function isLocked(name: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return held.some((lock) => lock.name === name);
}

/** The folders that this worker has claimed. */
export class TabLocks {
  readonly #held = new Map<string, () => void>();

  claim(folder: string): Promise<FolderClaim> {
    return new Promise((resolve, reject) => {
      const hold = () =>
        new Promise<void>((release) => {
          this.#held.set(folder, release);
          resolve({ isOurs: true, takenOver: null });
        });
      withLock(`oecl folder ${folder}`, PATIENCE, hold).then((done) => {
        if (done === null) resolve({ isOurs: false, owner: 'this tab or another one', remedy: 'wait until it ends' });
      }, reject);
    });
  }

  release(folder: string): void {
    this.#held.get(folder)?.();
    this.#held.delete(folder);
  }
}
