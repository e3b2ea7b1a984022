/**
 * Folder names for arbitrary names: readable, safe on every system, and distinct for distinct names. Letters, digits, `.`, `_`
 * and `-` stay; every other UTF-8 byte is escaped as `~20`. Simple names are unchanged.
 */

/** Longer names are shortened: together with what surrounds it in a path, a name must fit into 255 bytes. */
const MOST_BYTES = 100;
const KEPT_BYTES = 80;

/** Device names, which Windows reserves, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** The folder of one name. For names that differ only in case, see `folderNames`. */
export function folderName(name: string): string {
  // some systems treat composed and decomposed accents as equal, so only one of the two forms is kept as it is
  const isKept = name === name.normalize('NFC') ? /^[\p{L}\p{N}._-]$/u : /^[A-Za-z0-9._-]$/;
  const chars = [...name];
  const encoded = chars.map((char, at) => {
    const isEdgeDot = char === '.' && (at === 0 || at === chars.length - 1);
    return isKept.test(char) && !isEdgeDot && !(at === 0 && DEVICE.test(name)) ? char : escaped(char);
  });
  return shortened(encoded, name);
}

/**
 * The folders of names in one directory, distinct on case-insensitive file systems too.
 * @param taken names of other files there
 */
export function folderNames(names: readonly string[], taken: readonly string[] = []): Map<string, string> {
  const folded = (name: string) => folderName(name).toUpperCase().toLowerCase();
  const count = new Map<string, number>();
  for (const name of [...new Set(names), ...taken]) count.set(folded(name), (count.get(folded(name)) ?? 0) + 1);
  return new Map(
    names.map((name) => [name, count.get(folded(name)) === 1 ? folderName(name) : withoutCase(name)] as const),
  );
}

/** Capitals, dots and non-ASCII characters are escaped too: what remains has no other case. */
function withoutCase(name: string): string {
  const encoded = [...name].map((char) => (/^[a-z0-9_-]$/.test(char) ? char : escaped(char)));
  return shortened(encoded, name);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const escaped = (char: string): string =>
  Array.from(bytesOfChar(char), (byte) => `~${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/**
 * UTF-8. A lone surrogate, which has no UTF-8 form, stands for a byte that could not be decoded
 * (platform/nodePaths.ts), or is written as any other code point.
 */
function bytesOfChar(char: string): Iterable<number> {
  const code = char.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff) return [code - 0xdc00];
  if (code >= 0xd800 && code <= 0xdfff) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  return bytesOf(char);
}

/** A shortened name ends with `~~` and a hash of the name; no escape starts with `~~`. */
function shortened(encoded: readonly string[], name: string): string {
  const whole = encoded.join('');
  if (bytesOf(whole).length <= MOST_BYTES) return whole;
  let kept = '';
  for (const part of encoded) {
    if (bytesOf(kept + part).length > KEPT_BYTES) break;
    kept += part;
  }
  return `${kept}~~${hash(name)}`;
}

/** FNV-1a, 64 bits, hexadecimal. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (const byte of [...text].flatMap((char) => [...bytesOfChar(char)]))
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  return value.toString(16).padStart(16, '0');
}
