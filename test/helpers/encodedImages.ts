/**
 * JPEG, PNG and BMP files written byte by byte, so that a test knows every pixel that a decoder must return and how the
 * file is invalid. JPEG: ITU-T T.81, baseline; each 8x8 block has one value, which loses no precision.
 * PNG: specification, 3rd edition; no filter. BMP: what tinyRun.ts does not write.
 */
import { deflateSync } from 'node:zlib';
import { crc32 } from '../../src/base/crc32.ts';

export interface JpegOptions {
  /** Components: 1 gray, 3 YCbCr, 4 CMYK or YCCK. */
  components: 1 | 3 | 4;
  /** The component values, 0 to 255, of the block in column bx and row by. */
  blockAt: (bx: number, by: number) => readonly number[];
  /** Segments before the tables, markers included: APP0, APP1 (EXIF), APP14 (Adobe), COM. */
  segments?: readonly Buffer[];
}

const BLOCK = 8;
const CATEGORIES = 12;

/** A baseline JPEG without subsampling. */
export function jpegFile(width: number, height: number, { components, blockAt, segments = [] }: JpegOptions): Buffer {
  const ids = Array.from({ length: components }, (_, i) => i + 1);
  const frame = [8, height >> 8, height & 255, width >> 8, width & 255, components];
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    ...segments,
    segment(0xdb, [0, ...new Array<number>(64).fill(BLOCK)]), // a step of 8 makes the coefficient the block's value - 128
    segment(0xc0, [...frame, ...ids.flatMap((id) => [id, 0x11, 0])]),
    segment(0xc4, [0x00, ...codeCounts(4, CATEGORIES), ...Array.from({ length: CATEGORIES }, (_, i) => i)]),
    segment(0xc4, [0x10, ...codeCounts(1, 1), 0]), // the only AC code: end of block
    segment(0xda, [components, ...ids.flatMap((id) => [id, 0]), 0, 63, 0]),
    entropyCoded(width, height, components, blockAt),
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** A JPEG segment: marker, length, content. */
export function segment(marker: number, content: readonly number[] | Buffer): Buffer {
  const length = content.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), Buffer.from(content)]);
}

/** EXIF data (a TIFF file with one entry) that tell viewers to rotate the image: 6 is a quarter turn clockwise. */
export function exifData(orientation: number, isLittle = false): Buffer {
  const tiff = Buffer.alloc(26);
  const short = (value: number, at: number) =>
    isLittle ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const long = (value: number, at: number) =>
    isLittle ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  tiff.write(isLittle ? 'II' : 'MM', 'latin1');
  short(42, 2);
  long(8, 4); // where the directory begins
  short(1, 8); // one entry
  short(0x0112, 10);
  short(3, 12); // a short
  long(1, 14);
  short(orientation, 18);
  return tiff;
}

/** The EXIF segment of a JPEG file. */
export const exifSegment = (data: Buffer): Buffer =>
  segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), data]));

/** Adobe's segment: 0 says that components are CMYK (or RGB), 1 YCbCr, 2 YCCK. */
export function adobeSegment(transform: 0 | 1 | 2): Buffer {
  return segment(0xee, Buffer.concat([Buffer.from('Adobe'), Buffer.from([0, 100, 0, 0, 0, 0, transform])]));
}

function codeCounts(length: number, count: number): number[] {
  return Array.from({ length: 16 }, (_, i) => (i === length - 1 ? count : 0));
}

function entropyCoded(width: number, height: number, components: number, blockAt: JpegOptions['blockAt']): Buffer {
  let bits = '';
  const previous = new Array<number>(components).fill(0);
  for (let by = 0; by < Math.ceil(height / BLOCK); by++) {
    for (let bx = 0; bx < Math.ceil(width / BLOCK); bx++) {
      blockAt(bx, by).forEach((value, component) => {
        const difference = value - 128 - previous[component];
        previous[component] = value - 128;
        const size = difference === 0 ? 0 : 32 - Math.clz32(Math.abs(difference));
        const code = difference < 0 ? difference + 2 ** size - 1 : difference;
        const endOfBlock = '0';
        bits += `${size.toString(2).padStart(4, '0')}${size > 0 ? code.toString(2).padStart(size, '0') : ''}${endOfBlock}`;
      });
    }
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  const bytes = bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2));
  return Buffer.from(bytes.flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
}

export interface PngOptions {
  /** 0 gray, 2 RGB, 3 palette, 4 gray and alpha, 6 RGB and alpha. */
  colorType: 0 | 2 | 3 | 4 | 6;
  bits: 1 | 2 | 4 | 8 | 16;
  /** The samples of a pixel, as many as the color type has. */
  samplesAt: (x: number, y: number) => readonly number[];
  /** Red, green, blue of each entry. */
  palette?: readonly (readonly [number, number, number])[];
  /** Content of the tRNS chunk: the palette's alphas, or the samples (two bytes each) of the transparent color. */
  transparency?: readonly number[];
  /** Seven passes (Adam7). */
  interlaced?: boolean;
  /** Chunks before the pixels: text, EXIF, color profiles. */
  chunks?: readonly Buffer[];
}

const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
/** First column, first row, and the steps of the passes of Adam7. */
const ADAM7: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

export function pngFile(width: number, height: number, options: PngOptions): Buffer {
  const { colorType, bits, palette, transparency, interlaced = false, chunks = [] } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bits, colorType, 0, 0, interlaced ? 1 : 0], 8);
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  const rows = passes.flatMap(([firstX, firstY, stepX, stepY]) => {
    const made: Buffer[] = [];
    for (let y = firstY; y < height && firstX < width; y += stepY) made.push(pngRow(width, y, firstX, stepX, options));
    return made;
  });
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...(palette ? [pngChunk('PLTE', Buffer.from(palette.flat()))] : []),
    ...(transparency ? [pngChunk('tRNS', Buffer.from(transparency))] : []),
    ...chunks,
    pngChunk('IDAT', deflateSync(Buffer.concat(rows))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A row of a pass: its filter (none), then the samples, packed from the highest bit. */
function pngRow(width: number, y: number, firstX: number, stepX: number, options: PngOptions): Buffer {
  const { bits, colorType, samplesAt } = options;
  let text = '';
  for (let x = firstX; x < width; x += stepX) {
    const samples = samplesAt(x, y);
    if (samples.length !== SAMPLES[colorType]) throw new Error(`color type ${colorType}: ${samples.length} samples`);
    text += samples.map((sample) => sample.toString(2).padStart(bits, '0')).join('');
  }
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '0');
  return Buffer.from([0, ...(padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))]);
}

export function pngChunk(type: string, data: Uint8Array): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  chunk.set(data, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
  return chunk;
}

export interface BmpOptions {
  bits: 1 | 4 | 8 | 16 | 24 | 32;
  /** A palette's index, or the pixel's bits. */
  wordAt: (x: number, y: number) => number;
  /** The size of the header after the file header: 12 (OS/2), 40, or 108 (includes masks). */
  headerBytes?: 12 | 40 | 108;
  /** Red, green, blue and, if present, alpha. Needs 16 or 32 bits. */
  masks?: readonly number[];
  /** Red, green, blue of each entry. */
  palette?: readonly (readonly [number, number, number])[];
  topDown?: boolean;
  /** Unused bytes between the headers and the pixels. */
  gapBytes?: number;
}

export function bmpFileOf(width: number, height: number, options: BmpOptions): Buffer {
  const { bits, wordAt, headerBytes = 40, masks, palette = [], topDown = false, gapBytes = 0 } = options;
  const isCore = headerBytes === 12;
  const masksBehind = masks && headerBytes === 40 ? masks.length * 4 : 0;
  const paletteAt = 14 + headerBytes + masksBehind;
  const pixelsAt = paletteAt + palette.length * (isCore ? 3 : 4) + gapBytes;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const file = Buffer.alloc(pixelsAt + rowBytes * height);
  file.write('BM', 0);
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(pixelsAt, 10);
  file.writeUInt32LE(headerBytes, 14);
  if (isCore) {
    for (const [i, value] of [width, height, 1, bits].entries()) file.writeUInt16LE(value, 18 + 2 * i);
  } else {
    file.writeInt32LE(width, 18);
    file.writeInt32LE(topDown ? -height : height, 22);
    file.writeUInt16LE(1, 26);
    file.writeUInt16LE(bits, 28);
    file.writeUInt32LE(masks ? (masks.length === 4 && headerBytes === 40 ? 6 : 3) : 0, 30);
    file.writeUInt32LE(palette.length, 46);
    masks?.forEach((mask, i) => {
      file.writeUInt32LE(mask >>> 0, 54 + 4 * i);
    });
  }
  palette.forEach(([red, green, blue], i) => {
    file.set([blue, green, red], paletteAt + i * (isCore ? 3 : 4));
  });
  for (let y = 0; y < height; y++) {
    const rowAt = pixelsAt + (topDown ? y : height - 1 - y) * rowBytes;
    for (let x = 0; x < width; x++) {
      const word = wordAt(x, y);
      if (bits >= 8) file.writeUIntLE(word >>> 0, rowAt + (x * bits) / 8, bits / 8);
      else file[rowAt + Math.floor((x * bits) / 8)] |= word << (8 - bits - ((x * bits) % 8));
    }
  }
  return file;
}
