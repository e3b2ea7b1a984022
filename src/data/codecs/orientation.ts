/**
 * The orientation in EXIF data (tag 0x0112): 1 as stored, 2 mirrored, 3 rotated by 180 degrees, 4 upside down,
 * 5 transposed, 6 rotated clockwise, 7 transposed along the other diagonal, 8 rotated counterclockwise.
 */

/** 1 to 8, as in EXIF (CIPA DC-008, 4.6.4). */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const TAG = 0x0112;
const ENTRY_BYTES = 12;
const SHORT = 3;
const LONG = 4;

/**
 * The orientation in EXIF data, which is a TIFF file; 1 (as stored) when it is missing or damaged.
 * @param exif from the TIFF header on, without JPEG's `Exif\0\0`
 */
export function orientationOf(exif: Uint8Array): Orientation {
  if (exif.length < 8) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const order = view.getUint16(0);
  const isLittle = order === 0x4949;
  if ((!isLittle && order !== 0x4d4d) || view.getUint16(2, isLittle) !== 42) return 1;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > exif.length) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let i = 0, at = directory + 2; i < entries && at + ENTRY_BYTES <= exif.length; i++, at += ENTRY_BYTES) {
    if (view.getUint16(at, isLittle) !== TAG) continue;
    const type = view.getUint16(at + 2, isLittle);
    const value =
      type === SHORT ? view.getUint16(at + 8, isLittle) : type === LONG ? view.getUint32(at + 8, isLittle) : 1;
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** How pixels of a rotated image move: pixel (x, y) of the stored image becomes pixel `origin + x * dx + y * dy`. */
export interface Turn {
  width: number;
  height: number;
  origin: number;
  dx: number;
  dy: number;
}

/** The turn of an image of width x height stored pixels. */
export function turnOf(orientation: Orientation, width: number, height: number): Turn {
  const last = width * height - 1;
  const upright = { width, height };
  const sideways = { width: height, height: width };
  switch (orientation) {
    case 1:
      return { ...upright, origin: 0, dx: 1, dy: width };
    case 2:
      return { ...upright, origin: width - 1, dx: -1, dy: width };
    case 3:
      return { ...upright, origin: last, dx: -1, dy: -width };
    case 4:
      return { ...upright, origin: last - width + 1, dx: 1, dy: -width };
    case 5:
      return { ...sideways, origin: 0, dx: height, dy: 1 };
    case 6:
      return { ...sideways, origin: height - 1, dx: height, dy: -1 };
    case 7:
      return { ...sideways, origin: last, dx: -height, dy: -1 };
    case 8:
      return { ...sideways, origin: last - height + 1, dx: -height, dy: 1 };
  }
}
