/**
 * The safetensors format, version 1: u64 header length, a JSON header, then the tensors' bytes, little-endian, gapless.
 * Reading is as strict as the reference implementation (huggingface/safetensors): what is not fully described is refused.
 */
import { FormatError } from './errors.ts';
import { fromHalves } from './half.ts';

/** F16 and BF16 are given as their bits: `floatValues` makes numbers of them. */
const ARRAYS = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type SafetensorsDtype = keyof typeof ARRAYS;
export type SafetensorsArray = InstanceType<(typeof ARRAYS)[SafetensorsDtype]>;

export interface SafetensorsTensor {
  dtype: SafetensorsDtype;
  /** Row-major; [] is a scalar. */
  shape: number[];
  /** The array type of `dtype`, or the same bytes as a Uint8Array. Reading gives the former. */
  data: SafetensorsArray;
}

export interface SafetensorsFile {
  tensors: Record<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

const LENGTH_BYTES = 8;
const MAX_HEADER_BYTES = 100_000_000; // the reference implementation's limit
const METADATA = '__metadata__';

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);
const elementBytes = (dtype: SafetensorsDtype): number => ARRAYS[dtype].BYTES_PER_ELEMENT;
const elementCount = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/**
 * The bytes of a safetensors file. Equal content gives equal bytes: the header lists metadata and tensors by name, the
 * data lie by element size (8 bytes first, so that every tensor stays aligned), then name.
 * @throws FormatError when a tensor's data do not fill its shape, or its name is `__metadata__`.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const [what, given] of Object.entries({ tensors, metadata })) {
    if (!isObject(given))
      throw new FormatError(`encodeSafetensors: ${what}: got ${kindOf(given)}, expected an object.`);
  }
  const named = Object.entries(tensors).sort(byName);
  for (const [name, tensor] of named) checkTensor(name, tensor);
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string') continue;
    throw new FormatError(`encodeSafetensors: metadata "${key}": got ${kindOf(value)}, expected a string.`);
  }
  const placed = [...named].sort(([, a], [, b]) => elementBytes(b.dtype) - elementBytes(a.dtype)); // stable: keeps names sorted

  let end = 0;
  const offsets = new Map<string, [number, number]>();
  for (const [name, { data }] of placed) offsets.set(name, [end, (end += data.byteLength)]);

  const described = named.map(([name, { dtype, shape }]): [string, unknown] => [
    name,
    { dtype, shape, data_offsets: offsets.get(name) },
  ]);
  const pairs = Object.entries(metadata).sort(byName);
  if (pairs.length > 0) described.unshift([METADATA, Object.fromEntries(pairs)]);
  // Written pair by pair: in an object, names that look like integers would come first.
  const json = `{${described.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`;
  const header = new TextEncoder().encode(json);

  const headerBytes = Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes); // spaces, allowed after the JSON
  bytes.set(header, LENGTH_BYTES);
  for (const [name, { data }] of placed) {
    const start = LENGTH_BYTES + headerBytes + offsets.get(name)![0];
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  }
  return bytes;
}

function checkTensor(name: string, tensor: SafetensorsTensor): void {
  const refusal = (problem: string) => new FormatError(`encodeSafetensors: "${name}" ${problem}`);
  if (name === METADATA) throw new FormatError(`encodeSafetensors: a tensor named ${METADATA}, which is reserved.`);
  if (!isObject(tensor)) throw refusal(`is ${kindOf(tensor)}, expected { dtype, shape, data }.`);
  const { dtype, shape, data } = tensor;
  if (!isDtype(dtype)) throw refusal(`has the type ${kindOf(dtype)}; this writes ${Object.keys(ARRAYS).join(', ')}.`);
  if (!isSizes(shape)) throw refusal(`has ${kindOf(shape)} for a shape, expected an array of whole numbers.`);
  if (!ArrayBuffer.isView(data)) throw refusal(`has ${kindOf(data)} for data, expected a ${ARRAYS[dtype].name}.`);
  const expected = elementCount(shape) * elementBytes(dtype);
  if (data.byteLength !== expected) {
    throw new FormatError(
      `encodeSafetensors: "${name}" has ${data.byteLength} bytes, its shape and type need ${expected}.`,
      { details: [`${dtype} [${shape.join(', ')}]`] },
    );
  }
}

/**
 * The numbers of a tensor of any floating-point type; the tensor's own array where it is F32. F64 is rounded to the nearest.
 * @param what how errors name the tensor.
 * @throws FormatError for another type.
 */
export function floatValues({ dtype, data }: SafetensorsTensor, what: string): Float32Array<ArrayBuffer> {
  if (dtype === 'F32') return data as Float32Array<ArrayBuffer>;
  if (dtype === 'F64') return Float32Array.from(data as Float64Array);
  if (dtype === 'F16') return fromHalves(data as Uint16Array);
  if (dtype === 'BF16') {
    const words = Uint32Array.from(data as Uint16Array, (bits) => bits << 16); // the upper half of an f32
    return new Float32Array(words.buffer);
  }
  throw new FormatError(`${what}: got the type ${dtype}, expected one of F32, F64, F16, BF16.`);
}

/**
 * The tensors and the metadata of a safetensors file. Tensors are views of `file` where alignment allows, else copies.
 * @param what how errors name the file.
 * @throws FormatError for what is no bytes, a truncated file, a header that is too long or not JSON, a duplicate name, an unknown type, a
 * shape that does not match its bytes, and for bytes that no tensor or more than one tensor describes.
 */
export function decodeSafetensors(file: ArrayBuffer | ArrayBufferView, what = 'safetensors file'): SafetensorsFile {
  const bytes = bytesOf(file);
  const refuse = (problem: string): never => {
    throw new FormatError(`${what}: ${problem}`, {
      details: [`${bytes.length} bytes read`],
      remedy: 'a complete safetensors file; if it was copied or downloaded, do that again.',
    });
  };
  const { header, dataStart } = readHeader(bytes, refuse);
  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    refuse(`${METADATA} is not an object of strings.`);
  }

  const entriesByName = Object.entries(entries).map(([name, entry]) => ({ name, ...readEntry(name, entry, refuse) }));
  let end = 0;
  for (const { name, begin, length } of [...entriesByName].sort((a, b) => a.begin - b.begin || a.length - b.length)) {
    if (begin > end) refuse(`no tensor describes the ${begin - end} bytes before "${name}".`);
    if (begin < end) refuse(`"${name}" overlaps the tensor before it by ${end - begin} bytes.`);
    end = begin + length;
  }
  const dataBytes = bytes.length - dataStart;
  if (end > dataBytes) refuse(`it is truncated: ${end} bytes of tensors are described, ${dataBytes} are there.`);
  if (end < dataBytes) refuse(`${dataBytes - end} bytes after the last tensor are not described.`);

  const tensors = entriesByName.map(({ name, dtype, shape, begin, length }): [string, SafetensorsTensor] => {
    const slice = bytes.subarray(dataStart + begin, dataStart + begin + length);
    const aligned = slice.byteOffset % elementBytes(dtype) === 0 ? slice : slice.slice();
    const data = new ARRAYS[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, length / elementBytes(dtype));
    return [name, { dtype, shape, data }];
  });
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

type Refuse = (problem: string) => never;

const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `a value of type ${value.constructor?.name ?? 'Object'}`
    : String(value);

/** By what they are called: an ArrayBuffer of another window or sandbox is no instance of this one's. */
function bytesOf(file: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(file)) return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (/ (Shared)?ArrayBuffer]$/.test(Object.prototype.toString.call(file))) return new Uint8Array(file);
  throw new FormatError(`decodeSafetensors: got ${kindOf(file)}, expected the bytes of a file.`, {
    remedy: 'a Uint8Array or an ArrayBuffer; await what is a Promise',
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readHeader(bytes: Uint8Array, refuse: Refuse): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) refuse('it is truncated: the 8 bytes of the header length are not there.');
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerBytes > MAX_HEADER_BYTES)
    refuse(`a header of ${headerBytes} bytes; at most ${MAX_HEADER_BYTES} are allowed.`);
  const dataStart = LENGTH_BYTES + headerBytes;
  if (dataStart > bytes.length) refuse(`it is truncated: its header should have ${headerBytes} bytes.`);
  let text = '';
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart));
    header = JSON.parse(text);
  } catch {
    refuse('its header is not JSON.');
  }
  if (!isObject(header) || !text.startsWith('{')) return refuse('its header is not a JSON object.');
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) refuse(`its header names "${duplicate}" twice.`);
  return { header, dataStart };
}

/**
 * The first key that some object of a valid JSON text holds twice (JSON.parse would keep the last one silently). Strings
 * are found by their quotes, not by a regular expression, whose stack a string of some megabytes would exhaust.
 */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  const structure = /["{}]/g;
  for (let found = structure.exec(json); found; found = structure.exec(json)) {
    if (found[0] === '{') open.push(new Set());
    else if (found[0] === '}') open.pop();
    else {
      const end = stringEnd(json, found.index);
      structure.lastIndex = end;
      if (!isColonNext(json, end)) continue;
      const key: string = JSON.parse(json.slice(found.index, end));
      const keys = open.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Where the string that begins at `start` ends: after the first quote with an even number of backslashes before it. */
function stringEnd(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isColonNext(json: string, at: number): boolean {
  let next = at;
  while (' \t\r\n'.includes(json[next])) next++;
  return json[next] === ':';
}

interface Entry {
  dtype: SafetensorsDtype;
  shape: number[];
  /** Bytes from the start of the data. */
  begin: number;
  length: number;
}

function readEntry(name: string, entry: unknown, refuse: Refuse): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  if (!isDtype(dtype)) {
    const found = typeof dtype === 'string' ? `the type "${dtype}"` : 'no type'; // it may be nested too deep to be shown
    return refuse(`"${name}" has ${found}; this reads ${Object.keys(ARRAYS).join(', ')}.`);
  }
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    return refuse(`"${name}" has no valid shape and data_offsets.`);
  }
  const [begin, end] = offsets;
  const expected = elementCount(shape) * elementBytes(dtype);
  if (end - begin !== expected) {
    refuse(`"${name}" has ${end - begin} bytes, ${dtype} [${shape.join(', ')}] needs ${expected}.`);
  }
  return { dtype, shape, begin, length: expected };
}

const isDtype = (value: unknown): value is SafetensorsDtype =>
  typeof value === 'string' && Object.hasOwn(ARRAYS, value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
