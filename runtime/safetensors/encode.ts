/** Writes safetensors files. */
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
  type SafetensorsTensor,
} from './format.ts';

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The bytes of a safetensors file. Equal content gives equal bytes: the header is sorted by name, the data by element size
 * (8 bytes first, so that every tensor is aligned) and then name.
 * @throws FormatError if a tensor's data do not match its shape, or it is named `__metadata__`
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
  // not JSON.stringify of one object, which would list integer-like names first
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
