/**
 * The chunks of a PNG file, reduced to what the codec needs. Ancillary chunks (text, color profiles, EXIF data) affect
 * no pixel when they are damaged or larger than the codec allows, so they are removed first. Chunks that
 * pixels depend on must be intact: the codec stops at the last pixel and does not verify checksums. PNG, 3rd edition, 5 and 11.
 */
import { crc32 } from '../../base/crc32.ts';
import { type Orientation, orientationOf } from './orientation.ts';
import { UnreadableImage } from './unreadable.ts';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;

export interface PngFile {
  /** The file without the chunks that no pixel depends on. */
  bytes: Uint8Array;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  bits: number;
  orientation: Orientation;
}

/** @throws UnreadableImage when the file is cut off, holds no pixels, or a chunk that pixels depend on is damaged */
export function readPng(file: Uint8Array): PngFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isSound = (at: number, end: number) => crc32(file.subarray(at + 4, end - 4)) === view.getUint32(end - 4);
  const kept: Uint8Array[] = [file.subarray(0, SIGNATURE_BYTES)];
  let bits = 0;
  let hasPixels = false;
  let orientation: Orientation = 1;
  let at = SIGNATURE_BYTES;
  while (at + FRAME_BYTES <= file.length) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const end = at + FRAME_BYTES + length;
    if (end > file.length) throw new UnreadableImage(`the PNG file is cut off in its ${type} chunk`);
    if (isCritical(type) || type === 'tRNS') {
      if (!isSound(at, end)) {
        throw new UnreadableImage(`the ${type} chunk of the PNG file is damaged: its checksum differs`);
      }
      kept.push(file.subarray(at, end));
    }
    if (type === 'IHDR' && length >= 9) bits = file[at + 16];
    if (type === 'eXIf' && isSound(at, end)) orientation = orientationOf(file.subarray(at + 8, end - 4));
    if (type === 'IDAT') hasPixels = true;
    if (type === 'IEND') {
      if (!hasPixels) throw new UnreadableImage('the PNG file holds no pixels');
      return { bytes: joined(kept), bits, orientation };
    }
    at = end;
  }
  throw new UnreadableImage('the PNG file is cut off: its end is missing');
}

/** Whether decoders must understand the chunk: its first letter is a capital. */
const isCritical = (type: string): boolean => type[0] >= 'A' && type[0] <= 'Z';

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
