/** A placed plan: pipelines and bind groups in order. run() only encodes and submits. */
import type { Device } from '../device/device.ts';
import { UsageError } from '../errors.ts';
import type { CopyCommand } from './launch.ts';
import { type LaunchTime, type LaunchWork, timedRun } from './timing.ts';

export type Command =
  | {
      label: string;
      pipeline: GPUComputePipeline;
      bindGroup: GPUBindGroup;
      groups: readonly [number, number, number];
      work: LaunchWork;
    }
  | { copy: CopyCommand };

export class Replay {
  /** Launches per run. */
  readonly launches: number;
  /** Bytes of the buffers that the plan owns, without those it only uses (parameters, inputs). */
  readonly bytes: number;
  readonly #device: Device;
  readonly #release: () => void;
  #commands: readonly Command[];
  #isDisposed = false;

  constructor(device: Device, commands: readonly Command[], owned: { bytes: number; release: () => void }) {
    this.#device = device;
    this.#commands = commands;
    this.launches = commands.filter((command) => 'pipeline' in command).length;
    this.bytes = owned.bytes;
    this.#release = owned.release;
  }

  /** Kernel labels in launch order. */
  get labels(): string[] {
    return this.#commands.map((command) => ('copy' in command ? 'copy' : command.label));
  }

  /** Submits the whole step and returns at once. @throws DeviceLostError, KernelError if the device has failed */
  run(): void {
    this.#check();
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder();
    let pass: GPUComputePassEncoder | null = null;
    for (const command of this.#commands) {
      if ('copy' in command) {
        pass?.end();
        pass = null;
        const { from, fromOffset, to, toOffset, bytes } = command.copy;
        encoder.copyBufferToBuffer(from.buffer, from.offset + fromOffset, to.buffer, to.offset + toOffset, bytes);
        continue;
      }
      pass ??= encoder.beginComputePass();
      pass.setPipeline(command.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(command.groups[0], command.groups[1], command.groups[2]);
    }
    pass?.end();
    gpu.queue.submit([encoder.finish()]);
  }

  /** Runs the step once and times every launch. @throws LimitError without timestamp queries, and what run() throws */
  profile(): Promise<LaunchTime[]> {
    this.#check();
    return this.#device.during(timedRun(this.#device, this.#commands));
  }

  #check(): void {
    this.#device.check();
    if (!this.#isDisposed) return;
    throw new UsageError('a plan was used after dispose().', { remedy: 'dispose of it after its last run' });
  }

  /** Releases the plan's memory. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#commands = [];
    this.#release();
  }
}
