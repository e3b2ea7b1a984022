/** The safetensors format, version 1: u64 header length, a JSON header, then the tensors' bytes, little-endian, gapless. */
import { FormatError } from '../errors.ts';
import { fromHalves } from '../half.ts';

/** F16 and BF16 are given as bits; `floatValues` converts them to numbers. */
export const ARRAYS = {
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
  /** The array type of `dtype`, or its bytes as a Uint8Array. Decoding gives the former. */
  data: SafetensorsArray;
}

export interface SafetensorsFile {
  tensors: Record<string, SafetensorsTensor>;
  metadata: Record<string, string>;
}

export const LENGTH_BYTES = 8;
export const METADATA = '__metadata__';

export const elementBytes = (dtype: SafetensorsDtype): number => ARRAYS[dtype].BYTES_PER_ELEMENT;
export const elementCount = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/**
 * The numbers of a tensor of any floating-point type; for F32 the tensor's own array. F64 is rounded to nearest.
 * @param what the tensor's name in errors
 * @throws FormatError for another type
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

export const kindOf = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? `a value of type ${value.constructor?.name ?? 'Object'}`
    : String(value);

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isDtype = (value: unknown): value is SafetensorsDtype =>
  typeof value === 'string' && Object.hasOwn(ARRAYS, value);

export const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
