/** Images that a program hands over: a folder of files, or images in memory, encoded or as pixels. */
import { SignalWatch } from '../base/signalWatch.ts';
import { ALL_BITS, ImageDecoder } from '../data/codecs/decode.ts';
import { UnreadableImage } from '../data/codecs/unreadable.ts';
import { fitted } from '../data/fit.ts';
import { loadAllImages } from '../data/folder.ts';
import { type ImageSet, packImages, type RgbImage, type SkippedFile } from '../data/imageSet.ts';
import { noteOf, Remarks } from '../data/remarks.ts';
import { readAt } from '../data/request.ts';
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

export interface GivenImages {
  set: ImageSet;
  skipped: SkippedFile[];
  /** What a reader of the scores must know: images that are cut, scaled or cannot be seen. */
  notes: string[];
}

/**
 * The images as the model's test images were read: of the same size, fit and range of 16-bit values.
 * @throws DataError; InterruptedError when the signal is aborted
 */
export async function loadGivenImages(
  platform: Platform,
  images: string | readonly GivenImage[],
  { size, seed, fit, sampleBits }: Readonly<ScoringConfig>,
  { skipBad = false, signal }: Pick<ScoreCallOptions, 'skipBad' | 'signal'>,
): Promise<GivenImages> {
  const watch = new SignalWatch(signal);
  if (typeof images === 'string') {
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    const options = { inputSize: size, seed, fit, sampleBits, skipBad, watch, onNote };
    const loaded = await readAt(platform, images, options, (context) => loadAllImages(context, context.dir));
    return requireSome({ ...loaded, notes });
  }
  const decoder = new ImageDecoder(platform);
  const remarks = new Remarks({ fit, sampleBits });
  const decoded: RgbImage[] = [];
  const paths: string[] = [];
  const skipped: SkippedFile[] = [];
  for (const image of images) {
    const { name } = image;
    await watch.look(`${name} was read`);
    try {
      const whole = 'bytes' in image ? await decoder.decode(image.bytes, sampleBits ?? ALL_BITS) : wholeImage(image);
      remarks.see(whole, paths.length);
      decoded.push(fitted(whole, size, fit)); // at once: many large images would not fit into memory
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
    notes: remarks.list().map((remark) => noteOf(remark, paths.length, (at) => paths[at])),
  });
}

/** @throws UnreadableImage when there are not as many bytes as the sides say */
function wholeImage({ width, height, pixels }: ImagePixels): RgbImage {
  if (width >= 1 && height >= 1 && pixels.length === width * height * 3) return { width, height, pixels };
  throw new UnreadableImage(`it has ${pixels.length} bytes, expected ${width} x ${height} x 3 (R, G, B)`);
}

function requireSome(loaded: GivenImages): GivenImages {
  if (loaded.set.images.count > 0) return loaded;
  const details = loaded.skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  throw new DataError('there is no image to score.', { details, remedy: 'one or more JPEG, PNG or BMP images' });
}
