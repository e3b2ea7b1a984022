/** What readers of the results must know about the images: counted, with the first image as an example. */
import type { DecodedImage } from './codecs/rgb.ts';
import { type Fit, MOST_ELONGATED } from './fit.ts';
import type { RgbImage } from './imageSet.ts';

/** The plain evaluation view shows less than half of a longer image. */
const ELONGATED = 2;
/** An image that uses less of the range is nearly black: at most 16 of 256 gray levels. */
const DARK = 1 / 16;

/** One sentence for all images that it applies to. */
export interface Remark {
  /** Follows "N of M images". */
  text: string;
  count: number;
  /** Position of the first of them. */
  first: number;
  /** About the first of them. */
  example: string;
}

export interface PixelOptions {
  fit: Fit;
  /** Bits of 16-bit samples that the training images use; null when none of them has 16 bits. */
  sampleBits: number | null;
}

/** Collects remarks while images are read one after the other. */
export class Remarks {
  readonly #options: PixelOptions;
  readonly #byText = new Map<string, Remark>();

  constructor(options: PixelOptions) {
    this.#options = options;
  }

  /** Looks at an image before it is fitted. */
  see(image: RgbImage | DecodedImage, position: number): void {
    for (const { text, example } of remarksOf(image, this.#options)) {
      const known = this.#byText.get(text);
      if (known) known.count++;
      else this.#byText.set(text, { text, count: 1, first: position, example });
    }
  }

  list(): Remark[] {
    return [...this.#byText.values()];
  }
}

/** A remark as a note. @param total how many images there are   @param nameOf the name of the image at a position */
export function noteOf({ text, count, first, example }: Remark, total: number, nameOf: (at: number) => string): string {
  return `${count} of ${total} images ${text} (first: ${nameOf(first)}, ${example})`;
}

function remarksOf(
  image: RgbImage | DecodedImage,
  { fit, sampleBits }: PixelOptions,
): { text: string; example: string }[] {
  const { width, height } = image;
  const size = `${width} x ${height} pixels`;
  const elongation = Math.max(width, height) / Math.min(width, height);
  const found: { text: string; example: string }[] = [];
  const add = (isTrue: boolean, text: string, example = size) => isTrue && found.push({ text, example });
  if (fit === 'crop') {
    add(
      elongation > ELONGATED,
      `are more than ${ELONGATED} times as long as wide: the plain evaluation view shows only their middle square; train with --fit pad or squash to use the whole image`,
    );
    add(
      elongation > MOST_ELONGATED,
      `are more than ${MOST_ELONGATED} times as long as wide: their ends are cut off, leaving the middle ${MOST_ELONGATED}:1; --fit pad or squash keeps the whole image`,
    );
  }
  if (!('largest16' in image)) return found;
  const { largest16, isTransparent } = image;
  add(isTransparent, 'are fully transparent: they are read as white');
  if (largest16 === null) return found;
  const largest = `largest value ${largest16}`;
  if (sampleBits === null) {
    add(
      largest16 < 2 ** 15,
      'are 16-bit and use less than half of the range, but the model knows no range of 16-bit training images: they are not scaled and come out dark',
      largest,
    );
    return found;
  }
  const white = 2 ** sampleBits - 1;
  add(
    sampleBits < 16,
    `are 16-bit, scaled by the range of the training images: ${white} (${sampleBits} bits) becomes white`,
    largest,
  );
  add(largest16 > white, `have values above the range of the training images, ${white}: those become white`, largest);
  add(
    largest16 <= white * DARK,
    `are 16-bit and use less than a sixteenth of the range of the training images, ${white}: they come out nearly black`,
    largest,
  );
  return found;
}
