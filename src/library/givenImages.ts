/** Images passed by a program, checked before the first is read. */
import { type Bytes, isBlob, isBytes, pathOf, wrongArgument } from './arguments.ts';

/** An encoded image: JPEG, PNG or BMP. */
export interface ImageBytes {
  /** Its name in scores and errors. */
  name: string;
  bytes: Bytes;
}

/** An image of R, G, B bytes, rows from top to bottom; width * height * 3 of them. */
export interface ImagePixels {
  /** Its name in scores and errors. */
  name: string;
  width: number;
  height: number;
  pixels: Uint8Array | Uint8ClampedArray;
}

/** An image in memory, a file that the user chose (a File), or the path of an image file. */
export type GivenImage = ImageBytes | ImagePixels | (Blob & { readonly name: string }) | string | URL;

/** One image, any iterable of images, or the path of a folder. */
export type GivenImages = GivenImage | Iterable<GivenImage>;

const AN_IMAGE = 'a path, a File, { name, bytes } or { name, width, height, pixels }';

/** The images as an array. @throws UsageError that names the first invalid one, before any is read */
export function checkedImages(images: GivenImages): GivenImage | GivenImage[] {
  if (isBytes(images) && !isFile(images)) {
    throw wrongArgument('score: images', images, AN_IMAGE, 'these bytes with a name: { name, bytes }');
  }
  if (typeof images !== 'object' || images === null || !(Symbol.iterator in images)) {
    checkImage(images, 'score: images', `${AN_IMAGE}, an array of these, or the path of a folder`);
    return images;
  }
  const list = [...images];
  for (const [index, image] of list.entries()) checkImage(image, `score: images[${index}]`, AN_IMAGE);
  return list;
}

export const isFile = (image: unknown): image is Blob & { readonly name: string } => isBlob(image) && 'name' in image;

export const isPixels = (image: GivenImage): image is ImagePixels => typeof image === 'object' && 'pixels' in image;

/** Its name in scores and errors. */
export const nameOf = (image: GivenImage): string => pathOf(image) ?? (image as ImageBytes | ImagePixels).name;

function checkImage(image: GivenImage, what: string, expected: string): void {
  if (pathOf(image) !== null || isFile(image)) return;
  if (typeof image !== 'object' || image === null || isBytes(image) || !('bytes' in image || 'pixels' in image)) {
    throw wrongArgument(what, image, expected);
  }
  if (typeof (image as ImageBytes).name !== 'string') {
    throw wrongArgument(`${what}.name`, (image as ImageBytes).name, 'a string');
  }
  if (isPixels(image)) checkPixels(image, what);
  else if (!isBytes((image as ImageBytes).bytes)) {
    throw wrongArgument(`${what}.bytes`, (image as ImageBytes).bytes, 'a Uint8Array, an ArrayBuffer or a Blob');
  }
}

function checkPixels(image: ImagePixels, what: string): void {
  for (const side of ['width', 'height'] as const) {
    if (Number.isInteger(image[side]) && image[side] > 0) continue;
    throw wrongArgument(`${what}.${side}`, image[side], 'a whole number of pixels');
  }
  // neither an array of numbers nor floats: values between 0 and 1 would all become black
  if (isBytes(image.pixels) && 'length' in image.pixels) return;
  throw wrongArgument(`${what}.pixels`, image.pixels, 'a Uint8Array of R, G, B from 0 to 255');
}
