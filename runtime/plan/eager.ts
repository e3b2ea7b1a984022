/**
 * Runs launches eagerly: encodes them into one pass, and submits it before a read, a write from the host, or when the
 * uniform buffer is full. For development, tests and set-up; training replays a plan.
 */
import type { Device } from '../device/device.ts';
import { alignBytes, BUFFER_USAGE } from '../device/memory.ts';
import { bindGroupOf, type CopyCommand, type LaunchSink, type ResolvedLaunch } from './launch.ts';

const UNIFORM_BYTES = 1 << 18;

export class EagerQueue implements LaunchSink {
  readonly #device: Device;
  readonly #uniformBuffer: GPUBuffer;
  readonly #uniforms = new Uint8Array(UNIFORM_BYTES);
  #uniformsUsed = 0;
  #encoder: GPUCommandEncoder | null = null;
  #pass: GPUComputePassEncoder | null = null;

  constructor(device: Device) {
    this.#device = device;
    this.#uniformBuffer = device.gpu.createBuffer({
      size: UNIFORM_BYTES,
      usage: BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST,
    });
  }

  launch(launch: ResolvedLaunch): void {
    const offset = launch.uniforms ? this.#placeUniforms(launch.uniforms) : 0;
    this.#encoder ??= this.#device.gpu.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(launch.kernel.pipeline);
    this.#pass.setBindGroup(0, bindGroupOf(this.#device.gpu, launch, { buffer: this.#uniformBuffer, offset }));
    this.#pass.dispatchWorkgroups(...launch.groups);
  }

  copy({ from, fromOffset, to, toOffset, bytes }: CopyCommand): void {
    this.#encoder ??= this.#device.gpu.createCommandEncoder();
    this.#pass?.end();
    this.#pass = null;
    this.#encoder.copyBufferToBuffer(from.buffer, from.offset + fromOffset, to.buffer, to.offset + toOffset, bytes);
  }

  /** Submits what is encoded. Must precede every write from the host, which would otherwise overtake it. */
  flush(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    const { queue } = this.#device.gpu;
    if (this.#uniformsUsed > 0) queue.writeBuffer(this.#uniformBuffer, 0, this.#uniforms, 0, this.#uniformsUsed);
    queue.submit([this.#encoder.finish()]);
    this.#encoder = null;
    this.#pass = null;
    this.#uniformsUsed = 0;
  }

  close(): void {
    this.#uniformBuffer.destroy();
  }

  #placeUniforms(bytes: ArrayBuffer): number {
    if (this.#uniformsUsed + bytes.byteLength > UNIFORM_BYTES) this.flush();
    const offset = this.#uniformsUsed;
    this.#uniforms.set(new Uint8Array(bytes), offset);
    this.#uniformsUsed = alignBytes(offset + bytes.byteLength);
    return offset;
  }
}
