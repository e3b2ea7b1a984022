/** Images that a program hands over: a folder of files, or images in memory, encoded or as pixels. */
import { SignalWatch } from '../base/signalWatch.ts';
import { ImageDecoder } from '../data/codecs/decode.ts';
import { UnreadableImage } from '../data/codecs/unreadable.ts';
import { loadAllImages } from '../data/folder.ts';
import { fitted } from '../data/imageFiles.ts';
import { type ImageSet, packImages, type RgbImage, type SkippedFile } from '../data/imageSet.ts';
import { DataError } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { ScoringConfig } from '../train/config.ts';
import type { ScoreCallOptions } from './types.ts';

/** An encoded image: JPEG, PNG or BMP. */
export interface ImageBytes {
  /** What it is called in scores and errors. */
  name: string;
  bytes: Uint8Array;
}

/** An image of R, G, B bytes, rows from top to bottom; width * height * 3 of them. */
export interface ImagePixels extends RgbImage {
  /** What it is called in scores and errors. */
  name: string;
}

export type GivenImage = ImageBytes | ImagePixels;

/** The images at the size that the model's test images had. @throws DataError; InterruptedError when the signal is aborted */
export async function loadGivenImages(
  platform: Platform,
  images: string | readonly GivenImage[],
  { size, seed }: Readonly<ScoringConfig>,
  { skipBad = false, signal }: Pick<ScoreCallOptions, 'skipBad' | 'signal'>,
): Promise<{ set: ImageSet; skipped: SkippedFile[] }> {
  const watch = new SignalWatch(signal);
  if (typeof images === 'string') {
    const dir = images.length > 1 ? images.replace(/\/+$/, '') : images;
    return requireSome(await loadAllImages({ platform, dir, inputSize: size, seed, skipBad, watch }, dir));
  }
  const decoder = new ImageDecoder(platform);
  const decoded: RgbImage[] = [];
  const paths: string[] = [];
  const skipped: SkippedFile[] = [];
  for (const image of images) {
    const { name } = image;
    await watch.look(`${name} was read`);
    try {
      const whole = 'bytes' in image ? await decoder.decode(image.bytes) : wholeImage(image);
      decoded.push(fitted(whole, size)); // at once: many large images would not fit into memory
      paths.push(name);
    } catch (error) {
      if (!(error instanceof UnreadableImage)) throw error;
      if (!skipBad) {
        throw new DataError(`${name}: ${error.message}.`, { remedy: 'leave it out, or skipBad to have it listed' });
      }
      skipped.push({ file: name, reason: error.message });
    }
  }
  const labels = new Int32Array(decoded.length);
  return requireSome({
    set: { name: 'images', synthetic: false, classes: ['image'], images: await packImages(decoded), labels, paths },
    skipped,
  });
}

/** @throws UnreadableImage when there are not as many bytes as the sides say */
function wholeImage({ width, height, pixels }: ImagePixels): RgbImage {
  if (width >= 1 && height >= 1 && pixels.length === width * height * 3) return { width, height, pixels };
  throw new UnreadableImage(`it has ${pixels.length} bytes, expected ${width} x ${height} x 3 (R, G, B)`);
}

function requireSome<T extends { set: ImageSet; skipped: SkippedFile[] }>(loaded: T): T {
  if (loaded.set.images.count > 0) return loaded;
  const details = loaded.skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  throw new DataError('there is no image to score.', { details, remedy: 'one or more JPEG, PNG or BMP images' });
}
