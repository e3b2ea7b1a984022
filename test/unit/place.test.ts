/** Placement of a plan's storages: no live data are overwritten, and no launch reads and writes the same buffer. */
import { describe, expect, test } from 'vitest';
import { clash, type Lifetime, overlap, place } from '../../runtime/plan/place.ts';
import { uniformInput } from '../helpers/inputs.ts';

type Uses = Record<number, 'read' | 'write'>;

/** Alive from its first use to its last. */
function lifetime(blocks: number, uses: Uses): Lifetime {
  const launches = Object.keys(uses).map(Number);
  return {
    bytes: 256 * blocks,
    first: Math.min(...launches),
    last: Math.max(...launches),
    uses: new Map(launches.map((launch) => [launch, uses[launch]])),
  };
}

const total = (bytes: readonly number[]) => bytes.reduce((a, b) => a + b, 0);

describe('place', () => {
  test('storages with disjoint lifetimes share memory', () => {
    const { places, slotBytes } = place([lifetime(2, { 0: 'write', 1: 'read' }), lifetime(3, { 2: 'write' })]);
    expect(slotBytes).toEqual([3 * 256]);
    expect(places).toEqual([
      { slot: 0, offset: 0 },
      { slot: 0, offset: 0 },
    ]);
  });

  test('storages that are alive together are placed side by side in the slot freed by a large one', () => {
    const { places, slotBytes } = place([
      lifetime(4, { 0: 'write', 1: 'read' }),
      lifetime(2, { 2: 'write', 5: 'read' }),
      lifetime(2, { 3: 'write', 6: 'read' }),
    ]);
    expect(slotBytes).toEqual([4 * 256]);
    expect(places.map(({ offset }) => offset)).toEqual([0, 0, 512]);
  });

  test('a storage that a launch reads and one that it writes are in different buffers', () => {
    const { places } = place([
      lifetime(4, { 0: 'write', 1: 'read' }),
      lifetime(2, { 2: 'write', 3: 'read' }),
      lifetime(2, { 3: 'write', 4: 'read' }),
    ]);
    expect(places[1].slot).not.toBe(places[2].slot);
  });

  test('two storages that a launch only reads may share a buffer', () => {
    const { slotBytes } = place([
      lifetime(4, { 0: 'write', 1: 'read' }),
      lifetime(2, { 2: 'write', 4: 'read' }),
      lifetime(2, { 3: 'write', 4: 'read' }),
    ]);
    expect(slotBytes).toEqual([4 * 256]);
  });

  test.each([1, 2, 3, 4, 5])('200 random storages are placed without conflicts, seed %i', (seed) => {
    const values = Array.from(uniformInput([200 * 8], { seed, low: 0, high: 1 }).values);
    const lifetimes = Array.from({ length: 200 }, (_, i) => {
      const [size, begin, ...more] = values.slice(8 * i, 8 * i + 8);
      const first = Math.floor(begin * 300);
      const uses: Uses = { [first]: 'write' };
      for (const next of more) uses[first + Math.floor(next ** 3 * 100)] ??= next < 0.2 ? 'write' : 'read';
      return lifetime(1 + Math.floor(size ** 3 * 60), uses);
    });
    const { places, slotBytes } = place(lifetimes);
    let sharing = 0;
    for (const [i, a] of lifetimes.entries()) {
      const { slot, offset } = places[i];
      expect(offset % 256).toBe(0);
      expect(offset + a.bytes).toBeLessThanOrEqual(slotBytes[slot]);
      for (let j = 0; j < i; j++) {
        const b = lifetimes[j];
        if (places[j].slot !== slot || !overlap(a, b)) continue;
        sharing++;
        expect(offset + a.bytes <= places[j].offset || places[j].offset + b.bytes <= offset).toBe(true);
        expect(clash(a, b)).toBe(false);
      }
    }
    const alive = Array.from({ length: 420 }, (_, at) =>
      total(lifetimes.filter(({ first, last }) => first <= at && at <= last).map(({ bytes }) => bytes)),
    );
    expect(sharing).toBeGreaterThan(0);
    expect(total(slotBytes)).toBeGreaterThanOrEqual(Math.max(...alive));
    expect(total(slotBytes)).toBeLessThan(1.5 * Math.max(...alive));
  });
});
