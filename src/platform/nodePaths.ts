/**
 * Names of files that are not UTF-8 (an old disk's `Muñoz` in Latin-1) as strings that can be converted back: each byte that
 * cannot be decoded becomes a lone surrogate, U+DC80 to U+DCFF, as in Python (PEP 383). For showing it, see
 * base/text.ts.
 */

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LONGEST = 4;

/** A name, from its bytes. */
export function nameOf(bytes: Buffer): string {
  return decoded(bytes) ?? bytewise(bytes);
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

function bytewise(bytes: Buffer): string {
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    let length = 1;
    while (length <= LONGEST && decoded(bytes.subarray(at, at + length)) === null) length++;
    const character = length <= LONGEST ? decoded(bytes.subarray(at, at + length))! : '';
    name += character || String.fromCharCode(0xdc00 + bytes[at]);
    at += character ? length : 1;
  }
  return name;
}

/** A path as the file system takes it. */
export function pathOf(name: string): string | Buffer {
  if (!/[\udc80-\udcff]/u.test(name)) return name; // in this mode, half of a pair does not match
  const parts = Array.from(name, (character) => {
    const code = character.codePointAt(0)!;
    return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}
