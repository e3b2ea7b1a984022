/**
 * Lifetimes -> ranges of buffers ("slots"). Storages with disjoint lifetimes may share memory. Others may be in the same
 * slot unless a launch writes one and uses the other: WebGPU does not allow a launch to bind the same buffer both read-only
 * and writable. Greedy by size, with offsets (Pisarchyk and Lee, 2020, arXiv 2001.03288).
 */
export interface Lifetime {
  /** A multiple of 256. */
  bytes: number;
  /** Indices of the first and the last launch that need its contents. */
  first: number;
  last: number;
  /** The launches that use it, and how. */
  uses: ReadonlyMap<number, 'read' | 'write'>;
}

export interface Placement {
  /** Slot and byte offset of each lifetime, in the given order. */
  places: { slot: number; offset: number }[];
  /** Bytes of each slot. */
  slotBytes: number[];
}

interface Tenant {
  lifetime: Lifetime;
  offset: number;
}

export function place(lifetimes: readonly Lifetime[]): Placement {
  const places = new Array<{ slot: number; offset: number }>(lifetimes.length);
  const slots: { bytes: number; tenants: Tenant[] }[] = [];
  const largestFirst = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b].bytes - lifetimes[a].bytes || a - b);
  for (const i of largestFirst) {
    const lifetime = lifetimes[i];
    // the smallest slot with room, as slots are opened largest first
    let slot = slots.length;
    let offset: number | null = null;
    while (offset === null && --slot >= 0) offset = roomFor(lifetime, slots[slot]);
    if (offset === null) {
      slot = slots.push({ bytes: lifetime.bytes, tenants: [] }) - 1;
      offset = 0;
    }
    slots[slot].tenants.push({ lifetime, offset });
    places[i] = { slot, offset };
  }
  return { places, slotBytes: slots.map(({ bytes }) => bytes) };
}

/** The lowest offset at which the lifetime fits, or null. */
function roomFor(lifetime: Lifetime, { bytes, tenants }: { bytes: number; tenants: readonly Tenant[] }): number | null {
  const present = tenants.filter((tenant) => overlap(tenant.lifetime, lifetime)).sort((a, b) => a.offset - b.offset);
  if (present.some((tenant) => clash(tenant.lifetime, lifetime))) return null;
  let offset = 0;
  for (const tenant of present) {
    if (offset + lifetime.bytes <= tenant.offset) break;
    offset = Math.max(offset, tenant.offset + tenant.lifetime.bytes);
  }
  return offset + lifetime.bytes <= bytes ? offset : null;
}

export function overlap(a: Lifetime, b: Lifetime): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** True if a launch uses both and writes one. */
export function clash(a: Lifetime, b: Lifetime): boolean {
  const [few, many] = a.uses.size < b.uses.size ? [a.uses, b.uses] : [b.uses, a.uses];
  for (const [launch, use] of few) {
    const other = many.get(launch);
    if (other && (use === 'write' || other === 'write')) return true;
  }
  return false;
}
