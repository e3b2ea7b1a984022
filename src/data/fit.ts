/**
 * Fits images of any shape into packed ones of bounded size (docs/methods.md 5): the network sees squares. `crop` follows the paper:
 * the short side is resized, and views are cropped from the image. `squash` stretches the image to a square, `pad` centers
 * it on one. An image of just the input's size (CIFAR's case) stays as it is, and one that was fitted before is not changed.
 */
import type { RgbImage } from './imageSet.ts';
import { packSide, resize, resizeShortSide } from './resize.ts';

export const FITS = ['crop', 'squash', 'pad'] as const;
export type Fit = (typeof FITS)[number];

/** `crop` cuts longer images to this ratio, which bounds the size of a packed image and of a batch. */
export const MOST_ELONGATED = 4;

/** An image as it is stored in packs, for a network input of this side. */
export function fitted(image: RgbImage, inputSize: number, fit: Fit): RgbImage {
  const side = packSide(inputSize);
  const { width, height } = image;
  if (width === height && (width === inputSize || width === side)) return image;
  if (fit === 'crop') return resizeShortSide(middleOf(image), side);
  return fit === 'squash' ? resize(image, side, side) : padded(image, side);
}

/** The middle of an image that is longer than MOST_ELONGATED allows; any other as it is. */
function middleOf(image: RgbImage): RgbImage {
  const { width, height, pixels } = image;
  const longest = Math.min(width, height) * MOST_ELONGATED;
  if (Math.max(width, height) <= longest) return image;
  const [newWidth, newHeight] = [Math.min(width, longest), Math.min(height, longest)];
  const left = Math.floor((width - newWidth) / 2);
  const top = Math.floor((height - newHeight) / 2);
  const middle = new Uint8Array(newWidth * newHeight * 3);
  for (let y = 0; y < newHeight; y++) {
    const from = ((top + y) * width + left) * 3;
    middle.set(pixels.subarray(from, from + newWidth * 3), y * newWidth * 3);
  }
  return { width: newWidth, height: newHeight, pixels: middle };
}

/** The image with its long side resized to `side` pixels, centered on a square of the mean color of its border pixels. */
function padded(image: RgbImage, side: number): RgbImage {
  const { width, height } = image;
  const short = Math.max(1, Math.floor((side * Math.min(width, height)) / Math.max(width, height)));
  const small = width <= height ? resize(image, short, side) : resize(image, side, short);
  if (small.width === small.height) return small;
  const pixels = new Uint8Array(side * side * 3);
  const color = borderColor(small);
  for (let i = 0; i < pixels.length; i += 3) pixels.set(color, i);
  const left = Math.floor((side - small.width) / 2);
  const top = Math.floor((side - small.height) / 2);
  for (let y = 0; y < small.height; y++) {
    const row = small.pixels.subarray(y * small.width * 3, (y + 1) * small.width * 3);
    pixels.set(row, ((top + y) * side + left) * 3);
  }
  return { width: side, height: side, pixels };
}

/** The mean of the first and last row and column, rounded half up; integer arithmetic, the same everywhere. */
function borderColor({ width, height, pixels }: RgbImage): [number, number, number] {
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = 0; y < height; y++) {
    const isEdge = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += isEdge || width === 1 ? 1 : width - 1) {
      for (let c = 0; c < 3; c++) sums[c] += pixels[(y * width + x) * 3 + c];
      count++;
    }
  }
  const mean = (sum: number) => Math.floor((2 * sum + count) / (2 * count));
  return [mean(sums[0]), mean(sums[1]), mean(sums[2])];
}
