/** Decoded images in memory: what every reader of a data set returns. */
import { IDENTITY_WORDS, identitiesOf } from './identity.ts';

/** One image: R, G, B bytes, rows from top to bottom; width * height * 3 of them. */
export interface RgbImage {
  width: number;
  height: number;
  pixels: Uint8Array;
}

/** Many images in one block of bytes. */
export interface PackedImages {
  count: number;
  /** R, G, B, rows from top to bottom, one image after the other, each padded with zeros to a multiple of 4 bytes. */
  pixels: Uint8Array<ArrayBuffer>;
  /** Byte offset of each image; a multiple of 4. */
  offsets: Float64Array<ArrayBuffer>;
  /** Pixels. */
  widths: Uint32Array<ArrayBuffer>;
  heights: Uint32Array<ArrayBuffer>;
  /** Identities by content (identity.ts): [count, IDENTITY_WORDS]. */
  identities: Uint32Array<ArrayBuffer>;
}

export interface ImageSet {
  name: string;
  /** Generated, not photographed; stated wherever results are shown. */
  synthetic: boolean;
  /** Class names; the index is the label. A class may have no images. */
  classes: string[];
  images: PackedImages;
  /** The class of each image. */
  labels: Int32Array;
  /** The name of each image: its path in the data set, or its position in a file. */
  paths: string[];
}

/** A file that was left out, and why. */
export interface SkippedFile {
  file: string;
  reason: string;
}

export interface LoadedDataset {
  /** Both parts list the same classes. */
  train: ImageSet;
  test: ImageSet;
  skipped: SkippedFile[];
  /** Bits of 16-bit samples that the training images use, and by which all are scaled; null when none has 16 bits. */
  sampleBits: number | null;
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** Byte offsets of images of these sizes, followed by the total: one more offset than images. */
export function packOffsets(widths: Uint32Array, heights: Uint32Array): Float64Array<ArrayBuffer> {
  const offsets = new Float64Array(widths.length + 1);
  for (let i = 0; i < widths.length; i++) offsets[i + 1] = offsets[i] + padded(widths[i] * heights[i] * 3);
  return offsets;
}

/** Packs images into one block, and hashes each. */
export async function packImages(images: readonly RgbImage[]): Promise<PackedImages> {
  const widths = Uint32Array.from(images, ({ width }) => width);
  const heights = Uint32Array.from(images, ({ height }) => height);
  const offsets = packOffsets(widths, heights);
  const pixels = new Uint8Array(offsets[images.length]);
  images.forEach((image, index) => {
    pixels.set(image.pixels, offsets[index]);
  });
  return packOf(pixels, widths, heights);
}

/** A pack from pixels that are already in its layout. Hashes each image. */
export async function packOf(
  pixels: Uint8Array<ArrayBuffer>,
  widths: Uint32Array<ArrayBuffer>,
  heights: Uint32Array<ArrayBuffer>,
): Promise<PackedImages> {
  const count = widths.length;
  const pack = { count, pixels, offsets: packOffsets(widths, heights).slice(0, count), widths, heights };
  return { ...pack, identities: await identitiesOf(count, (index) => imageAt(pack, index)) };
}

/** The images of a set whose class satisfies a condition; their pixels are shared, not copied. */
export function keepClasses(set: ImageSet, isKept: (className: string) => boolean): ImageSet {
  const kept = Array.from(set.labels.keys()).filter((index) => isKept(set.classes[set.labels[index]]));
  const { pixels, offsets, widths, heights, identities } = set.images;
  return {
    ...set,
    images: {
      count: kept.length,
      pixels,
      offsets: Float64Array.from(kept, (index) => offsets[index]),
      widths: Uint32Array.from(kept, (index) => widths[index]),
      heights: Uint32Array.from(kept, (index) => heights[index]),
      identities: Uint32Array.from({ length: kept.length * IDENTITY_WORDS }, (_, at) => {
        return identities[kept[Math.floor(at / IDENTITY_WORDS)] * IDENTITY_WORDS + (at % IDENTITY_WORDS)];
      }),
    },
    labels: Int32Array.from(kept, (index) => set.labels[index]),
    paths: kept.map((index) => set.paths[index]),
  };
}

/** Image `index` of a pack; its pixels are a view, not a copy. */
export function imageAt(images: Omit<PackedImages, 'identities'>, index: number): RgbImage {
  const width = images.widths[index];
  const height = images.heights[index];
  const offset = images.offsets[index];
  return { width, height, pixels: images.pixels.subarray(offset, offset + width * height * 3) };
}
