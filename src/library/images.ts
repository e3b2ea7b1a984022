/** Images that a program hands over: a folder of files, or encoded images in memory. */
import { ImageDecoder } from '../data/decode.ts';
import { loadAllImages } from '../data/folder.ts';
import { packFitted } from '../data/imageFiles.ts';
import type { ImageSet, RgbImage, SkippedFile } from '../data/imageSet.ts';
import { UnreadableImage } from '../data/unreadable.ts';
import { DataError } from '../errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { RunConfig } from '../train/config.ts';
import type { ScoreOptions } from './types.ts';

/** An encoded image: JPEG, PNG or BMP. */
export interface ImageBytes {
  /** What it is called in scores and errors. */
  name: string;
  bytes: Uint8Array;
}

/** The images at the size that the model's test images had. @throws DataError */
export async function loadGivenImages(
  platform: Platform,
  images: string | readonly ImageBytes[],
  { size, seed }: Readonly<RunConfig>,
  { skipBad = false }: Pick<ScoreOptions, 'skipBad'>,
): Promise<{ set: ImageSet; skipped: SkippedFile[] }> {
  if (typeof images === 'string') {
    const dir = images.length > 1 ? images.replace(/\/+$/, '') : images;
    return requireSome(await loadAllImages({ platform, dir, inputSize: size, seed, skipBad }, dir));
  }
  const decoder = new ImageDecoder(platform);
  const decoded: RgbImage[] = [];
  const paths: string[] = [];
  const skipped: SkippedFile[] = [];
  for (const { name, bytes } of images) {
    try {
      decoded.push(await decoder.decode(bytes));
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
  const packed = packFitted(decoded, size);
  return requireSome({
    set: { name: 'images', synthetic: false, classes: ['image'], images: packed, labels, paths },
    skipped,
  });
}

function requireSome<T extends { set: ImageSet; skipped: SkippedFile[] }>(loaded: T): T {
  if (loaded.set.images.count > 0) return loaded;
  const details = loaded.skipped.slice(0, 3).map(({ file, reason }) => `${file}: ${reason}`);
  throw new DataError('there is no image to score.', { details, remedy: 'one or more JPEG, PNG or BMP images' });
}
