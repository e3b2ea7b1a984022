/**
 * Records a step: its launches in order, with the storages that they use. finish() places the storages that the step
 * created, compiles all kernels in parallel and builds the bind groups; Replay then runs the launches repeatedly.
 */
import type { Device } from '../device/device.ts';
import { alignBytes, BUFFER_USAGE, type MemoryPool, type Storage } from '../device/memory.ts';
import { bindGroupOf, type CopyCommand, type LaunchSink, type ResolvedLaunch } from './launch.ts';
import { type Lifetime, place } from './place.ts';
import { type Command, Replay } from './replay.ts';

type Entry = { launch: ResolvedLaunch } | { copy: CopyCommand };

export class Recorder implements LaunchSink {
  readonly #entries: Entry[] = [];
  /** External memory that the step uses, retained because its tensors may be disposed before the plan. */
  readonly #retained = new Set<Storage>();

  launch(launch: ResolvedLaunch): void {
    this.#add({ launch });
  }

  copy(copy: CopyCommand): void {
    this.#add({ copy });
  }

  /** Releases external memory, if recording fails or the plan is disposed. */
  letGo(): void {
    for (const storage of this.#retained) storage.release();
    this.#retained.clear();
  }

  /**
   * @param outputs storages that must keep their contents after the last launch
   * @throws LimitError if the plan does not fit, KernelError if a kernel does not compile
   */
  async finish(device: Device, pool: MemoryPool, outputs: ReadonlySet<Storage>): Promise<Replay> {
    const kernels = new Set(this.#entries.flatMap((entry) => ('launch' in entry ? [entry.launch.kernel] : [])));
    const compiled = Promise.all([...kernels].map((kernel) => kernel.compile()));
    const slots = this.#placeStorages(pool, outputs);
    const uniforms = this.#uniforms(device);
    const release = () => {
      for (const slot of slots) pool.give(slot);
      this.letGo();
      uniforms.buffer?.destroy();
    };
    try {
      await compiled;
    } catch (error) {
      release();
      throw error;
    }
    const commands = this.#entries.map((entry, i) =>
      this.#command(device, entry, uniforms.buffer, uniforms.offsets[i]),
    );
    return new Replay(device, commands, { bytes: slots.reduce((sum, slot) => sum + slot.size, 0), release });
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    for (const { storage } of usesOf(entry)) {
      if (!storage.isPlaced || this.#retained.has(storage)) continue;
      storage.retain();
      this.#retained.add(storage);
    }
  }

  /** Places every storage that the step created, and returns the buffers. */
  #placeStorages(pool: MemoryPool, outputs: ReadonlySet<Storage>): GPUBuffer[] {
    const lifetimes = new Map<Storage, Lifetime & { uses: Map<number, 'read' | 'write'> }>();
    this.#entries.forEach((entry, at) => {
      for (const { storage, use } of usesOf(entry)) {
        if (storage.isPlaced) continue;
        const known = lifetimes.get(storage);
        const lifetime = known ?? { bytes: alignBytes(storage.bytes), first: at, last: at, uses: new Map() };
        lifetime.last = at;
        if (lifetime.uses.get(at) !== 'write') lifetime.uses.set(at, use);
        lifetimes.set(storage, lifetime);
      }
    });
    for (const storage of outputs) {
      const lifetime = lifetimes.get(storage);
      if (lifetime) Object.assign(lifetime, { first: 0, last: this.#entries.length });
    }
    const { places, slotBytes } = place([...lifetimes.values()]);
    const buffers = slotBytes.map((bytes) => pool.take(bytes));
    [...lifetimes.keys()].forEach((storage, i) => {
      storage.place(buffers[places[i].slot], places[i].offset);
    });
    return buffers;
  }

  /** All uniform structs in one buffer, without duplicates. */
  #uniforms(device: Device): { buffer: GPUBuffer | null; offsets: number[] } {
    const offsetOf = new Map<string, number>();
    const contents: Uint8Array[] = [];
    let used = 0;
    const offsets = this.#entries.map((entry) => {
      const bytes = 'launch' in entry ? entry.launch.uniforms : null;
      if (!bytes) return 0;
      const content = new Uint8Array(bytes);
      const key = content.join();
      const known = offsetOf.get(key);
      if (known !== undefined) return known;
      const offset = used;
      offsetOf.set(key, offset);
      contents.push(content);
      used = alignBytes(used + content.length);
      return offset;
    });
    if (used === 0) return { buffer: null, offsets };
    const all = new Uint8Array(used);
    [...offsetOf.values()].forEach((offset, i) => {
      all.set(contents[i], offset);
    });
    const buffer = device.gpu.createBuffer({ size: used, usage: BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST });
    device.gpu.queue.writeBuffer(buffer, 0, all);
    return { buffer, offsets };
  }

  #command(device: Device, entry: Entry, uniformBuffer: GPUBuffer | null, offset: number): Command {
    if ('copy' in entry) return { copy: entry.copy };
    const { kernel, groups, work } = entry.launch;
    const bindGroup = bindGroupOf(device.gpu, entry.launch, uniformBuffer && { buffer: uniformBuffer, offset });
    return { label: kernel.label, pipeline: kernel.pipeline, bindGroup, groups, work };
  }
}

function usesOf(entry: Entry): { storage: Storage; use: 'read' | 'write' }[] {
  if ('copy' in entry) {
    const { from, to } = entry.copy;
    return [
      { storage: from, use: 'read' },
      { storage: to, use: 'write' },
    ];
  }
  return entry.launch.ranges.map(({ storage, access }) => ({ storage, use: access === 'read' ? 'read' : 'write' }));
}
