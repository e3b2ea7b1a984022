/** SHA-256, the same in Node and in browsers: content is named by its bytes. */

/** The 32 bytes of the digest. Inputs are limited to 2 GiB, as in the platforms' implementations. */
export async function sha256Bytes(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** The digest in hexadecimal, as `sha256sum` prints it. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return Array.from(await sha256Bytes(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
