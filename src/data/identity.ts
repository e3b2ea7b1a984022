/**
 * The identity of an image: the first 128 bits of the SHA-256 of its width, its height (u32, little-endian) and its packed
 * pixels, so that an image has the same identity whatever its file is called and wherever it is stored. Draws of views,
 * the training order and the fingerprint of a run's data all derive from it.
 */
import { sha256Bytes } from '../base/contentHash.ts';
import type { PackedImages, RgbImage } from './imageSet.ts';

/** u32 words of an identity, the first bytes of the digest in big-endian order. */
export const IDENTITY_WORDS = 4;

/** Number of images hashed at a time. */
const HASHED_AT_ONCE = 64;

/** The words of one image's identity. */
async function identityOf({ width, height, pixels }: RgbImage): Promise<Uint32Array<ArrayBuffer>> {
  const bytes = new Uint8Array(8 + pixels.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, width, true);
  header.setUint32(4, height, true);
  bytes.set(pixels, 8);
  const digest = new DataView((await sha256Bytes(bytes)).buffer);
  return Uint32Array.from({ length: IDENTITY_WORDS }, (_, word) => digest.getUint32(4 * word));
}

/** The identities of `count` images, one after the other: u32 [count, IDENTITY_WORDS]. */
export async function identitiesOf(
  count: number,
  image: (index: number) => RgbImage,
): Promise<Uint32Array<ArrayBuffer>> {
  const identities = new Uint32Array(count * IDENTITY_WORDS);
  for (let start = 0; start < count; start += HASHED_AT_ONCE) {
    const group = Array.from({ length: Math.min(HASHED_AT_ONCE, count - start) }, (_, i) => start + i);
    const words = await Promise.all(group.map((index) => identityOf(image(index))));
    words.forEach((each, i) => {
      identities.set(each, (start + i) * IDENTITY_WORDS);
    });
  }
  return identities;
}

/** The identity of an image of a pack, in hexadecimal. */
export function identityAt({ identities }: PackedImages, index: number): string {
  const words = identities.subarray(index * IDENTITY_WORDS, (index + 1) * IDENTITY_WORDS);
  return Array.from(words, (word) => word.toString(16).padStart(8, '0')).join('');
}

/** Images of a pack in an order that does not depend on file names or positions. */
export interface ContentOrder {
  /** Positions in the pack, by identity. */
  indices: Uint32Array<ArrayBuffer>;
  /** Per image: how many images with the same pixels come before it. Copies are interchangeable. */
  copies: Uint32Array<ArrayBuffer>;
}

/** The images at `indices` in the order of their identities. */
export function orderByContent(images: PackedImages, indices: Iterable<number>): ContentOrder {
  const { identities } = images;
  const compare = (a: number, b: number): number => {
    for (let word = 0; word < IDENTITY_WORDS; word++) {
      const difference = identities[a * IDENTITY_WORDS + word] - identities[b * IDENTITY_WORDS + word];
      if (difference !== 0) return difference;
    }
    return 0;
  };
  const sorted = Uint32Array.from(indices).sort(compare);
  const copies = new Uint32Array(sorted.length);
  for (let i = 1; i < sorted.length; i++) {
    if (compare(sorted[i - 1], sorted[i]) === 0) copies[i] = copies[i - 1] + 1;
  }
  return { indices: sorted, copies };
}
