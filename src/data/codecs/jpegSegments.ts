/** What precedes the pixels of a JPEG file: its size and its orientation. ITU T.81, B.1 and B.2; EXIF 2.32, 4.7.2. */
import { type Orientation, orientationOf } from './orientation.ts';

const START_OF_SCAN = 0xda;
const APP1 = 0xe1;
const EXIF = [...'Exif\0\0'].map((character) => character.charCodeAt(0));

/** SOF0 to SOF15, except DHT, JPG and DAC, which are in the same range. */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** The segments up to the first scan, or up to the first one that is damaged. */
function* segmentsOf(bytes: Uint8Array): Generator<{ marker: number; content: Uint8Array }> {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++; // a fill byte
      continue;
    }
    if (marker === START_OF_SCAN) return;
    const end = at + 2 + Math.max(2, (bytes[at + 2] << 8) | bytes[at + 3]);
    if (end > bytes.length) return;
    yield { marker, content: bytes.subarray(at + 4, end) };
    at = end;
  }
}

/** Width and height as stored, pixels; null when no frame header is found. */
export function jpegSize(bytes: Uint8Array): { width: number; height: number } | null {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (!isFrame(marker)) continue;
    if (content.length < 5) return null;
    return { width: (content[3] << 8) | content[4], height: (content[1] << 8) | content[2] };
  }
  return null;
}

/** The orientation from the first EXIF segment; 1 if there is none. */
export function jpegOrientation(bytes: Uint8Array): Orientation {
  for (const { marker, content } of segmentsOf(bytes)) {
    if (marker === APP1 && EXIF.every((byte, i) => content[i] === byte)) {
      return orientationOf(content.subarray(EXIF.length));
    }
  }
  return 1;
}
