/**
 * Lifetimes -> buffers. Storages that are never alive at the same launch may share a buffer ("slot"). Whole buffers
 * rather than offsets into one, because WebGPU forbids one buffer to be read-only and writable in the same launch.
 * Greedy by size (Pisarchyk and Lee, 2020, arXiv 2001.03288, section 4.3).
 */
export interface Lifetime {
  bytes: number;
  /** Index of the first and the last launch that touches it. */
  first: number;
  last: number;
}

export interface Placement {
  /** Slot of each lifetime, in the order given. */
  slots: number[];
  /** Bytes of each slot. */
  slotBytes: number[];
}

/** Assigns every lifetime a slot at least as large, such that no two overlapping lifetimes share one. */
export function place(lifetimes: readonly Lifetime[]): Placement {
  const slots = new Array<number>(lifetimes.length).fill(-1);
  const slotBytes: number[] = [];
  const tenants: Lifetime[][] = [];
  const largestFirst = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  for (const i of largestFirst) {
    const lifetime = lifetimes[i];
    // the smallest slot that is free for this lifetime; slots were opened largest first, so all are large enough
    let slot = -1;
    for (let candidate = slotBytes.length - 1; candidate >= 0 && slot < 0; candidate--) {
      if (tenants[candidate].every((tenant) => !overlap(tenant, lifetime))) slot = candidate;
    }
    if (slot < 0) {
      slot = slotBytes.push(lifetime.bytes) - 1;
      tenants.push([]);
    }
    slots[i] = slot;
    tenants[slot].push(lifetime);
  }
  return { slots, slotBytes };
}

export function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}
