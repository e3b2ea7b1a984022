/** The size stated in an image file's header, so that images too large for memory are refused before decoding. */
import { jpegSize } from './jpegSegments.ts';

/** Width and height as stored, pixels; null when the file is no JPEG, PNG or BMP, or its header is damaged. */
export function headerSize(bytes: Uint8Array): { width: number; height: number } | null {
  if (bytes.length < 26) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) === 0xffd8) return jpegSize(bytes);
  if (view.getUint32(0) === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (view.getUint16(0) !== 0x424d) return null;
  if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) }; // upside down if negative
}
