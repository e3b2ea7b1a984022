/**
 * Element types of tensors. u8 is packed, four to a 32-bit word, as WGSL has no bytes. f16 is a storage type only: kernels
 * compute in f32 (kernel/halves.ts), and the host sees Float32Arrays.
 */
import { fromHalves, toHalves } from './half.ts';

export const DTYPES = ['f32', 'f16', 'u32', 'u8'] as const;

export type DType = (typeof DTYPES)[number];

export type TypedArrayOf = {
  f32: Float32Array<ArrayBuffer>;
  f16: Float32Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
  u8: Uint8Array<ArrayBuffer>;
};

const BYTES = { f32: 4, f16: 2, u32: 4, u8: 1 } as const;
/** The typed array of the host. */
export const ARRAYS = { f32: Float32Array, f16: Float32Array, u32: Uint32Array, u8: Uint8Array } as const;

/** Bytes of `elements` in a buffer, rounded up to whole words. */
export function byteLength(dtype: DType, elements: number): number {
  return Math.ceil((elements * BYTES[dtype]) / 4) * 4;
}

export function bytesPerElement(dtype: DType): number {
  return BYTES[dtype];
}

/** A typed array of `elements` zeros. */
export function typedArray<D extends DType>(dtype: D, elements: number): TypedArrayOf[D] {
  return new ARRAYS[dtype](elements) as TypedArrayOf[D];
}

/** The elements as stored in a buffer. f16 rounds to nearest, ties to even. */
export function encoded(dtype: DType, values: ArrayLike<number>): ArrayBufferView<ArrayBuffer> {
  if (dtype === 'f16') return toHalves(values);
  const array = ARRAYS[dtype] as new (from: ArrayLike<number>) => Float32Array<ArrayBuffer>;
  return values instanceof array ? values : new array(values);
}

/** The elements in bytes read from a device. */
export function decoded<D extends DType>(dtype: D, bytes: ArrayBuffer, elements: number): TypedArrayOf[D] {
  if (dtype === 'f16') return fromHalves(new Uint16Array(bytes, 0, elements)) as TypedArrayOf[D];
  return new ARRAYS[dtype](bytes, 0, elements) as TypedArrayOf[D];
}
