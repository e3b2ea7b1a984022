/**
 * Bilinear resizing with anti-aliasing, as in Pillow and torchvision (antialias=True): a triangle filter that is widened
 * by the scale when shrinking. Rows first, then columns, in f64 with + - * / alone: the same bytes in every engine.
 * Unlike Pillow, nothing is rounded between the two passes.
 */
import type { RgbImage } from './imageSet.ts';

/** The source pixels that make one target pixel, and their weights, which add up to 1. */
interface Taps {
  first: number;
  weights: Float64Array;
}

/** The short side of packed images for a network input: images are cropped from it as 224 is from 256. Pixels. */
export function packSide(inputSize: number): number {
  return Math.round((inputSize * 256) / 224);
}

/** The image with its short side `side` pixels long; the other follows, rounded down as in torchvision. Never a copy when it fits. */
export function resizeShortSide(image: RgbImage, side: number): RgbImage {
  const { width, height } = image;
  if (Math.min(width, height) === side) return image;
  return width <= height
    ? resize(image, side, Math.floor((side * height) / width))
    : resize(image, Math.floor((side * width) / height), side);
}

/** The image stretched to width x height pixels. */
export function resize(image: RgbImage, width: number, height: number): RgbImage {
  const rows = filterRows(image, tapsOf(image.width, width));
  return { width, height, pixels: filterColumns(rows, width * 3, tapsOf(image.height, height)) };
}

/** Target pixel i covers the source around (i + 1/2) * scale; weights fall linearly to 0 at max(scale, 1) from there. */
function tapsOf(from: number, to: number): Taps[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, index) => {
    const center = (index + 0.5) * scale;
    const first = Math.max(0, Math.floor(center - support + 0.5));
    const end = Math.min(from, Math.floor(center + support + 0.5));
    const weights = new Float64Array(end - first);
    let sum = 0;
    for (let k = 0; k < weights.length; k++) {
      const distance = first + k + 0.5 - center;
      const weight = Math.max(0, 1 - Math.abs(distance) / support);
      weights[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < weights.length; k++) weights[k] /= sum;
    return { first, weights };
  });
}

/** Bytes [height, width, 3] -> f64 [height, taps, 3]. */
function filterRows({ width, height, pixels }: RgbImage, taps: readonly Taps[]): Float64Array {
  const rows = new Float64Array(height * taps.length * 3);
  let target = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights } of taps) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let source = (y * width + first) * 3;
      for (const weight of weights) {
        red += weight * pixels[source];
        green += weight * pixels[source + 1];
        blue += weight * pixels[source + 2];
        source += 3;
      }
      rows[target++] = red;
      rows[target++] = green;
      rows[target++] = blue;
    }
  }
  return rows;
}

/** f64 [height, rowLength] -> bytes [taps, rowLength], rounded half up. */
function filterColumns(rows: Float64Array, rowLength: number, taps: readonly Taps[]): Uint8Array {
  const pixels = new Uint8Array(taps.length * rowLength);
  const sums = new Float64Array(rowLength);
  taps.forEach(({ first, weights }, y) => {
    sums.fill(0);
    weights.forEach((weight, k) => {
      const source = (first + k) * rowLength;
      for (let x = 0; x < rowLength; x++) sums[x] += weight * rows[source + x];
    });
    for (let x = 0; x < rowLength; x++) pixels[y * rowLength + x] = Math.min(255, Math.floor(sums[x] + 0.5));
  });
  return pixels;
}
