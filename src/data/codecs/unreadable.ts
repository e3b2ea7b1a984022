/** What the decoders of all image formats share. */

/** Why an image cannot be read; the message is a clause. Who knows the file's name makes a DataError of it. */
export class UnreadableImage extends Error {
  override readonly name = 'UnreadableImage';
}

/** A color value (0 to 255) laid over white with an alpha of 0 to 255, in whole numbers. */
export function onWhite(value: number, alpha: number): number {
  return Math.floor((value * alpha + 255 * (255 - alpha) + 127) / 255);
}
