/**
 * Packs kept between runs: a safetensors file each, named by the content of what it was made from, so that a change of
 * any source file finds no old pack. A pack that cannot be read counts as missing.
 */
import { decodeSafetensors, encodeSafetensors } from '../../runtime/index.ts';
import type { Platform } from '../platform/platform.ts';
import { type PackedImages, packOffsets } from './imageSet.ts';

/** To be changed whenever decoding or resizing gives other bytes than before. */
const FORMAT = 'oecl-pack-1';

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
      return decodePack(await this.platform.readFile(this.pathOf(key)));
    } catch {
      return null; // missing, cut off or of another version: all the same, it is made anew
    }
  }

  /** Rejects with the platform's error when the folder cannot be written to. */
  async write(key: string, pack: Pack): Promise<void> {
    await this.platform.writeFileAtomic(this.pathOf(key), encodePack(pack));
  }

  private pathOf(key: string): string {
    return `${this.platform.cacheFolder}/packs/${key}.safetensors`;
  }
}

function encodePack({ images, skipped }: Pack): Uint8Array {
  const { count, pixels, widths, heights } = images;
  return encodeSafetensors(
    {
      pixels: { dtype: 'U8', shape: [pixels.length], data: pixels },
      widths: { dtype: 'U32', shape: [count], data: widths },
      heights: { dtype: 'U32', shape: [count], data: heights },
    },
    { format: FORMAT, skipped: JSON.stringify([...skipped]) },
  );
}

function decodePack(bytes: Uint8Array): Pack | null {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const widths = tensors.widths.data as Uint32Array<ArrayBuffer>;
  const heights = tensors.heights.data as Uint32Array<ArrayBuffer>;
  const pixels = tensors.pixels.data as Uint8Array<ArrayBuffer>;
  const offsets = packOffsets(widths, heights);
  if (metadata.format !== FORMAT || offsets.at(-1) !== pixels.length) return null;
  const images = { count: widths.length, pixels, offsets: offsets.slice(0, -1), widths, heights };
  return { images, skipped: new Map(JSON.parse(metadata.skipped) as [number, string][]) };
}

/** Hexadecimal digits of the SHA-256 of some bytes. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
