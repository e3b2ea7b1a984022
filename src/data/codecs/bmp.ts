/**
 * Windows bitmaps: 1, 4, 8, 16, 24 and 32 bits per pixel, palettes, bit fields, rows bottom-up or top-down; no run-length
 * encoding. Written here because the npm decoders need Node's Buffer, and ignore the pixel offset that the header
 * states. Format: Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER and its successors.
 */
import { type DecodedImage, onWhite } from './rgb.ts';
import { UnreadableImage } from './unreadable.ts';

const FILE_HEADER_BYTES = 14;
const CORE_HEADER_BYTES = 12;
/** OS/2's second header may end after any field; missing fields are 0. */
const SHORT_HEADER_BYTES = 16;
const COMPRESSION = { none: 0, bitFields: 3, alphaBitFields: 6 } as const;
/** Offset of the masks of red, green, blue and alpha: inside the larger headers, or right after the smallest. */
const MASKS_AT = FILE_HEADER_BYTES + 40;

interface BmpHeader {
  width: number;
  height: number;
  topDown: boolean;
  bitsPerPixel: number;
  compression: number;
  /** Byte offset of the pixels. */
  pixelsAt: number;
  /** Red, green, blue, alpha; 0 where there is no such channel. */
  masks: number[];
  palette: { at: number; count: number; entryBytes: number };
}

/** @throws UnreadableImage when the file is cut off, contradicts itself, or is compressed. */
export function decodeBmp(bytes: Uint8Array): DecodedImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  const { width, height, bitsPerPixel, topDown, pixelsAt } = header;
  const rowBytes = rowBytesOf(width, bitsPerPixel);
  if (pixelsAt + rowBytes * height > bytes.length) {
    const missing = pixelsAt + rowBytes * height - bytes.length;
    throw new UnreadableImage(`the BMP file is cut off: ${missing} bytes of pixels are missing`);
  }
  const pixels = new Uint8Array(width * height * 3);
  const readPixel = pixelReader(
    view,
    isAlphaUnused(view, header) ? { ...header, masks: [...header.masks.slice(0, 3), 0] } : header,
  );
  for (let y = 0; y < height; y++) {
    const rowAt = pixelsAt + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++) readPixel(rowAt, x, pixels, (y * width + x) * 3);
  }
  return { width, height, pixels, largest16: null, isTransparent: false };
}

/** Whether alpha is 0 everywhere: programs that leave it unset write 0, and viewers show such an image as opaque. */
function isAlphaUnused(view: DataView, { width, height, bitsPerPixel, pixelsAt, masks }: BmpHeader): boolean {
  if (masks[3] === 0) return false;
  const wordOf = wordReader(view, bitsPerPixel);
  const rowBytes = rowBytesOf(width, bitsPerPixel);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if ((wordOf(pixelsAt + y * rowBytes, x) & masks[3]) !== 0) return false;
    }
  }
  return true;
}

const rowBytesOf = (width: number, bitsPerPixel: number): number => Math.ceil((width * bitsPerPixel) / 32) * 4;

function readHeader(view: DataView): BmpHeader {
  if (view.byteLength < FILE_HEADER_BYTES + CORE_HEADER_BYTES) throw new UnreadableImage('the BMP header is cut off');
  const headerBytes = view.getUint32(14, true);
  const isCore = headerBytes === CORE_HEADER_BYTES;
  if ((!isCore && headerBytes < SHORT_HEADER_BYTES) || view.byteLength < FILE_HEADER_BYTES + headerBytes) {
    throw new UnreadableImage(`a BMP header of ${headerBytes} bytes, expected 12, or 16 and more that are all there`);
  }
  const storedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const bitsPerPixel = view.getUint16(isCore ? 24 : 28, true);
  const field = (at: number): number => (FILE_HEADER_BYTES + headerBytes >= at + 4 ? view.getUint32(at, true) : 0);
  const compression = field(30);
  const height = Math.abs(storedHeight);
  if (width <= 0 || height === 0) throw new UnreadableImage(`a BMP size of ${width}x${storedHeight} pixels`);
  if (![1, 4, 8, 16, 24, 32].includes(bitsPerPixel)) throw new UnreadableImage(`a BMP of ${bitsPerPixel} bits a pixel`);
  const hasMasks = compression === COMPRESSION.bitFields || compression === COMPRESSION.alphaBitFields;
  if ((compression !== COMPRESSION.none && !hasMasks) || (hasMasks && bitsPerPixel < 16)) {
    throw new UnreadableImage(`BMP compression ${compression} is not supported; save it uncompressed, or as PNG`);
  }
  const masksBehind = hasMasks && headerBytes === 40 ? (compression === COMPRESSION.alphaBitFields ? 16 : 12) : 0;
  const masks = hasMasks ? readMasks(view, headerBytes >= 56 || masksBehind === 16) : defaultMasks(bitsPerPixel);
  const stated = field(46);
  return {
    width,
    height,
    topDown: storedHeight < 0,
    bitsPerPixel,
    compression,
    pixelsAt: view.getUint32(10, true),
    masks,
    palette: {
      at: FILE_HEADER_BYTES + headerBytes + masksBehind,
      count: bitsPerPixel > 8 ? 0 : Math.min(stated || Infinity, 2 ** bitsPerPixel),
      entryBytes: isCore ? 3 : 4,
    },
  };
}

function readMasks(view: DataView, hasAlpha: boolean): number[] {
  if (view.byteLength < MASKS_AT + 16) throw new UnreadableImage('the BMP header is cut off');
  return [0, 4, 8, 12].map((at) => (at < 12 || hasAlpha ? view.getUint32(MASKS_AT + at, true) : 0));
}

// The fourth byte of plain 32-bit pixels is unused, not alpha.
const defaultMasks = (bitsPerPixel: number): number[] =>
  bitsPerPixel === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];

/** Writes pixel x of the row at byte rowAt to target[at ...]. */
type PixelReader = (rowAt: number, x: number, target: Uint8Array, at: number) => void;

function pixelReader(view: DataView, header: BmpHeader): PixelReader {
  const { bitsPerPixel, masks } = header;
  if (bitsPerPixel <= 8) return paletteReader(view, header);
  if (bitsPerPixel === 24) {
    return (rowAt, x, target, at) => {
      for (let channel = 0; channel < 3; channel++) target[at + channel] = view.getUint8(rowAt + x * 3 + 2 - channel);
    };
  }
  const fields = masks.map(fieldOf);
  const wordOf = wordReader(view, bitsPerPixel);
  return (rowAt, x, target, at) => {
    const word = wordOf(rowAt, x);
    const alpha = masks[3] === 0 ? 255 : fields[3](word);
    for (let channel = 0; channel < 3; channel++) target[at + channel] = onWhite(fields[channel](word), alpha);
  };
}

/** Reads pixel x, of 16 or 32 bits, of the row at byte rowAt. */
const wordReader = (view: DataView, bitsPerPixel: number): ((rowAt: number, x: number) => number) =>
  bitsPerPixel === 16
    ? (rowAt, x) => view.getUint16(rowAt + x * 2, true)
    : (rowAt, x) => view.getUint32(rowAt + x * 4, true);

function paletteReader(view: DataView, { bitsPerPixel, palette }: BmpHeader): PixelReader {
  if (palette.at + palette.count * palette.entryBytes > view.byteLength) {
    throw new UnreadableImage('the BMP palette is cut off');
  }
  const perByte = 8 / bitsPerPixel;
  return (rowAt, x, target, at) => {
    const byte = view.getUint8(rowAt + Math.floor(x / perByte));
    const shift = 8 - bitsPerPixel * ((x % perByte) + 1); // the leftmost pixel is in the highest bits
    const index = (byte >> shift) & (2 ** bitsPerPixel - 1);
    if (index >= palette.count) {
      throw new UnreadableImage(`a BMP pixel names color ${index} of a palette of ${palette.count}`);
    }
    const entry = palette.at + index * palette.entryBytes;
    for (let channel = 0; channel < 3; channel++) target[at + channel] = view.getUint8(entry + 2 - channel);
  };
}

/** The bits under a mask as 0 to 255. */
function fieldOf(mask: number): (word: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const max = mask >>> shift;
  return (word) => Math.round((((word & mask) >>> shift) * 255) / max);
}
