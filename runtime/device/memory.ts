/**
 * Reference-counted storages over a pool of reusable GPU buffers, with counters. A storage of a recorded plan has no buffer
 * until the plan is placed.
 */
import { internal, LimitError } from '../errors.ts';
import type { Device } from './device.ts';

export interface MemoryReport {
  /** Tensors alive, views included. */
  liveTensors: number;
  /** Bytes of buffers in use, plans and parameter arenas included. */
  liveBytes: number;
  /** Bytes kept for reuse. */
  pooledBytes: number;
  /** Peak of live plus pooled bytes. */
  peakBytes: number;
}

const ALIGNMENT = 256; // the offset alignment that every adapter supports

/** Bytes rounded up to the offset alignment of bindings. */
export function alignBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** A range of a GPU buffer, shared by tensors through a reference count. */
export class Storage {
  readonly bytes: number;
  #place: { buffer: GPUBuffer; offset: number } | null;
  #references = 1;
  readonly #free: (() => void) | null;

  constructor(bytes: number, place: { buffer: GPUBuffer; offset: number } | null, free: (() => void) | null = null) {
    this.bytes = bytes;
    this.#place = place;
    this.#free = free;
  }

  get isPlaced(): boolean {
    return this.#place !== null;
  }

  get references(): number {
    return this.#references;
  }

  get buffer(): GPUBuffer {
    if (!this.#place) throw internal('a tensor of a recorded step was used before its plan was placed.');
    return this.#place.buffer;
  }

  /** Bytes from the start of the buffer. */
  get offset(): number {
    return this.#place?.offset ?? 0;
  }

  /** Gives a planned storage its memory. */
  place(buffer: GPUBuffer, offset: number): void {
    if (this.#place) throw internal('a storage was placed twice.');
    this.#place = { buffer, offset };
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references === 0) this.#free?.();
    if (this.#references < 0) throw internal('a storage was released more often than retained.');
  }
}

/** Allocates buffers, and reuses freed ones for requests of the same rounded size. */
export class MemoryPool {
  liveTensors = 0;
  readonly #device: Device;
  readonly #free = new Map<number, GPUBuffer[]>();
  #liveBytes = 0;
  #pooledBytes = 0;
  #peakBytes = 0;
  readonly #onAllocate: ((buffer: GPUBuffer) => void) | undefined;

  /** @param onAllocate called with the buffer of each new storage before its first use (tests fill it with NaN) */
  constructor(device: Device, onAllocate?: (buffer: GPUBuffer) => void) {
    this.#device = device;
    this.#onAllocate = onAllocate;
  }

  /** A new storage with undefined contents. @throws LimitError */
  allocate(bytes: number): Storage {
    const rounded = roundUp(bytes);
    const buffer = this.take(rounded);
    this.#onAllocate?.(buffer);
    return new Storage(bytes, { buffer, offset: 0 }, () => this.give(buffer));
  }

  /** A buffer of exactly `bytes`, a multiple of 256, new or reused. @throws LimitError */
  take(bytes: number): GPUBuffer {
    this.checkLimits(bytes);
    const reused = this.#free.get(bytes)?.pop();
    if (reused) this.#pooledBytes -= bytes;
    const { STORAGE, COPY_SRC, COPY_DST } = BUFFER_USAGE;
    const buffer = reused ?? this.#device.gpu.createBuffer({ size: bytes, usage: STORAGE | COPY_SRC | COPY_DST });
    this.#liveBytes += bytes;
    this.#peakBytes = Math.max(this.#peakBytes, this.#liveBytes + this.#pooledBytes);
    return buffer;
  }

  /** Returns a buffer from take() to the pool. Work already encoded on it still runs first, as the queue is ordered. */
  give(buffer: GPUBuffer): void {
    const bytes = buffer.size;
    this.#liveBytes -= bytes;
    this.#pooledBytes += bytes;
    const list = this.#free.get(bytes);
    if (list) list.push(buffer);
    else this.#free.set(bytes, [buffer]);
  }

  report(): MemoryReport {
    return {
      liveTensors: this.liveTensors,
      liveBytes: this.#liveBytes,
      pooledBytes: this.#pooledBytes,
      peakBytes: this.#peakBytes,
    };
  }

  /** Destroys the pooled buffers. */
  trim(): void {
    for (const list of this.#free.values()) for (const buffer of list) buffer.destroy();
    this.#free.clear();
    this.#pooledBytes = 0;
  }

  /** @param what the tensor that needs the bytes, for the error   @throws LimitError if they exceed the limit of a binding */
  checkLimits(bytes: number, what = 'a tensor'): void {
    const { maxStorageBufferBindingSize, maxBufferSize } = this.#device.limits;
    const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
    if (bytes <= limit) return;
    const name = maxStorageBufferBindingSize <= maxBufferSize ? 'maxStorageBufferBindingSize' : 'maxBufferSize';
    throw new LimitError(`${what} needs ${mebibytes(bytes)} in one binding, this adapter allows ${mebibytes(limit)}.`, {
      details: [`adapter ${this.#device.info.description}, ${name}`],
      remedy: 'smaller tensors, or another adapter',
      bytes: { needed: bytes, allowed: limit },
    });
  }
}

/** GPUBufferUsage, which is a global only in browsers. */
export const BUFFER_USAGE = { MAP_READ: 1, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } as const;

/** Rounds up to a 32nd of the power of two below: few sizes, at most 3 % waste. */
function roundUp(bytes: number): number {
  const step = Math.max(ALIGNMENT, 2 ** (26 - Math.clz32(Math.max(bytes, 1))));
  return Math.ceil(Math.max(bytes, 1) / step) * step;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
