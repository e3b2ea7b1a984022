/** Element types of tensors. u8 is stored packed, four to a 32-bit word, as WGSL has no bytes. */
export type DType = 'f32' | 'u32' | 'u8';

export type TypedArrayOf = {
  f32: Float32Array<ArrayBuffer>;
  u32: Uint32Array<ArrayBuffer>;
  u8: Uint8Array<ArrayBuffer>;
};

const BYTES = { f32: 4, u32: 4, u8: 1 } as const;

/** Bytes that `elements` of a type take in a buffer, whole words. */
export function byteLength(dtype: DType, elements: number): number {
  return Math.ceil((elements * BYTES[dtype]) / 4) * 4;
}

export function bytesPerElement(dtype: DType): number {
  return BYTES[dtype];
}

/** A typed array of `elements` zeros. */
export function typedArray<D extends DType>(dtype: D, elements: number): TypedArrayOf[D] {
  const make = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array }[dtype];
  return new make(elements) as TypedArrayOf[D];
}

/** The typed array over bytes read from a device. */
export function typedView<D extends DType>(dtype: D, bytes: ArrayBuffer, elements: number): TypedArrayOf[D] {
  const make = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array }[dtype];
  return new make(bytes, 0, elements) as TypedArrayOf[D];
}
