/**
 * The bindings of WGSL source, and the layout of its uniforms, read from its declarations. A parser of all of WGSL would be a
 * fifth of the page's script; the tests compare with one.
 */
import { internal, OeclError } from '../errors.ts';
import { constantValue } from './constants.ts';
import { closingBracket } from './emit.ts';

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

/**
 * Bindings and uniform layout of one entry point: the storage variables, and at most one uniform struct, that it uses, all in
 * group 0. Names are not resolved, so no local may be called as a module's variable; test/kernel/shaders.test.ts checks.
 * @throws OeclError for bindings that the runtime cannot bind
 */
export function reflect(file: string, text: string, entry: string): KernelInterface {
  const source = text.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, '');
  const words = wordsReachedFrom(source, entry);
  if (!words) throw internal(`${file} has no entry point "${entry}".`);
  const storage: StorageBinding[] = [];
  let uniform: KernelInterface['uniform'] = null;
  for (const [, attributes, space, name, type] of source.matchAll(VARIABLE)) {
    const [kind, access] = space.split(',').map((word) => word.trim());
    if (!words.has(name) || (kind !== 'storage' && kind !== 'uniform')) continue;
    const attribute = (wanted: string): number => {
      const value = new RegExp(`@${wanted}\\s*\\(([^)]*)\\)`).exec(attributes)?.[1];
      if (value === undefined) throw internal(`${file}: "${name}" has no @${wanted}.`);
      return constantValue(source, value);
    };
    const [group, binding] = [attribute('group'), attribute('binding')];
    if (group !== 0) throw internal(`${file}: "${name}" is in group ${group}; only 0 is used.`);
    if (kind === 'storage') {
      storage.push({ name, binding, access: access === 'read_write' || access === 'write' ? 'read_write' : 'read' });
    } else {
      if (uniform) throw internal(`${file}: "${entry}" has two uniform structs.`);
      uniform = { binding, ...structLayout(file, source, type.trim()) };
    }
  }
  storage.sort((a, b) => a.binding - b.binding);
  return { storage, uniform };
}

const VARIABLE = /((?:@\w+(?:\s*\([^)]*\))?\s*)*)\bvar\s*<([^>]*)>\s*(\w+)\s*:\s*([^;=]+)/g;
const FUNCTION = /\bfn\s+(\w+)[^{]*\{/g;

/** The words in the body of a function and of all functions that it calls; null if there is no such function. */
function wordsReachedFrom(source: string, entry: string): ReadonlySet<string> | null {
  const bodies = new Map<string, string>();
  for (const head of source.matchAll(FUNCTION)) {
    const start = head.index + head[0].length;
    bodies.set(head[1], source.slice(start, closingBracket(source, start, '{}')));
  }
  if (!bodies.has(entry)) return null;
  const words = new Set([entry]);
  for (const word of words) for (const [next] of (bodies.get(word) ?? '').matchAll(/(?<![.\w])\w+/g)) words.add(next);
  return words;
}

/** Offsets as WGSL defines them: each field at a multiple of its alignment. */
function structLayout(file: string, source: string, name: string) {
  const body = new RegExp(`\\bstruct\\s+${name}\\s*\\{([^}]*)\\}`).exec(source)?.[1];
  if (body === undefined) throw internal(`${file}: the uniform has the type "${name}", expected a struct.`);
  const fields = new Map<string, UniformField>();
  let end = 0;
  for (const declaration of body.split(/,(?![^<]*>)/).filter((part) => part.trim() !== '')) {
    const [field, type] = declaration.split(':').map((part) => part.trim());
    const layout = typeLayout(source, type);
    if (!layout || field.includes('@')) throw unknownLayout(file, name, declaration.trim());
    const offset = roundUp(end, layout.align);
    fields.set(field, { offset, bytes: layout.bytes, type: layout.scalar, count: layout.bytes / 4 });
    end = offset + layout.bytes;
  }
  return { bytes: roundUp(end, 16), fields };
}

interface TypeLayout {
  scalar: UniformField['type'];
  bytes: number;
  align: number;
}

/** A scalar, a vector, or an array of vectors; null for any other type. */
function typeLayout(source: string, type: string): TypeLayout | null {
  const alias = new RegExp(`\\balias\\s+${type.replace(/\W/g, '\\$&')}\\s*=\\s*([^;]+);`).exec(source);
  if (alias) return typeLayout(source, alias[1].trim());
  const array = /^array\s*<(.+),([^,]+)>$/.exec(type);
  if (array) {
    const element = typeLayout(source, array[1].trim());
    if (element?.align !== 16) return null; // WGSL demands elements of 16 bytes
    return { ...element, bytes: roundUp(element.bytes, 16) * constantValue(source, array[2]) };
  }
  const vector = /^vec([234])(?:\s*<\s*([uif]32)\s*>|([uif]))$/.exec(type);
  const scalar = (vector ? (vector[2] ?? `${vector[3]}32`) : type) as UniformField['type'];
  if (!/^[uif]32$/.test(scalar)) return null;
  const length = Number(vector?.[1] ?? 1);
  return { scalar, bytes: 4 * length, align: 4 * (length === 3 ? 4 : length) };
}

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

const unknownLayout = (file: string, struct: string, field: string) =>
  new OeclError(`${file}: the layout of "${field}" in the uniform struct ${struct} is not known.`, {
    remedy: 'u32, i32, f32, vectors of these, or arrays of vectors of three or four, without attributes',
  });

/** Uniform field of kernels that can be launched in parts: the first workgroup of the part, a vec3<u32>. */
export const FIRST_GROUP = 'firstGroup';

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
