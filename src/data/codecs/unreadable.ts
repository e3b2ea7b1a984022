/** Shared by the decoders of all image formats. */

/** Why an image cannot be read; the message is a clause. The caller, which knows the file's name, turns it into a DataError. */
export class UnreadableImage extends Error {
  override readonly name = 'UnreadableImage';
}
