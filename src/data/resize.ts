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

/** The image stretched to width x height pixels. Each source row is read once; beside the image it takes the target in f64. */
export function resize(image: RgbImage, width: number, height: number): RgbImage {
  const rowTaps = tapsOf(image.width, width);
  const columnTaps = tapsOf(image.height, height);
  const rowLength = width * 3;
  const row = new Float64Array(rowLength);
  const sums = new Float64Array(height * rowLength);
  let next = 0; // the first target row that still needs source rows: target rows need them in order
  for (let y = 0; y < image.height; y++) {
    while (next < height && columnTaps[next].first + columnTaps[next].weights.length <= y) next++;
    if (next === height) break;
    if (columnTaps[next].first > y) continue;
    filterRow(image, y, rowTaps, row);
    for (let target = next; target < height && columnTaps[target].first <= y; target++) {
      const { first, weights } = columnTaps[target];
      if (y >= first + weights.length) continue;
      const weight = weights[y - first];
      for (let x = 0, at = target * rowLength; x < rowLength; x++, at++) sums[at] += weight * row[x];
    }
  }
  const pixels = new Uint8Array(sums.length);
  for (let i = 0; i < sums.length; i++) pixels[i] = Math.min(255, Math.floor(sums[i] + 0.5)); // half up
  return { width, height, pixels };
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

/** Row y, bytes [width, 3] -> f64 [taps, 3]. */
function filterRow({ width, pixels }: RgbImage, y: number, taps: readonly Taps[], row: Float64Array): void {
  let target = 0;
  for (const { first, weights } of taps) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let source = (y * width + first) * 3;
    for (let k = 0; k < weights.length; k++, source += 3) {
      const weight = weights[k];
      red += weight * pixels[source];
      green += weight * pixels[source + 1];
      blue += weight * pixels[source + 2];
    }
    row[target++] = red;
    row[target++] = green;
    row[target++] = blue;
  }
}
