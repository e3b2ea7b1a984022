/** What the decoders of all image formats share. */

/** Why an image cannot be read; the message is a clause. Who knows the file's name makes a DataError of it. */
export class UnreadableImage extends Error {
  override readonly name = 'UnreadableImage';
}
