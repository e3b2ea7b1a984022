/**
 * Small RGB images as PNG data URIs: thumbnails that keep reports of large images small. The same image yields the same
 * bytes in Node and in every browser.
 */
import { encode } from 'fast-png';

export interface RgbImage {
  width: number;
  height: number;
  /** R, G, B, rows from top to bottom; width * height * 3 bytes. */
  pixels: Uint8Array;
}

/** A thumbnail of at most `longestSide` pixels as `data:image/png;base64,...`. Smaller images keep their size. */
export function thumbnailUri(image: RgbImage, longestSide = 96): string {
  const png = encodePng(shrink(image, longestSide));
  return `data:image/png;base64,${btoa(Array.from(png, (byte) => String.fromCharCode(byte)).join(''))}`;
}

export function encodePng({ width, height, pixels }: RgbImage): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encode({ width, height, data: pixels, channels: 3 }));
}

/** Each target pixel is the mean of the source pixels whose centers it covers, which is good enough for thumbnails. */
function shrink(image: RgbImage, longestSide: number): RgbImage {
  const factor = longestSide / Math.max(image.width, image.height);
  if (factor >= 1) return image;
  const width = Math.max(1, Math.round(image.width * factor));
  const height = Math.max(1, Math.round(image.height * factor));
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * image.height) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * image.height) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * image.width) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * image.width) / width));
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            sum += image.pixels[(row * image.width + column) * 3 + channel];
          }
        }
        pixels[(y * width + x) * 3 + channel] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { width, height, pixels };
}
