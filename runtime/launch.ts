/** A launch as ops write it: a kernel, tensors by WGSL name, uniform fields by name, a grid. */

import type { Context } from './context.ts';
import type { Storage } from './device/memory.ts';
import { byteLength, bytesPerElement } from './dtype.ts';
import { internal } from './errors.ts';
import type { Kernel } from './kernel/cache.ts';
import { FIRST_GROUP, packUniforms } from './kernel/reflect.ts';
import type { KernelSpec } from './kernel/spec.ts';
import type { BoundRange, CopyCommand, ResolvedLaunch } from './plan/launch.ts';
import type { LaunchWork } from './plan/timing.ts';
import { extentOf } from './shape.ts';
import { byteOffset, type Tensor } from './tensor.ts';

export interface Launch {
  kernel: KernelSpec;
  bindings: Readonly<Record<string, Tensor>>;
  uniforms?: Readonly<Record<string, number | readonly number[]>>;
  /** Workgroups. More than 65535 in a dimension needs a kernel with a uniform `firstGroup`, which is launched in parts. */
  groups: readonly [number, number, number];
  /** For profiles: what the kernel computes, for which shape, and its floating-point operations. */
  work?: Readonly<Pick<LaunchWork, 'name' | 'shape' | 'flops'>>;
}

const MAX_GROUPS = 65535;
const OFFSET_ALIGNMENT = 256;

/** A grid of at least n workgroups within the limit per dimension; the kernel computes y * groups.x + x. */
export function groups2d(n: number): [number, number, number] {
  if (n <= MAX_GROUPS) return [Math.max(n, 1), 1, 1];
  const rows = Math.ceil(n / MAX_GROUPS);
  return [Math.ceil(n / rows), rows, 1];
}

/**
 * A grid for a kernel with a grid-stride loop over the work of n workgroups. On a software adapter a workgroup costs as much
 * as some hundred elements; a GPU is best used with one lane per element.
 */
export function stridingGroups({ info }: Context, n: number): [number, number, number] {
  return groups2d(info.isSoftware ? Math.min(n, ENOUGH_GROUPS) : n);
}

/** Enough for all cores, with some to balance the load. */
const ENOUGH_GROUPS = 32;

/** Names of the bindings stored as f16, which the shader source must declare. */
export function halvesOf({ bindings }: Launch): string[] {
  return Object.keys(bindings).filter((name) => bindings[name].dtype === 'f16');
}

/**
 * Resolves tensors to ranges of memory, and checks them. A view at an offset that bindings do not allow is copied first.
 * @param scratch allocates the copy
 */
export function resolve(
  kernel: Kernel,
  launch: Launch,
  scratch: (bytes: number) => Storage,
): { launches: ResolvedLaunch[]; copies: CopyCommand[] } {
  const { storage, uniform } = kernel.interface;
  const copies: CopyCommand[] = [];
  const ranges = storage.map(({ name, binding, access }): BoundRange => {
    const tensor = launch.bindings[name];
    if (!tensor) throw internal(`${kernel.label}: no tensor is bound to "${name}".`);
    const range = rangeOf(tensor);
    if (range.offset % OFFSET_ALIGNMENT === 0) return { binding, access, ...range };
    if (access !== 'read')
      throw internal(
        `${kernel.label}: "${name}" is written at byte ${range.offset}, not a multiple of ${OFFSET_ALIGNMENT}.`,
      );
    const copy = scratch(range.bytes);
    copies.push({ from: range.storage, fromOffset: range.offset, to: copy, toOffset: 0, bytes: range.bytes });
    return { binding, access, storage: copy, offset: 0, bytes: range.bytes };
  });
  const unknown = Object.keys(launch.bindings).filter((name) => !storage.some((binding) => binding.name === name));
  if (unknown.length > 0) throw internal(`${kernel.label} binds no "${unknown.join('", "')}".`);
  const parts = partsOfGrid(launch.groups);
  if (launch.groups.some((count) => count < 1) || (parts.length > 1 && !uniform?.fields.has(FIRST_GROUP))) {
    throw internal(
      `${kernel.label}: a grid of ${launch.groups.join(' x ')} workgroups; each side is 1 to ${MAX_GROUPS}.`,
    );
  }
  const work = workOf(kernel, launch, ranges);
  const launches = parts.map(({ firstGroup, groups }): ResolvedLaunch => {
    const values = parts.length > 1 ? { ...launch.uniforms, [FIRST_GROUP]: firstGroup } : launch.uniforms;
    return { kernel, ranges, uniforms: uniform && packUniforms(kernel.label, uniform, values ?? {}), groups, work };
  });
  return { launches, copies };
}

type Grid = readonly [number, number, number];

/** Splits a grid into parts within the limit of every dimension. */
function partsOfGrid(groups: Grid): { firstGroup: Grid; groups: Grid }[] {
  if (groups.every((count) => count <= MAX_GROUPS)) return [{ firstGroup: [0, 0, 0], groups }];
  const [xs, ys, zs] = groups.map((count) =>
    Array.from({ length: Math.ceil(count / MAX_GROUPS) }, (_, i) => ({
      first: i * MAX_GROUPS,
      count: Math.min(MAX_GROUPS, count - i * MAX_GROUPS),
    })),
  );
  return zs.flatMap((z) =>
    ys.flatMap((y) =>
      xs.map((x) => ({
        firstGroup: [x.first, y.first, z.first] as const,
        groups: [x.count, y.count, z.count] as const,
      })),
    ),
  );
}

function workOf(kernel: Kernel, { work }: Launch, ranges: readonly BoundRange[]): LaunchWork {
  const name = work?.name ? `${kernel.label} ${work.name}` : kernel.label;
  const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0);
  return { shape: '', flops: 0, ...work, name, bytes };
}

/** The bytes that a tensor spans, rounded up to whole vec4s if the storage has them. */
function rangeOf(tensor: Tensor): { storage: Storage; offset: number; bytes: number } {
  const { storage, dtype } = tensor;
  const offset = byteOffset(tensor);
  const needed = byteLength(dtype, extentOf(tensor.shape, tensor.strides));
  const rest = Math.ceil(storage.bytes / OFFSET_ALIGNMENT) * OFFSET_ALIGNMENT - offset;
  return { storage, offset, bytes: Math.min(Math.ceil(needed / 16) * 16, rest) };
}

/** Bytes of a dense tensor. */
export function bytesOf(tensor: Tensor): number {
  return Math.ceil((tensor.size * bytesPerElement(tensor.dtype)) / 4) * 4;
}
