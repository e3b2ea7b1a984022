/**
 * Packs cached between runs: one safetensors file each, named by a hash of its sources, so that a change of
 * any source file invalidates it. A pack that cannot be read counts as missing.
 */
import { decodeSafetensors, encodeSafetensors } from '../../runtime/index.ts';
import type { Platform } from '../platform/platform.ts';
import { IDENTITY_WORDS } from './identity.ts';
import { type PackedImages, packOf, packOffsets } from './imageSet.ts';
import type { Remark } from './remarks.ts';

/** Increase this whenever decoding or resizing gives different bytes. */
const FORMAT = 'oecl-pack-5';

export interface Pack {
  images: PackedImages;
  /** Files without an image in it: position among the files -> why. */
  skipped: ReadonlyMap<number, string>;
  remarks: readonly Remark[];
  /** Bits of 16-bit samples that are used; null when no image has 16 bits. */
  sampleBits: number | null;
}

export class PackCache {
  private readonly platform: Platform;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /** The pack, or null when there is no usable one. */
  async read(key: string): Promise<Pack | null> {
    try {
      return await decodePack(await this.platform.readFile(this.pathOf(key)));
    } catch {
      return null; // missing, damaged or of another version: it is rebuilt
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

function encodePack({ images, skipped, remarks, sampleBits }: Pack): Uint8Array {
  const { count, pixels, widths, heights, identities } = images;
  return encodeSafetensors(
    {
      pixels: { dtype: 'U8', shape: [pixels.length], data: pixels },
      widths: { dtype: 'U32', shape: [count], data: widths },
      heights: { dtype: 'U32', shape: [count], data: heights },
      identities: { dtype: 'U32', shape: [count, IDENTITY_WORDS], data: identities },
    },
    {
      format: FORMAT,
      skipped: JSON.stringify([...skipped]),
      remarks: JSON.stringify(remarks),
      sampleBits: JSON.stringify(sampleBits),
    },
  );
}

async function decodePack(bytes: Uint8Array): Promise<Pack | null> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const widths = tensors.widths.data as Uint32Array<ArrayBuffer>;
  const heights = tensors.heights.data as Uint32Array<ArrayBuffer>;
  const pixels = tensors.pixels.data as Uint8Array<ArrayBuffer>;
  const stored = tensors.identities.data as Uint32Array<ArrayBuffer>;
  if (metadata.format !== FORMAT || packOffsets(widths, heights).at(-1) !== pixels.length) return null;
  const images = await packOf(pixels, widths, heights);
  if (!images.identities.every((word, i) => word === stored[i])) return null; // they are the pack's checksum
  return {
    images,
    skipped: new Map(JSON.parse(metadata.skipped) as [number, string][]),
    remarks: JSON.parse(metadata.remarks) as Remark[],
    sampleBits: JSON.parse(metadata.sampleBits) as number | null,
  };
}
