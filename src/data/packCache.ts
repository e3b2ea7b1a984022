/**
 * Packs kept between runs: a safetensors file each, named by the content of what it was made from, so that a change of
 * any source file finds no old pack. A pack that cannot be read counts as missing.
 */
import { decodeSafetensors, encodeSafetensors } from '../../runtime/index.ts';
import type { Platform } from '../platform/platform.ts';
import { type PackedImages, packOffsets } from './imageSet.ts';

/** To be changed whenever decoding or resizing gives other bytes than before. */
const FORMAT = 'oecl-pack-3';

/** Bytes that are hashed at once: the platforms' digest takes no more than 2 GiB, and packs can be larger. */
const HASHED_AT_ONCE = 2 ** 28;

export interface Pack {
  images: PackedImages;
  /** Files without an image in it: position among the files -> why. */
  skipped: ReadonlyMap<number, string>;
}

export class PackCache {
  private readonly platform: Platform;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /** The pack, or null when there is none that can be used. */
  async read(key: string): Promise<Pack | null> {
    try {
      return await decodePack(await this.platform.readFile(this.pathOf(key)));
    } catch {
      return null; // missing, damaged or of another version: all the same, it is made anew
    }
  }

  /** Rejects with the platform's error when the folder cannot be written to. */
  async write(key: string, pack: Pack): Promise<void> {
    await this.platform.writeFileAtomic(this.pathOf(key), await encodePack(pack));
  }

  private pathOf(key: string): string {
    return `${this.platform.cacheFolder}/packs/${key}.safetensors`;
  }
}

async function encodePack({ images, skipped }: Pack): Promise<Uint8Array> {
  const { count, pixels, widths, heights } = images;
  return encodeSafetensors(
    {
      pixels: { dtype: 'U8', shape: [pixels.length], data: pixels },
      widths: { dtype: 'U32', shape: [count], data: widths },
      heights: { dtype: 'U32', shape: [count], data: heights },
    },
    { format: FORMAT, skipped: JSON.stringify([...skipped]), pixelsSha256: await sha256OfLarge(pixels) },
  );
}

async function decodePack(bytes: Uint8Array): Promise<Pack | null> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const widths = tensors.widths.data as Uint32Array<ArrayBuffer>;
  const heights = tensors.heights.data as Uint32Array<ArrayBuffer>;
  const pixels = tensors.pixels.data as Uint8Array<ArrayBuffer>;
  const offsets = packOffsets(widths, heights);
  if (metadata.format !== FORMAT || offsets.at(-1) !== pixels.length) return null;
  if (metadata.pixelsSha256 !== (await sha256OfLarge(pixels))) return null;
  const images = { count: widths.length, pixels, offsets: offsets.slice(0, -1), widths, heights };
  return { images, skipped: new Map(JSON.parse(metadata.skipped) as [number, string][]) };
}

/** The hash of the hashes of the parts: a digest of bytes of any length. */
async function sha256OfLarge(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hashes: string[] = [];
  for (let start = 0; start < bytes.length; start += HASHED_AT_ONCE) {
    hashes.push(await sha256(bytes.subarray(start, start + HASHED_AT_ONCE)));
  }
  return sha256(new TextEncoder().encode(hashes.join('\n')));
}

/** Hexadecimal digits of the SHA-256 of some bytes. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
