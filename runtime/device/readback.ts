/** Copies from the device to the host through reusable staging buffers. */
import type { Device } from './device.ts';
import { BUFFER_USAGE } from './memory.ts';

const MAP_MODE_READ = 1; // GPUMapMode.READ, which is a global only in browsers

export class Readback {
  readonly #device: Device;
  readonly #free: GPUBuffer[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  /** The bytes [offset, offset + bytes) of a buffer after all submitted work. Both are multiples of 4. */
  read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    return this.#device.during(this.#read(source, offset, bytes));
  }

  async #read(source: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const { gpu } = this.#device;
    this.#device.check();
    const staging = this.#take(bytes);
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(source, offset, staging, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
    try {
      await Promise.race([this.#device.wait(staging.mapAsync(MAP_MODE_READ, 0, bytes)), this.#device.lost]);
    } catch (error) {
      throw await this.#device.reasonOf(error);
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.#free.push(staging);
    this.#device.check();
    return copy;
  }

  close(): void {
    for (const buffer of this.#free) buffer.destroy();
    this.#free.length = 0;
  }

  #take(bytes: number): GPUBuffer {
    const at = this.#free.findIndex((buffer) => buffer.size >= bytes && buffer.size <= 4 * Math.max(bytes, 1024));
    if (at >= 0) return this.#free.splice(at, 1)[0];
    if (this.#free.length > 8) this.#free.shift()?.destroy();
    const { MAP_READ, COPY_DST } = BUFFER_USAGE;
    return this.#device.gpu.createBuffer({ size: Math.max(bytes, 256), usage: MAP_READ | COPY_DST });
  }
}
