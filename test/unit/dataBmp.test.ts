import { expect, test } from 'vitest';
import { decodeBmp } from '../../src/data/codecs/bmp.ts';
import { bmpFileOf } from '../helpers/encodedImages.ts';
import { bmpFile } from '../helpers/tinyRun.ts';

/** Decodes to the [red, green, blue] of each pixel, row by row. */
function pixelsOf(bytes: Uint8Array): number[][] {
  const { width, height, pixels } = decodeBmp(bytes);
  return Array.from({ length: width * height }, (_, i) => [...pixels.subarray(3 * i, 3 * i + 3)]);
}

const gray = (value: number) => [value, value, value];

const altered = (file: Buffer, change: (file: Buffer) => void): Buffer => {
  change(file);
  return file;
};
const palette = [
  [255, 0, 0],
  [0, 255, 0],
  [9, 8, 7],
  [250, 251, 252],
] as const;
const rgb = (x: number, y: number): [number, number, number] => [10 * x, 20 * y, 3];
const expected = Array.from({ length: 15 }, (_, i) => rgb(i % 5, Math.floor(i / 5)));
const word = (x: number, y: number) => (rgb(x, y)[0] << 16) | (rgb(x, y)[1] << 8) | rgb(x, y)[2];

test.each([
  ['24 bits', bmpFile(5, 3, rgb)],
  ['24 bits, rows downwards', bmpFileOf(5, 3, { bits: 24, wordAt: word, topDown: true })],
  ['24 bits, a gap before the pixels', bmpFileOf(5, 3, { bits: 24, wordAt: word, gapBytes: 6 })],
  ["24 bits, OS/2's header", bmpFileOf(5, 3, { bits: 24, wordAt: word, headerBytes: 12 })],
  ['32 bits, the fourth byte unused', bmpFileOf(5, 3, { bits: 32, wordAt: word })],
  [
    '32 bits, masks behind the header',
    bmpFileOf(5, 3, { bits: 32, wordAt: (x, y) => word(x, y) << 8, masks: [0xff000000, 0xff0000, 0xff00] }),
  ],
  [
    '32 bits, masks in the header',
    bmpFileOf(5, 3, {
      bits: 32,
      wordAt: (x, y) => word(x, y) | 0xff000000,
      masks: [0xff0000, 0xff00, 0xff, 0xff000000],
      headerBytes: 108,
    }),
  ],
])('%s', (_, file) => {
  expect(pixelsOf(file)).toEqual(expected);
});

test.each([1, 4, 8] as const)('a palette of %i bits is decoded, with and without an OS/2 header', (bits) => {
  const colors = palette.slice(0, Math.min(4, 2 ** bits));
  for (const headerBytes of [12, 40] as const) {
    const all = headerBytes === 12 ? [...colors, ...Array(2 ** bits - colors.length).fill([0, 0, 0])] : colors;
    const file = bmpFileOf(9, 2, { bits, wordAt: (x, y) => (x + y) % colors.length, palette: all, headerBytes });
    expect(pixelsOf(file)).toEqual(
      Array.from({ length: 18 }, (_, i) => [...colors[((i % 9) + Math.floor(i / 9)) % colors.length]]),
    );
  }
});

test('16 bits are 5-5-5 by default and 5-6-5 with masks', () => {
  const five = bmpFileOf(2, 1, { bits: 16, wordAt: (x) => (x === 0 ? 0x7fff : (16 << 10) | (8 << 5) | 1) });
  expect(pixelsOf(five)).toEqual([gray(255), [132, 66, 8]]);
  const six = bmpFileOf(1, 1, { bits: 16, wordAt: () => (31 << 11) | (32 << 5), masks: [0xf800, 0x7e0, 0x1f] });
  expect(pixelsOf(six)).toEqual([[255, 130, 0]]);
});

test('an image with an alpha mask is composited on white', () => {
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
  const file = bmpFileOf(2, 1, { bits: 32, wordAt: (x) => ((x === 0 ? 0 : 128) << 24) | 0x000a14, masks });
  expect(pixelsOf(file)).toEqual([gray(255), [127, 132, 137]]);
});

test('alpha of 0 everywhere counts as unset: the image is opaque', () => {
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
  for (const headerBytes of [40, 108] as const) {
    expect(pixelsOf(bmpFileOf(5, 3, { bits: 32, wordAt: word, masks, headerBytes }))).toEqual(expected);
  }
  const short = bmpFileOf(1, 1, { bits: 16, wordAt: () => 31 << 10, masks: [0x7c00, 0x3e0, 0x1f, 0x8000] });
  expect(pixelsOf(short)).toEqual([[255, 0, 0]]);
});

test('accepts a header with more colors than pixels can index, and a header that ends after the bit depth', () => {
  const colors = Array.from({ length: 16 }, (_, i) => [i, i, i] as const);
  const file = bmpFileOf(16, 1, { bits: 4, wordAt: (x) => x, palette: colors });
  expect(pixelsOf(altered(file, (bytes) => bytes.writeUInt32LE(1000, 46)))).toEqual(colors);
  const whole = bmpFileOf(5, 3, { bits: 24, wordAt: word });
  const short = Buffer.concat([whole.subarray(0, 30), whole.subarray(54)]);
  short.writeUInt32LE(30, 10);
  short.writeUInt32LE(16, 14);
  expect(pixelsOf(short)).toEqual(expected);
});

test.each([
  ['cut off', bmpFile(5, 3, rgb).subarray(0, 90), /cut off: 12 bytes of pixels are missing/],
  ['header cut off', bmpFile(5, 3, rgb).subarray(0, 20), /header is cut off/],
  [
    'a color outside of the palette',
    bmpFileOf(1, 1, { bits: 8, wordAt: () => 3, palette: palette.slice(0, 2) }),
    /names color 3 of a palette of 2/,
  ],
  ['no rows', bmpFileOf(1, 0, { bits: 24, wordAt: word }), /BMP size of 1x0/],
  [
    'palette cut off',
    altered(bmpFileOf(1, 1, { bits: 8, wordAt: () => 0, palette }), (file) => file.writeUInt32LE(200, 46)),
    /palette is cut off/,
  ],
  [
    'run-length encoded',
    altered(bmpFileOf(4, 4, { bits: 8, wordAt: () => 0, palette }), (file) => file.writeUInt32LE(1, 30)),
    /compression 1 is not supported; save it uncompressed/,
  ],
  ['2 bits a pixel', altered(bmpFile(4, 4, rgb), (file) => file.writeUInt16LE(2, 28)), /2 bits a pixel/],
  ['negative width', altered(bmpFile(4, 4, rgb), (file) => file.writeInt32LE(-4, 18)), /size of -4x4/],
])('%s is refused', (_, file, message) => {
  expect(() => decodeBmp(file)).toThrow(message);
});
