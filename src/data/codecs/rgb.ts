/** Converts a codec's samples (RGBA) to what training sees: upright 8-bit RGB, transparent pixels on white. */
import type { RgbImage } from '../imageSet.ts';
import { type Orientation, turnOf } from './orientation.ts';

/** A decoded image, and what the user should know about it. */
export interface DecodedImage extends RgbImage {
  /** The largest visible color value of an image with 16-bit samples; null for samples of 8 bits or fewer. */
  largest16: number | null;
  /** Whether it is completely transparent, and so all white. */
  isTransparent: boolean;
}

/** Number of bits of a value: the bit depth of a camera with no larger values. */
export const bitsOf = (value: number): number => 32 - Math.clz32(value);

/** A codec's samples: R, G, B, A, rows from top to bottom. */
interface Rgba<Samples> {
  width: number;
  height: number;
  data: Samples;
}

/** A color value (0 to 255) over white with an alpha of 0 to 255, in integer arithmetic. */
export function onWhite(value: number, alpha: number): number {
  return Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

/** The image of 8-bit samples, turned upright. */
export function ofBytes(
  { width, height, data }: Rgba<Uint8Array | Uint8ClampedArray>,
  orientation: Orientation,
): DecodedImage {
  const turn = turnOf(orientation, width, height);
  const pixels = new Uint8Array(width * height * 3);
  let isTransparent = true;
  let from = 0;
  for (let y = 0; y < height; y++) {
    let to = (turn.origin + y * turn.dy) * 3;
    for (let x = 0; x < width; x++, from += 4, to += turn.dx * 3) {
      const alpha = data[from + 3];
      if (alpha !== 0) isTransparent = false;
      for (let c = 0; c < 3; c++) pixels[to + c] = alpha === 255 ? data[from + c] : onWhite(data[from + c], alpha);
    }
  }
  return { width: turn.width, height: turn.height, pixels, largest16: null, isTransparent };
}

/**
 * The image of 16-bit samples, of which the lowest `sampleBits` bits are used: their highest 8 are kept, and values beyond
 * the range become white. With 16 that is the high byte of each sample.
 */
export function ofWords(
  { width, height, data }: Rgba<Uint16Array>,
  orientation: Orientation,
  sampleBits: number,
): DecodedImage {
  const bytes = new Uint8Array(data.length);
  const scale = 2 ** (8 - sampleBits);
  let largest16 = 0;
  for (let at = 0; at < data.length; at += 4) {
    const isSeen = data[at + 3] !== 0;
    for (let c = at; c < at + 3; c++) {
      if (isSeen && data[c] > largest16) largest16 = data[c];
      bytes[c] = Math.min(255, Math.floor(data[c] * scale));
    }
    bytes[at + 3] = data[at + 3] >> 8;
  }
  return { ...ofBytes({ width, height, data: bytes }, orientation), largest16 };
}
