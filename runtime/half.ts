/**
 * IEEE binary16 on the host, as Node 20 has no Float16Array: 11 bits of precision, normal from 2^-14 to 65504, subnormal in
 * steps of 2^-24. Computed with integers, so that every engine gives the same bits.
 */

/** The bits of the nearest binary16 values: ties to even, infinity from 65520. */
export function toHalves(values: ArrayLike<number>): Uint16Array<ArrayBuffer> {
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  return Uint16Array.from(values, (value) => {
    float[0] = value;
    // avoids double rounding: whatever rounding to f32 dropped becomes a sticky last bit
    if (float[0] !== value && Number.isFinite(float[0])) {
      word[0] = (Math.abs(float[0]) > Math.abs(value) ? word[0] - 1 : word[0]) | 1;
    }
    return halfOf(word[0]);
  });
}

/** The values of binary16 bits, exactly. */
export function fromHalves(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  const words = new Uint32Array(values.buffer);
  bits.forEach((half, i) => {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 0) {
      values[i] = fraction / (1 << 24);
      words[i] |= sign;
    } else words[i] = sign | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  });
  return values;
}

/** @param bits of an f32 */
function halfOf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and more
  if (magnitude >= 0x38800000) return sign | shifted(magnitude - 0x38000000, 13); // normal: the exponent's bias is 112 less
  const exponent = magnitude >>> 23;
  // below 2^-25 the result is 0; subnormal numbers store the leading one, which normal numbers omit
  return exponent < 102 ? sign : sign | shifted((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** bits / 2^shift, rounded to nearest, ties to even. A carry into the exponent gives the next number, as it should. */
function shifted(bits: number, shift: number): number {
  const below = bits & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  const kept = bits >>> shift;
  return below > tie || (below === tie && (kept & 1) === 1) ? kept + 1 : kept;
}
