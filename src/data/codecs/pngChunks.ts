/**
 * Checks a PNG file's chunks before it is decoded, so that a damaged one gets its reason: the codec has only one word for
 * all. Format: PNG specification, 3rd edition, sections 5 and 11.
 */
import { UnreadableImage } from './unreadable.ts';

const SIGNATURE_BYTES = 8;
/** Length, type and checksum of a chunk. */
const FRAME_BYTES = 12;

/** @throws UnreadableImage when a chunk is cut off or damaged, when there are no pixels, or when the file does not end. */
export function checkPng(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = crcTable();
  let hasPixels = false;
  let at = SIGNATURE_BYTES;
  while (at + FRAME_BYTES <= bytes.length) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + FRAME_BYTES + length;
    if (end > bytes.length) throw new UnreadableImage(`the PNG file is cut off in its ${type} chunk`);
    if (crc32(bytes.subarray(at + 4, end - 4), table) !== view.getUint32(end - 4)) {
      throw new UnreadableImage(`the ${type} chunk of the PNG file is damaged: its checksum differs`);
    }
    if (type === 'IDAT') hasPixels = true;
    if (type === 'IEND') {
      if (!hasPixels) throw new UnreadableImage('the PNG file holds no pixels');
      return;
    }
    at = end;
  }
  throw new UnreadableImage('the PNG file is cut off: its end is missing');
}

function crcTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    return crc;
  });
}

function crc32(bytes: Uint8Array, table: Uint32Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}
