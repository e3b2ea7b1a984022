/** A launch resolved to storages, to be encoded (eager) or recorded. */
import type { Storage } from '../device/memory.ts';
import type { Kernel } from '../kernel/cache.ts';
import type { LaunchWork } from './timing.ts';

export interface BoundRange {
  binding: number;
  storage: Storage;
  /** Bytes from the start of the storage, a multiple of the adapter's offset alignment. */
  offset: number;
  bytes: number;
  access: 'read' | 'read_write';
}

export interface ResolvedLaunch {
  kernel: Kernel;
  ranges: BoundRange[];
  uniforms: ArrayBuffer | null;
  groups: readonly [number, number, number];
  /** For profiles. */
  work: LaunchWork;
}

/** A copy between storages, as for views at unaligned offsets. In bytes, multiples of 4. */
export interface CopyCommand {
  from: Storage;
  fromOffset: number;
  to: Storage;
  toOffset: number;
  bytes: number;
}

/** Accepts launches: runs them, or records them in a plan. */
export interface LaunchSink {
  launch(launch: ResolvedLaunch): void;
  copy(copy: CopyCommand): void;
}

export function bindGroupOf(
  gpu: GPUDevice,
  launch: ResolvedLaunch,
  uniforms: { buffer: GPUBuffer; offset: number } | null,
): GPUBindGroup {
  const entries: GPUBindGroupEntry[] = launch.ranges.map(({ binding, storage, offset, bytes }) => ({
    binding,
    resource: { buffer: storage.buffer, offset: storage.offset + offset, size: bytes },
  }));
  const uniform = launch.kernel.interface.uniform;
  if (uniform && uniforms) entries.push({ binding: uniform.binding, resource: { ...uniforms, size: uniform.bytes } });
  return gpu.createBindGroup({ label: launch.kernel.label, layout: launch.kernel.bindGroupLayout, entries });
}
