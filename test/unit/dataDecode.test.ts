import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import encodeJpeg, { init as initJpegEncoder } from '@jsquash/jpeg/encode.js';
import { describe, expect, test } from 'vitest';
import { ImageDecoder, looksLikeImage } from '../../src/data/codecs/decode.ts';
import { nodePlatform } from '../../src/platform/node.ts';
import {
  adobeSegment,
  exifData,
  exifSegment,
  jpegFile,
  type PngOptions,
  pngChunk,
  pngFile,
  segment,
} from '../helpers/encodedImages.ts';

const decoder = new ImageDecoder(nodePlatform());
const decode = (bytes: Uint8Array) => decoder.decode(bytes);

/** Decodes to the [red, green, blue] of each pixel, row by row. */
async function pixelsOf(bytes: Uint8Array): Promise<number[][]> {
  const { width, height, pixels } = await decode(bytes);
  return Array.from({ length: width * height }, (_, i) => [...pixels.subarray(3 * i, 3 * i + 3)]);
}

const gray = (value: number) => [value, value, value];
const refusal = (bytes: Uint8Array) =>
  decode(bytes).then(
    ({ width, height }) => `read as ${width}x${height}`,
    (error: Error) => `${error.name}: ${error.message}`,
  );

/** JPEG: two blocks wide, one high. */
const grayJpeg = jpegFile(20, 10, { components: 1, blockAt: (bx, by) => [[10, 100, 200][bx] + 5 * by] });

describe('JPEG', () => {
  test('gray becomes three equal channels, also at sizes that are no multiple of a block', async () => {
    const { width, height, pixels } = await decode(grayJpeg);
    expect([width, height, pixels.length]).toEqual([20, 10, 600]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = [10, 100, 200][Math.floor(x / 8)] + 5 * Math.floor(y / 8);
        expect([...pixels.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3)]).toEqual(gray(value));
      }
    }
  });

  test('YCbCr is converted to RGB as JFIF defines it, within one level', async () => {
    const colors = [
      [76, 85, 255],
      [150, 44, 21],
      [29, 255, 107],
      [128, 128, 128],
    ];
    const pixels = await pixelsOf(jpegFile(32, 8, { components: 3, blockAt: (bx) => colors[bx] }));
    for (const [bx, [y, cb, cr]] of colors.entries()) {
      const expected = [
        y + 1.402 * (cr - 128),
        y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128),
        y + 1.772 * (cb - 128),
      ];
      for (const [channel, value] of expected.entries()) {
        const clamped = Math.min(255, Math.max(0, value));
        expect(Math.abs(pixels[bx * 8 + 3][channel] - clamped), `color ${bx}, channel ${channel}`).toBeLessThanOrEqual(
          1,
        );
      }
    }
  });

  test("RGB stored without conversion (Adobe's segment) is read unchanged", async () => {
    const file = jpegFile(8, 8, { components: 3, blockAt: () => [255, 18, 128], segments: [adobeSegment(0)] });
    expect((await pixelsOf(file))[0]).toEqual([255, 18, 128]);
  });

  test('segments that do not affect pixels may be damaged or huge', async () => {
    const profile = segment(
      0xe2,
      Buffer.concat([Buffer.from('ICC_PROFILE\0\xff\x01', 'latin1'), Buffer.alloc(65_000, 9)]),
    );
    const segments = [
      segment(0xe0, []), // truncated JFIF
      segment(0xe1, Buffer.from('Exif\0\0MM\0*\xff\xff\xff\xff', 'latin1')),
      segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x:xmpmeta', 'latin1')),
      ...Array<Buffer>(20).fill(profile),
      segment(0xed, Buffer.from('Photoshop 3.0\0')),
      segment(0xee, Buffer.from('Ado')),
      segment(0xfe, Buffer.alloc(65_000, 7)),
    ];
    const file = jpegFile(8, 8, { components: 1, blockAt: () => [77], segments });
    expect((await pixelsOf(file))[63]).toEqual(gray(77));
  });

  test('a progressive file with subsampled color from a real encoder decodes close to its source, deterministically', async () => {
    const wasm = createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm');
    await initJpegEncoder(await WebAssembly.compile(await readFile(wasm)));
    const [width, height] = [50, 37];
    const data = new Uint8ClampedArray(width * height * 4).fill(255);
    for (let i = 0; i < width * height; i++) data.set([(i % width) * 5, Math.floor(i / width) * 6, 120], i * 4);
    const source = { width, height, data, colorSpace: 'srgb' } as ImageData;
    const file = new Uint8Array(await encodeJpeg(source, { quality: 95, progressive: true, chroma_subsample: 2 }));
    const image = await decode(file);
    expect([image.width, image.height]).toEqual([width, height]);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) expect(Math.abs(image.pixels[3 * i + c] - data[4 * i + c])).toBeLessThanOrEqual(12);
    }
    expect((await new ImageDecoder(nodePlatform()).decode(file)).pixels).toEqual(image.pixels);
    expect(await refusal(file.subarray(0, file.length - 100))).toMatch(/^UnreadableImage: Premature end/);
    expect(await refusal(file.subarray(0, Math.floor(file.length / 2)))).toMatch(/^UnreadableImage: Premature end/);
  });

  test.each([1, 2, 4, 10])(
    'a file truncated by %i bytes is refused, where libjpeg would fill with gray',
    async (missing) => {
      expect(await refusal(grayJpeg.subarray(0, grayJpeg.length - missing))).toMatch(/^UnreadableImage: Premature end/);
    },
  );

  test('every truncated prefix is refused, and the next valid image is still read', async () => {
    for (let length = 3; length < grayJpeg.length; length++) {
      expect(await refusal(grayJpeg.subarray(0, length)), `${length} bytes`).toMatch(/^UnreadableImage: ./);
    }
    expect((await pixelsOf(grayJpeg))[0]).toEqual(gray(10));
  });

  test('bytes after the end are ignored', async () => {
    expect((await pixelsOf(Buffer.concat([grayJpeg, Buffer.alloc(64, 7)])))[0]).toEqual(gray(10));
    const stray = Buffer.concat([
      grayJpeg.subarray(0, 2),
      segment(0xfe, Buffer.from('a comment')),
      grayJpeg.subarray(2),
    ]);
    expect((await pixelsOf(stray))[0]).toEqual(gray(10));
  });

  test('CMYK is refused with a remedy, with and without the Adobe segment', async () => {
    for (const segments of [[], [adobeSegment(0)], [adobeSegment(2)]]) {
      const file = jpegFile(8, 8, { components: 4, blockAt: () => [255, 0, 0, 255], segments });
      expect(await refusal(file)).toBe('UnreadableImage: its colors are neither RGB nor gray (CMYK?); save it as RGB');
    }
  });

  test.each([
    ['12 bits a sample', 4, [12], /precision 12/],
    ['no rows', 5, [0, 0], /Empty JPEG image/],
    [
      'more pixels than memory',
      5,
      [0x75, 0x30, 0x75, 0x30],
      /it has 30000 x 30000 pixels; images of up to 128 million/,
    ],
  ])('%s is refused, and the next image is still read', async (_, offset, values, message) => {
    const file = Buffer.from(grayJpeg);
    file.set(values, file.indexOf(Buffer.from([0xff, 0xc0])) + offset);
    expect(await refusal(file)).toMatch(message);
    expect((await pixelsOf(grayJpeg))[0]).toEqual(gray(10));
  });
});

describe('PNG', () => {
  const single = (options: Omit<PngOptions, 'samplesAt'>, ...samples: number[]) =>
    pngFile(1, 1, { ...options, samplesAt: () => samples });

  test.each([1, 2, 4, 8, 16] as const)('gray of %i bits is stretched to 0..255', async (bits) => {
    const most = 2 ** bits - 1;
    const ramp = pngFile(5, 2, {
      colorType: 0,
      bits,
      samplesAt: (x, y) => [y === 0 ? Math.floor((most * x) / 4) : most],
    });
    const expected = [0, 1, 2, 3, 4].map((x) => gray(Math.floor((Math.floor((most * x) / 4) * 255) / most)));
    expect(await pixelsOf(ramp)).toEqual([...expected, ...Array(5).fill(gray(255))]);
  });

  test('16-bit samples are reduced to their high byte', async () => {
    for (const [sample, value] of [
      [0x00ff, 0],
      [0x0100, 1],
      [0x80ff, 0x80],
      [0xffff, 255],
    ]) {
      expect(await pixelsOf(single({ colorType: 0, bits: 16 }, sample))).toEqual([gray(value)]);
    }
    expect(await pixelsOf(single({ colorType: 2, bits: 16 }, 0x1234, 0x5678, 0x9abc))).toEqual([[0x12, 0x56, 0x9a]]);
  });

  test('transparent images are composited on white: gray, RGB, palettes and single transparent colors', async () => {
    const over = (value: number, alpha: number) => Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
    const steps = [0, 85, 170, 255];
    const grayAlpha = pngFile(4, 1, { colorType: 4, bits: 8, samplesAt: (x) => [100, steps[x]] });
    expect(await pixelsOf(grayAlpha)).toEqual(steps.map((alpha) => gray(over(100, alpha))));
    const rgba = pngFile(4, 1, { colorType: 6, bits: 16, samplesAt: (x) => [0x6400, 0xffff, 0, steps[x] * 257] });
    expect(await pixelsOf(rgba)).toEqual(steps.map((a) => [over(100, a), over(255, a), over(0, a)]));
    const palette = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ] as const;
    const indexed = pngFile(3, 1, {
      colorType: 3,
      bits: 2,
      palette,
      transparency: [255, 0, 128],
      samplesAt: (x) => [x],
    });
    expect(await pixelsOf(indexed)).toEqual([[1, 2, 3], gray(255), [over(7, 128), over(8, 128), over(9, 128)]]);
    const keyed = { colorType: 2, bits: 8, transparency: [0, 9, 0, 8, 0, 7] } as const;
    expect(await pixelsOf(single(keyed, 9, 8, 7))).toEqual([gray(255)]);
    expect(await pixelsOf(single(keyed, 9, 8, 6))).toEqual([[9, 8, 6]]);
  });

  test('interlaced and plain rows give the same pixels', async () => {
    const samplesAt = (x: number, y: number) => [x * 9, y * 11, (x * y) % 256];
    const [plain, interlaced] = [false, true].map((flag) =>
      pngFile(19, 13, { colorType: 2, bits: 8, interlaced: flag, samplesAt }),
    );
    const pixels = await pixelsOf(plain);
    expect(pixels[13 * 19 - 1]).toEqual([18 * 9, 12 * 11, 18 * 12]);
    expect(await pixelsOf(interlaced)).toEqual(pixels);
  });

  test('16-bit samples that use fewer bits keep the highest 8 of those; values beyond the range are white', async () => {
    const file = pngFile(5, 1, { colorType: 0, bits: 16, samplesAt: (x) => [[0, 16, 2048, 4095, 4096][x]] });
    const levels = async (sampleBits?: number) =>
      (await decoder.decode(file, sampleBits)).pixels.filter((_, i) => i % 3 === 0);
    expect([...(await levels())]).toEqual([0, 0, 8, 15, 16]);
    expect([...(await levels(12))]).toEqual([0, 1, 128, 255, 255]);
    expect([...(await levels(13))]).toEqual([0, 0, 64, 127, 128]);
    const dark = pngFile(3, 1, { colorType: 0, bits: 16, samplesAt: (x) => [[0, 3, 15][x]] });
    expect([...(await decoder.decode(dark, 4)).pixels.filter((_, i) => i % 3 === 0)]).toEqual([0, 48, 240]);
    const seen = pngFile(2, 1, { colorType: 4, bits: 16, samplesAt: (x) => [[300, 900][x], [0xffff, 0][x]] });
    expect((await decode(file)).largest16).toBe(4096);
    expect((await decode(seen)).largest16, 'of what can be seen').toBe(300);
    expect((await decode(single({ colorType: 0, bits: 8 }, 7))).largest16).toBeNull();
  });

  test('a fully transparent image is white, and a note says so', async () => {
    for (const alpha of [0, 1]) {
      const file = pngFile(2, 1, { colorType: 4, bits: 8, samplesAt: (x) => [50, x * alpha] });
      expect((await decode(file)).isTransparent).toBe(alpha === 0);
    }
  });

  const whole = pngFile(6, 6, { colorType: 2, bits: 8, samplesAt: (x, y) => [x, y, 7] });

  test('every truncated prefix is refused', async () => {
    for (let length = 1; length < whole.length; length++) {
      expect(await refusal(whole.subarray(0, length)), `${length} bytes`).toMatch(/^UnreadableImage: ./);
    }
  });

  test('a flipped bit is detected, and the error names its chunk', async () => {
    const damaged = Buffer.from(whole);
    damaged[whole.indexOf('IDAT') + 10] ^= 4;
    expect(await refusal(damaged)).toBe(
      'UnreadableImage: the IDAT chunk of the PNG file is damaged: its checksum differs',
    );
  });

  test('chunks that do not affect pixels may be damaged, or larger than the codec allows', async () => {
    const falseSum = (chunk: Buffer) =>
      Buffer.concat([chunk.subarray(0, -1), Buffer.from([chunk[chunk.length - 1] ^ 1])]);
    for (const chunk of [
      pngChunk('tEXt', Buffer.concat([Buffer.from('ImageJ\0'), Buffer.alloc(8e6, 'x')])),
      pngChunk('zTXt', Buffer.from('no zlib stream')),
      pngChunk('iCCP', Buffer.from('x\0\0no profile')),
      pngChunk('eXIf', Buffer.alloc(100_000, 7)),
      falseSum(pngChunk('tEXt', Buffer.from('Comment\0hello'))),
      falseSum(pngChunk('eXIf', exifData(3))),
      pngChunk('acTL', Buffer.alloc(3)),
      pngChunk('sBIT', Buffer.alloc(9, 255)),
    ]) {
      const file = pngFile(2, 1, { colorType: 0, bits: 8, samplesAt: (x) => [x * 9], chunks: [chunk] });
      expect(await pixelsOf(file), chunk.toString('latin1', 4, 8)).toEqual([gray(0), gray(9)]);
    }
    const keyed = pngFile(1, 1, {
      colorType: 0,
      bits: 8,
      samplesAt: () => [9],
      chunks: [falseSum(pngChunk('tRNS', Buffer.from([0, 9])))],
    });
    expect(await refusal(keyed), 'a pixel depends on it').toMatch(/the tRNS chunk of the PNG file is damaged/);
  });

  test('hundreds of files with corrupt pixel data are each refused; the next valid one is read', async () => {
    const header = whole.subarray(8, 33);
    const end = whole.subarray(-12);
    const broken = Buffer.concat([
      whole.subarray(0, 8),
      header,
      pngChunk('IDAT', Buffer.from('no deflate stream')),
      end,
    ]);
    for (let i = 0; i < 400; i++) {
      expect(await refusal(broken)).toBe('UnreadableImage: the pixels of the PNG file are damaged');
    }
    const hollow = Buffer.concat([whole.subarray(0, 8), header, end]);
    expect(await refusal(hollow)).toBe('UnreadableImage: the PNG file holds no pixels');
    expect((await pixelsOf(whole))[7]).toEqual([1, 1, 7]);
  });

  test('a size that exceeds memory is refused; the next valid image is read', async () => {
    const header = Buffer.from(whole.subarray(16, 29));
    header.writeUInt32BE(2 ** 31 - 1, 0);
    header.writeUInt32BE(2 ** 31 - 1, 4);
    const vast = Buffer.concat([whole.subarray(0, 8), pngChunk('IHDR', header), whole.subarray(33)]);
    expect(await refusal(vast)).toMatch(/^UnreadableImage: it has 2147483647 x 2147483647 pixels; images of up to/);
    expect((await pixelsOf(whole))[0]).toEqual([0, 0, 7]);
  });
});

describe('the orientation of EXIF data', () => {
  /** Where each of the pixels 1 2 3 / 4 5 6 is shown. */
  const SHOWN = [
    ['123', '456'],
    ['321', '654'],
    ['654', '321'],
    ['456', '123'],
    ['14', '25', '36'],
    ['41', '52', '63'],
    ['63', '52', '41'],
    ['36', '25', '14'],
  ];

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i is applied, in JPEG and PNG, in either byte order', async (orientation) => {
    const expected = SHOWN[orientation - 1];
    for (const isLittle of [false, true]) {
      const exif = exifData(orientation, isLittle);
      const jpeg = jpegFile(24, 16, {
        components: 1,
        blockAt: (bx, by) => [10 * (1 + bx + 3 * by)],
        segments: [segment(0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0')), exifSegment(exif)],
      });
      const png = pngFile(3, 2, {
        colorType: 0,
        bits: 8,
        samplesAt: (x, y) => [10 * (1 + x + 3 * y)],
        chunks: [pngChunk('eXIf', exif)],
      });
      for (const [file, side] of [
        [jpeg, 8],
        [png, 1],
      ] as const) {
        const { width, height, pixels } = await decode(file);
        const at = (x: number, y: number) => pixels[(y * side * width + x * side) * 3] / 10;
        const shown = Array.from({ length: height / side }, (_, y) =>
          Array.from({ length: width / side }, (_, x) => at(x, y)).join(''),
        );
        expect(shown).toEqual(expected);
      }
    }
  });

  test('damaged EXIF data do not rotate the image', async () => {
    const sound = exifData(6);
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(sound);
      copy[at] = value;
      return copy;
    };
    const damaged = [
      Buffer.alloc(0),
      changed(0, 0x49),
      changed(3, 43),
      changed(4, 255),
      changed(7, 25),
      changed(11, 0x13),
      changed(13, 2),
      changed(19, 0),
      changed(19, 9),
      ...Array.from({ length: 21 }, (_, length) => sound.subarray(0, length)),
    ];
    for (const [at, exif] of damaged.entries()) {
      const jpeg = jpegFile(16, 8, { components: 1, blockAt: (bx) => [bx * 100], segments: [exifSegment(exif)] });
      const png = pngFile(2, 1, { colorType: 0, bits: 8, samplesAt: (x) => [x], chunks: [pngChunk('eXIf', exif)] });
      for (const file of [jpeg, png])
        expect(await decode(file), `case ${at}`).toMatchObject({ width: file === jpeg ? 16 : 2 });
    }
  });
});

describe('other files', () => {
  test.each([
    ['zero bytes', Buffer.alloc(0), 'the file is empty'],
    ['text', Buffer.from('not an image at all'), 'it is not a JPEG, PNG or BMP file'],
    ['a page that a server sent instead', Buffer.from('<!doctype html>'), 'it is not a JPEG, PNG or BMP file'],
    ['GIF', Buffer.from('GIF89a....'), 'it is a GIF file; JPEG, PNG and BMP are read'],
    ['WebP', Buffer.from('RIFF\0\0\0\0WEBPVP8 '), 'it is a WebP file; JPEG, PNG and BMP are read'],
    ['TIFF', Buffer.from('II*\0....'), 'it is a TIFF file; JPEG, PNG and BMP are read'],
    ['HEIC', Buffer.from('\0\0\0\x18ftypheic'), 'it is a HEIC or AVIF file; JPEG, PNG and BMP are read'],
  ])('%s', async (_, bytes, message) => {
    expect(await refusal(bytes)).toBe(`UnreadableImage: ${message}`);
  });

  test('image files are recognized by their extension', () => {
    for (const name of ['a.jpg', 'A.JPEG', 'b.png', 'c.bmp', 'd.webp', 'e.tif'])
      expect(looksLikeImage(name), name).toBe(true);
    for (const name of ['a.txt', 'jpg', '.a.jpg', 'a.jpg.json']) expect(looksLikeImage(name), name).toBe(false);
  });
});

const shared = ['wbc/TestA/Eosinophil', 'tiny-imagenet/train/n01629819'].map((path) => `../shared/data/${path}`);

describe('real photographs', () => {
  test.for(shared)('%s: every file decodes, and is refused when cut in half', async (folder, { skip }) => {
    skip(!existsSync(folder), '../shared/data is not there');
    for (const name of (await readdir(folder)).slice(0, 8)) {
      const bytes = await readFile(`${folder}/${name}`);
      const { width, height, pixels } = await decode(bytes);
      expect(pixels.length).toBe(width * height * 3);
      expect(new Set(pixels).size, 'more than one flat color').toBeGreaterThan(16);
      expect(await refusal(bytes.subarray(0, bytes.length >> 1))).toMatch(/^UnreadableImage/);
    }
  });
});
