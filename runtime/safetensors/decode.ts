/** Reads safetensors files, as strictly as the reference implementation (huggingface/safetensors): every byte must be described. */
import { FormatError } from '../errors.ts';
import {
  ARRAYS,
  elementBytes,
  elementCount,
  isDtype,
  isObject,
  isSizes,
  kindOf,
  LENGTH_BYTES,
  METADATA,
  type SafetensorsDtype,
  type SafetensorsFile,
  type SafetensorsTensor,
} from './format.ts';

const MAX_HEADER_BYTES = 100_000_000; // the reference implementation's limit

/**
 * The tensors and the metadata of a safetensors file. Tensors are views of `file` if alignment allows, otherwise copies.
 * @param what the file's name in errors
 * @throws FormatError if `file` is not bytes, is truncated, its header is too long or not JSON, a name is duplicated, a type
 * is unknown, a shape does not match its bytes, or some bytes belong to no tensor or to several
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

/** Checks an ArrayBuffer by its tag, as one from another realm is not an instance of ours. */
function bytesOf(file: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(file)) return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
  if (/ (Shared)?ArrayBuffer]$/.test(Object.prototype.toString.call(file))) return new Uint8Array(file);
  throw new FormatError(`decodeSafetensors: got ${kindOf(file)}, expected the bytes of a file.`, {
    remedy: 'a Uint8Array or an ArrayBuffer; await what is a Promise',
  });
}

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
 * The first duplicate key in an object of a valid JSON text (JSON.parse would silently keep the last one). Strings are found
 * by their quotes rather than by a regular expression, which would overflow the stack on strings of several megabytes.
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

/** The end of the string that starts at `start`: after the first quote preceded by an even number of backslashes. */
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
    const found = typeof dtype === 'string' ? `the type "${dtype}"` : 'no type'; // it may be nested too deeply to print
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
