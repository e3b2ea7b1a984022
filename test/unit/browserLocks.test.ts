/** Folder locks between tabs, tested with a fake of the browser's lock manager. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TabLocks } from '../../src/platform/browserLocks.ts';

/** The part of `navigator.locks` that is used: one holder per name; the others wait until their signal is aborted. */
class LockManager {
  readonly #held = new Map<string, Promise<unknown>>();

  async request<T>(name: string, { signal }: { signal: AbortSignal }, body: () => Promise<T>): Promise<T> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
    while (this.#held.has(name)) await Promise.race([this.#held.get(name), aborted]);
    aborted.catch(() => {});
    const running = body();
    this.#held.set(name, running);
    return running.finally(() => this.#held.delete(name));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('navigator', { locks: new LockManager() });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('one tab at a time holds a folder: others wait briefly and then fail; after release the folder is free', async () => {
  const [one, other] = [new TabLocks(), new TabLocks()];
  expect(await one.claim('runs/a')).toEqual({ isOurs: true, takenOver: null });
  expect(await other.claim('runs/b')).toMatchObject({ isOurs: true });
  const refused = other.claim('runs/a');
  await vi.advanceTimersByTimeAsync(5000);
  expect(await refused).toEqual({ isOurs: false, owner: 'this tab or another one', remedy: 'wait until it ends' });
  const waiting = other.claim('runs/a');
  one.release('runs/a');
  await vi.advanceTimersByTimeAsync(0);
  expect(await waiting).toEqual({ isOurs: true, takenOver: null });
  one.release('runs/a'); // no longer held: no error and no effect
  const again = one.claim('runs/a');
  await vi.advanceTimersByTimeAsync(5000);
  expect(await again).toMatchObject({ isOurs: false });
});
