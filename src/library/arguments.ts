/**
 * Checks the arguments of the library's functions, since types do not constrain JavaScript programs. Errors name
 * the argument, what was passed and what is expected.
 */
import { UsageError } from '../base/errors.ts';
import { nearestName } from '../base/suggest.ts';

/** Bytes in the forms that programs use; a File is a Blob. */
export type Bytes = ArrayBuffer | ArrayBufferView | Blob;

const BYTE_VIEWS = ['Uint8Array', 'Uint8ClampedArray', 'DataView'];

/** What kind of object a value is, also when it comes from another window or a sandbox, where `instanceof` fails. */
const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice('[object '.length, -1);

export const isBlob = (value: unknown): value is Blob => ['Blob', 'File'].includes(tagOf(value));

/** Whether it contains bytes. Arrays of larger elements do not: their memory would be taken for a file's bytes. */
export const isBytes = (value: unknown): value is Bytes =>
  ['ArrayBuffer', 'SharedArrayBuffer', ...BYTE_VIEWS].includes(tagOf(value)) || isBlob(value);

/** The bytes, copied only if necessary. */
export async function bytesOf(given: Bytes): Promise<Uint8Array<ArrayBuffer>> {
  if (isBlob(given)) return new Uint8Array(await given.arrayBuffer());
  const bytes = ArrayBuffer.isView(given)
    ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength)
    : new Uint8Array(given);
  // shared memory may change while it is read, and browsers do not decode text from it
  return (tagOf(bytes.buffer) === 'SharedArrayBuffer' ? bytes.slice() : bytes) as Uint8Array<ArrayBuffer>;
}

/** A path, or a URL of a file, as a path; null for anything else. */
export function pathOf(given: unknown): string | null {
  if (typeof given === 'string' && given !== '') return given;
  if (!(given instanceof URL) || given.protocol !== 'file:') return null;
  return decodeURIComponent(given.pathname).replace(/^\/(?=[A-Za-z]:)/, '');
}

/** What a value is, in words. */
export function described(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'string')
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)}`;
  if (typeof value === 'number' || typeof value === 'bigint') return `the number ${value}`;
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  const name = value.constructor?.name ?? 'Object';
  if (name !== 'Object') return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? 'an empty object' : `an object with ${keys.slice(0, 6).join(', ')}`;
}

/** The error for an argument that cannot be right. @param what function and argument: `score: images[0].bytes` */
export function wrongArgument(what: string, got: unknown, expected: string, remedy?: string): UsageError {
  const forgotten = tagOf(got) === 'Promise' ? 'await it first' : remedy;
  return new UsageError(`${what}: got ${described(got)}, expected ${expected}.`, { remedy: forgotten });
}

/** What an option accepts: one of several words, or a type of value. */
export type OptionKind = readonly string[] | 'string' | 'boolean' | 'function' | 'AbortSignal';

/**
 * Checks the names and values of an options object; undefined counts as omitted.
 * @param what function and argument: `score: options`
 * @throws UsageError
 */
export function checkOptions(what: string, given: unknown, known: Readonly<Record<string, OptionKind>>): void {
  for (const [name, value] of entriesOf(what, given)) {
    if (!Object.hasOwn(known, name)) throw unknownOption(what, name, Object.keys(known));
    if (!isOfKind(value, known[name])) throw wrongArgument(`${what}.${name}`, value, kindInWords(known[name]));
  }
}

function isOfKind(value: unknown, kind: OptionKind): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  if (kind === 'AbortSignal') return typeof (value as AbortSignal | null)?.aborted === 'boolean';
  return typeof value === kind && value !== '';
}

function kindInWords(kind: OptionKind): string {
  if (typeof kind !== 'string') return `one of ${kind.join(', ')}`;
  return kind === 'AbortSignal' ? 'an AbortSignal' : `a ${kind}`;
}

/** The options that are given. @throws UsageError when it is no plain object */
export function entriesOf(what: string, given: unknown): [string, unknown][] {
  if (tagOf(given) === 'Object') return Object.entries(given as object).filter(([, value]) => value !== undefined);
  throw wrongArgument(what, given, 'an object');
}

/** @param remedy used when suggesting the nearest name would not help */
export function unknownOption(what: string, name: string, known: readonly string[], remedy?: string): UsageError {
  return new UsageError(`${what}.${name}: there is no such option.`, {
    details: [`known  ${known.join(', ')}`],
    remedy: remedy ?? nearestName(name, known),
  });
}
