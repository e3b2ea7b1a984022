/**
 * Decodes image files to RGB bytes, with the same wasm codecs in Node and in browsers: JPEG (mozjpeg), PNG (Rust's png crate), BMP.
 * Gray images are expanded to three equal channels, transparent ones are composited over white, 16-bit samples are reduced to 8
 * bits, and the EXIF rotation is applied. A file counts as readable only when all of its pixels are there:
 * what libjpeg would fill with gray is refused. What no pixel depends on (text, color profiles, thumbnails) may be damaged.
 */
import createJpegCodec, { type MozJPEGModule } from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js';
import decodePng, { init as initPngCodec } from '@jsquash/png/decode.js';
import type { Platform } from '../../platform/platform.ts';
import { decodeBmp } from './bmp.ts';
import { headerSize } from './headerSize.ts';
import { jpegOrientation } from './jpegSegments.ts';
import { type PngFile, readPng } from './pngChunks.ts';
import { type DecodedImage, ofBytes, ofWords } from './rgb.ts';
import { UnreadableImage } from './unreadable.ts';

/** The PNG codec needs up to 27 bytes per pixel, and WebAssembly has 4 GB. */
const MOST_PIXELS = 128e6;

/** Bits per sample when the full range is used. */
export const ALL_BITS = 16;

/** File extensions that count as images, so that an unreadable one is reported rather than ignored. */
const IMAGE_ENDINGS = /\.(jpe?g|jpe|jfif|png|bmp|dib|webp|gif|tiff?|avif|heic|jp2|jxl|ppm|pgm)$/i;

/** Whether a file's name is that of an image, readable or not. */
export function looksLikeImage(name: string): boolean {
  return IMAGE_ENDINGS.test(name) && !name.startsWith('.');
}

/** Whether a file is a PNG of 16 bits a sample, by its first bytes. */
export function isDeepPng(bytes: Uint8Array): boolean {
  return bytes.length > 24 && formatNameOf(bytes) === 'PNG' && bytes[24] === 16;
}

type Format = 'JPEG' | 'PNG' | 'BMP';

/** The first bytes of known formats; a dot stands for any byte. */
const SIGNATURES: readonly [format: string, text: string][] = [
  ['JPEG', '\xff\xd8\xff'],
  ['PNG', '\x89PNG\r\n\x1a\n'],
  ['BMP', 'BM'],
  ['GIF', 'GIF8'],
  ['WebP', 'RIFF....WEBP'],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['HEIC or AVIF', '....ftyp'],
];

/** The decoders, each compiled when it is first needed. */
export class ImageDecoder {
  private readonly platform: Platform;
  private jpeg: JpegCodec | undefined;
  private png: PngCodec | undefined;

  constructor(platform: Platform) {
    this.platform = platform;
  }

  /**
   * The image in a file.
   * @param sampleBits of 16-bit samples: so many of their lowest bits are used, as a 12-bit camera uses 12; the rest is white
   * @throws UnreadableImage with the reason when it is not all there
   */
  async decode(bytes: Uint8Array, sampleBits = ALL_BITS): Promise<DecodedImage> {
    const format = formatOf(bytes);
    const size = headerSize(bytes);
    if (size && size.width * size.height > MOST_PIXELS) {
      throw new UnreadableImage(
        `it has ${size.width} x ${size.height} pixels; images of up to ${MOST_PIXELS / 1e6} million pixels are read`,
      );
    }
    if (format === 'BMP') return decodeBmp(bytes);
    if (format === 'JPEG') {
      this.jpeg ??= new JpegCodec(await this.platform.codecModule('jpeg'));
      return this.jpeg.decode(bytes);
    }
    const file = readPng(bytes);
    this.png ??= await PngCodec.open(await this.platform.codecModule('png'));
    return this.png.decode(file, sampleBits);
  }
}

function formatNameOf(bytes: Uint8Array): string | undefined {
  const matches = (text: string) =>
    bytes.length >= text.length && [...text].every((c, i) => c === '.' || c.charCodeAt(0) === bytes[i]);
  return SIGNATURES.find(([, text]) => matches(text))?.[0];
}

function formatOf(bytes: Uint8Array): Format {
  if (bytes.length === 0) throw new UnreadableImage('the file is empty');
  const format = formatNameOf(bytes);
  if (format === 'JPEG' || format === 'PNG' || format === 'BMP') return format;
  throw new UnreadableImage(
    format ? `it is a ${format} file; JPEG, PNG and BMP are read` : 'it is not a JPEG, PNG or BMP file',
  );
}

/** libjpeg's messages for damage that it hides. Others, such as stray bytes between segments, affect no pixel. */
const JPEG_DAMAGE = /premature end|bad huffman|inconsistent progression|corrupt jpeg data: (?!\d+ extraneous)/i;

class JpegCodec {
  private readonly wasm: WebAssembly.Module;
  private codec: Promise<MozJPEGModule> | undefined;
  private messages: string[] = [];

  constructor(wasm: WebAssembly.Module) {
    this.wasm = wasm;
  }

  async decode(bytes: Uint8Array): Promise<DecodedImage> {
    const codec = await (this.codec ??= this.open());
    this.messages = [];
    let image: ImageData | null;
    try {
      image = codec.decode(bytes as Uint8Array<ArrayBuffer>, false);
    } catch {
      this.codec = undefined; // libjpeg has aborted: the next image gets a new instance
      throw new UnreadableImage(jpegRefusal(this.messages.at(-1)));
    }
    const damage = this.messages.find((message) => JPEG_DAMAGE.test(message));
    if (damage !== undefined) throw new UnreadableImage(damage);
    // libjpeg reports only its first warning. After a harmless one, check for the end of the image here.
    if (!image || (this.messages.length > 0 && !hasJpegEnd(bytes)))
      throw new UnreadableImage('the JPEG file is cut off');
    return ofBytes(image, jpegOrientation(bytes));
  }

  private open(): Promise<MozJPEGModule> {
    return createJpegCodec({
      noInitialRun: true,
      instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
        const instance = new WebAssembly.Instance(this.wasm, imports);
        done(instance);
        return instance.exports;
      },
      printErr: (message: string) => this.messages.push(message),
    } as Parameters<typeof createJpegCodec>[0]);
  }
}

/** libjpeg's last message, replaced where it would not help the user. */
function jpegRefusal(message = ''): string {
  if (/color conversion/i.test(message)) return 'its colors are neither RGB nor gray (CMYK?); save it as RGB';
  if (message === '' || message.startsWith('Aborted'))
    return 'the JPEG decoder gave up: the image may be too large for it';
  return message;
}

/** Whether the end-of-image marker (FF D9) is in the last kilobyte: some cameras write a few bytes after it. */
function hasJpegEnd(bytes: Uint8Array): boolean {
  for (let i = bytes.length - 2; i >= Math.max(0, bytes.length - 1024); i--) {
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) return true;
  }
  return false;
}

/** Exports that the codec's types omit. */
interface PngExports {
  /** Moves the stack pointer by so many bytes and returns it. */
  __wbindgen_add_to_stack_pointer(bytes: number): number;
}

class PngCodec {
  private readonly exports: PngExports;

  private constructor(exports: PngExports) {
    this.exports = exports;
  }

  static async open(wasm: WebAssembly.Module): Promise<PngCodec> {
    return new PngCodec((await initPngCodec(wasm)) as unknown as PngExports);
  }

  async decode({ bytes, bits, orientation }: PngFile, sampleBits: number): Promise<DecodedImage> {
    const stack = this.exports.__wbindgen_add_to_stack_pointer(0);
    const file = bytes as unknown as ArrayBuffer; // takes any view, in spite of its type
    try {
      if (bits < 16) return ofBytes(await decodePng(file), orientation);
      const image = await decodePng(file, { bitDepth: 16 });
      try {
        return ofWords(image, orientation, sampleBits);
      } finally {
        image.free();
      }
    } catch (cause) {
      // A panic leaves its frames on the codec's stack, which some hundred unreadable files would exhaust (test: dataDecode).
      const moved = this.exports.__wbindgen_add_to_stack_pointer(0) - stack;
      this.exports.__wbindgen_add_to_stack_pointer(-moved);
      throw new UnreadableImage('the pixels of the PNG file are damaged', { cause });
    }
  }
}
