/** Reads images passed by a program: a folder of files, or images in memory, encoded or as pixels. */

import { DataError } from '../base/errors.ts';
import { SignalWatch } from '../base/signalWatch.ts';
import type { ScoringConfig } from '../config/config.ts';
import { ALL_BITS, ImageDecoder } from '../data/codecs/decode.ts';
import { UnreadableImage } from '../data/codecs/unreadable.ts';
import { loadAllImages } from '../data/datasets/folder.ts';
import { failureOf } from '../data/files.ts';
import { fitted } from '../data/fit.ts';
import { type ImageSet, packImages, type RgbImage, type SkippedFile } from '../data/imageSet.ts';
import { noteOf, Remarks } from '../data/remarks.ts';
import { readAt } from '../data/request.ts';
import type { Platform } from '../platform/platform.ts';
import { bytesOf, pathOf } from './arguments.ts';
import { type GivenImage, type ImageBytes, type ImagePixels, isFile, isPixels, nameOf } from './givenImages.ts';
import type { ScoreCallOptions } from './types.ts';

export interface LoadedImages {
  set: ImageSet;
  skipped: SkippedFile[];
  /** What readers of the scores must know: images that are cropped, scaled or invisible. */
  notes: string[];
}

/**
 * The images, read like the model's test images: with the same size, fit and range of 16-bit values.
 * @throws DataError; InterruptedError when the signal is aborted
 */
export async function loadGivenImages(
  platform: Platform,
  images: GivenImage | readonly GivenImage[],
  { size, seed, fit, sampleBits }: Readonly<ScoringConfig>,
  { skipBad = false, signal }: Pick<ScoreCallOptions, 'skipBad' | 'signal'>,
): Promise<LoadedImages> {
  const watch = new SignalWatch(signal);
  const path = pathOf(images);
  if (path !== null) {
    if ((await platform.listFolder(path)) !== null) {
      const notes: string[] = [];
      const onNote = (text: string) => notes.push(text);
      const options = { inputSize: size, seed, fit, sampleBits, skipBad, watch, onNote };
      const loaded = await readAt(platform, path, options, (context) => loadAllImages(context, context.dir));
      return { ...loaded, notes };
    }
    if (!(await platform.exists(path))) {
      throw new DataError(`${path}: there is no such file or folder.`, {
        remedy: 'the path of an image, or of a folder',
      });
    }
  }
  const decoder = new ImageDecoder(platform);
  const remarks = new Remarks({ fit, sampleBits });
  const decoded: RgbImage[] = [];
  const paths: string[] = [];
  const skipped: SkippedFile[] = [];
  const list = Array.isArray(images) ? (images as readonly GivenImage[]) : [images as GivenImage];
  for (const image of list) {
    const name = nameOf(image);
    await watch.look(`${name} was read`);
    try {
      const whole = isPixels(image)
        ? wholeImage(image)
        : await decoder.decode(await encodedBytes(platform, image), sampleBits ?? ALL_BITS);
      remarks.see(whole, paths.length);
      decoded.push(fitted(whole, size, fit)); // immediately: many large images would not fit into memory
      paths.push(name);
    } catch (error) {
      if (!(error instanceof UnreadableImage)) throw error;
      if (!skipBad) {
        throw new DataError(`${name}: ${error.message}.`, {
          remedy: 'leave it out, or skip such images: skipBad, on the command line --skip-bad',
        });
      }
      skipped.push({ file: name, reason: error.message });
    }
  }
  const packed = await watch.during(packImages(decoded), 'the images were hashed');
  const labels = new Int32Array(decoded.length);
  return {
    set: { name: 'images', synthetic: false, classes: ['image'], images: packed, labels, paths },
    skipped,
    notes: remarks.list().map((remark) => noteOf(remark, paths.length, (at) => paths[at])),
  };
}

/** @throws UnreadableImage when the file does not exist, or was removed after it was chosen */
async function encodedBytes(platform: Platform, image: Exclude<GivenImage, ImagePixels>): Promise<Uint8Array> {
  const path = pathOf(image);
  try {
    if (path !== null) return await platform.readFile(path);
    return await bytesOf(isFile(image) ? image : (image as ImageBytes).bytes);
  } catch (cause) {
    throw new UnreadableImage(`it cannot be opened: ${failureOf(cause)}`, { cause });
  }
}

/** @throws UnreadableImage when the number of bytes does not match the size */
function wholeImage({ width, height, pixels }: ImagePixels): RgbImage {
  const count = width * height;
  if (pixels.length === count * 3)
    return { width, height, pixels: new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length) };
  const alpha = pixels.length === count * 4 ? '; are these R, G, B, A? then leave every fourth out' : '';
  throw new UnreadableImage(`it has ${pixels.length} bytes, expected ${width} x ${height} x 3 (R, G, B)${alpha}`);
}

/** @throws DataError when there is none */
export function requireSome(count: number, skipped: readonly SkippedFile[]): void {
  if (count > 0) return;
  const details = skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  throw new DataError('there is no image to score.', { details, remedy: 'one or more JPEG, PNG or BMP images' });
}
