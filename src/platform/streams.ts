/** Streams of bytes to arrays of bytes. */

/** All bytes of a stream. @param expected the number of bytes, if known: they are then never held twice */
export async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  expected?: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (expected !== undefined) return fill(stream, new Uint8Array(expected));
  const parts: Uint8Array[] = [];
  let total = 0;
  for await (const part of chunksOf(stream)) {
    parts.push(part);
    total += part.length;
  }
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The decompressed bytes of a gzip stream. Rejects when it is truncated. */
export function gunzip(packed: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array<ArrayBuffer>> {
  return collect(packed.pipeThrough(new DecompressionStream('gzip')));
}

async function fill(
  stream: ReadableStream<Uint8Array>,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  let filled = 0;
  for await (const part of chunksOf(stream)) {
    if (filled + part.length > bytes.length) throw new Error(`more than the ${bytes.length} bytes that were announced`);
    bytes.set(part, filled);
    filled += part.length;
  }
  if (filled < bytes.length) throw new Error(`cut off after ${filled} of ${bytes.length} bytes`);
  return bytes;
}

/** Not every browser supports iterating over a stream. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
