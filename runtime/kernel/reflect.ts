/** The bindings of WGSL source, and the layout of its uniforms. */

import { internal, OeclError } from '../errors.ts';
import { outlineOf } from './outline.ts';
import type { WgslReflect } from './parser.ts';

export interface StorageBinding {
  name: string;
  binding: number;
  access: 'read' | 'read_write';
}

export interface UniformField {
  offset: number;
  bytes: number;
  type: 'u32' | 'i32' | 'f32';
  /** Elements of a vector or array; an array of vec4 counts its scalars. */
  count: number;
}

export interface KernelInterface {
  storage: StorageBinding[];
  uniform: { binding: number; bytes: number; fields: Map<string, UniformField> } | null;
}

/** Bindings and uniform layout of one entry point. At most one uniform struct, all in group 0. */
export type Reflector = (file: string, text: string, entry: string) => KernelInterface;

/** Loads the parser: a third of a page's script, which the page need not wait for. */
export async function loadReflector(): Promise<Reflector> {
  const parser = await import('./parser.ts').catch((cause) => {
    throw new OeclError('openContext: the WGSL parser could not be loaded.', {
      remedy: 'check the connection to where this script is served from, then try again',
      cause,
    });
  });
  return (file, text, entry) => interfaceOf(new parser.WgslReflect(outlineOf(text, entry)), file, entry);
}

/** Begins to load what a context loads when it opens, so that a page can open one without a network later. */
export function preload(): void {
  loadReflector().catch(() => {}); // openContext tries again, and tells
}

function interfaceOf(module: WgslReflect, file: string, entry: string): KernelInterface {
  const found = module.entry.compute.find((candidate) => candidate.name === entry);
  if (!found) throw internal(`${file} has no entry point "${entry}".`);
  const storage: StorageBinding[] = [];
  let uniform: KernelInterface['uniform'] = null;
  for (const resource of found.resources) {
    if (resource.group !== 0)
      throw internal(`${file}: "${resource.name}" is in group ${resource.group}; only 0 is used.`);
    if (resource.resourceType === 0) {
      if (uniform) throw internal(`${file}: "${entry}" has two uniform structs.`);
      uniform = {
        binding: resource.binding,
        bytes: Math.ceil(resource.size / 16) * 16,
        fields: uniformFields(resource.type),
      };
    } else {
      const access = resource.access === 'read_write' || resource.access === 'write' ? 'read_write' : 'read';
      storage.push({ name: resource.name, binding: resource.binding, access });
    }
  }
  storage.sort((a, b) => a.binding - b.binding);
  return { storage, uniform };
}

/** Uniform field of kernels that can be launched in parts: the first workgroup of the part, a vec3<u32>. */
export const FIRST_GROUP = 'firstGroup';

interface Member {
  name: string;
  offset: number;
  size: number;
  type: { name: string; format?: { name: string } | null };
}

function uniformFields(type: unknown): Map<string, UniformField> {
  const fields = new Map<string, UniformField>();
  for (const member of (type as { members: Member[] }).members) {
    const scalar = scalarOf(member.type);
    fields.set(member.name, { offset: member.offset, bytes: member.size, type: scalar, count: member.size / 4 });
  }
  return fields;
}

function scalarOf(type: Member['type']): UniformField['type'] {
  const names = [type.name, type.format?.name, (type.format as Member['type'] | undefined)?.format?.name].join(' ');
  if (/f32|\dh?f\b/.test(names)) return 'f32';
  return /i32|\di\b/.test(names) ? 'i32' : 'u32';
}

/** The bytes of a uniform struct. `firstGroup` defaults to 0. @throws for a missing, unknown or too long field */
export function packUniforms(
  label: string,
  layout: NonNullable<KernelInterface['uniform']>,
  values: Readonly<Record<string, number | readonly number[]>>,
): ArrayBuffer {
  const bytes = new ArrayBuffer(layout.bytes);
  const view = new DataView(bytes);
  for (const name of Object.keys(values)) {
    if (!layout.fields.has(name)) throw internal(`${label}: no uniform field "${name}".`);
  }
  for (const [name, field] of layout.fields) {
    const value = values[name] ?? (name === FIRST_GROUP ? 0 : undefined);
    if (value === undefined) throw internal(`${label}: uniform field "${name}" is not set.`);
    const list = typeof value === 'number' ? [value] : value;
    if (list.length > field.count)
      throw internal(`${label}: uniform field "${name}" holds ${field.count} values, not ${list.length}.`);
    list.forEach((number, i) => {
      const at = field.offset + 4 * i;
      if (field.type === 'f32') view.setFloat32(at, number, true);
      else if (field.type === 'i32') view.setInt32(at, number, true);
      else view.setUint32(at, number, true);
    });
  }
  return bytes;
}
