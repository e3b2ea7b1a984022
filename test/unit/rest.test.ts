import { afterEach, describe, expect, test, vi } from 'vitest';
import { Rest } from '../../runtime/platform/rest.ts';

const after = <T>(ms: number, value: T) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms));

/** Counts the turns of the event loop until the promise of `begin` settles; each turn does `work`. */
async function turnsUntil(begin: () => Promise<unknown>, work = () => {}): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    work();
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await begin().finally(() => {
    isOver = true;
  });
  return turns;
}

const busyFor = (ms: number) => () => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe('waiting for a device', () => {
  afterEach(() => vi.restoreAllMocks());

  test('settles like the awaited promise', async () => {
    expect(await new Rest().until(after(5, 'done'))).toBe('done');
    const failed = after(5, 0).then(() => Promise.reject(new RangeError('lost')));
    await expect(new Rest().until(failed)).rejects.toThrow(new RangeError('lost'));
  });

  test('sleeps between the turns of the event loop, and never longer than 1/64 of the wait', async () => {
    const sleeps = vi.spyOn(Atomics, 'wait');
    const start = performance.now();
    // sleeps grow by a 64th each: some 600 turns until they last a millisecond, and then a turn each millisecond
    expect(await turnsUntil(() => new Rest().until(after(100, 0)))).toBeLessThan(2000);
    const waited = performance.now() - start;
    const asked = sleeps.mock.calls.map((call) => call[3] as number);
    expect(Math.max(...asked)).toBeGreaterThan(0.5);
    expect(Math.max(...asked)).toBeLessThanOrEqual(Math.min(1, waited / 64));
  });

  test('does not sleep while there is other work, nor after the wait', async () => {
    const sleeps = vi.spyOn(Atomics, 'wait');
    const turns = await turnsUntil(() => new Rest().until(after(50, 0)), busyFor(1));
    expect(turns).toBeGreaterThan(1);
    expect(sleeps).not.toHaveBeenCalled();
    await turnsUntil(() => after(20, 0));
    expect(sleeps).not.toHaveBeenCalled();
  });

  test('continues until the last of several waits is over', async () => {
    const sleeps = vi.spyOn(Atomics, 'wait');
    const rest = new Rest();
    await Promise.all([rest.until(after(5, 0)), rest.until(after(60, 0))]);
    expect(Math.max(...sleeps.mock.calls.map((call) => call[3] as number))).toBeGreaterThan(0.3);
  });
});
