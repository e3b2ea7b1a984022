/**
 * Names as names of folders: readable, safe on every system, and never the same for two names. Letters, digits, `.`, `_`
 * and `-` stay; every other byte of UTF-8 is written `~20`. Simple names are their own folders.
 */

/** Longer ones are cut: with what stands around it in a path, the name must fit into 255 bytes. */
const MOST_BYTES = 100;
const KEPT_BYTES = 80;

/** Names of devices, which Windows allows no file to have, whatever its ending. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;

/** The folder of one name. Names that differ in case alone get folders that do: see `folderNames`. */
export function folderName(name: string): string {
  // some systems take composed and decomposed accents for the same, so only one of the two forms stays as it is
  const isKept = name === name.normalize('NFC') ? /^[\p{L}\p{N}._-]$/u : /^[A-Za-z0-9._-]$/;
  const chars = [...name];
  const encoded = chars.map((char, at) => {
    const isEdgeDot = char === '.' && (at === 0 || at === chars.length - 1);
    return isKept.test(char) && !isEdgeDot && !(at === 0 && DEVICE.test(name)) ? char : escaped(char);
  });
  return shortened(encoded, name);
}

/**
 * The folders of names that lie side by side, distinct also where case makes no difference.
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

/** Capitals, dots and all that is no ASCII are escaped too: what is left has no other case. */
function withoutCase(name: string): string {
  const encoded = [...name].map((char) => (/^[a-z0-9_-]$/.test(char) ? char : escaped(char)));
  return shortened(encoded, name);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const escaped = (char: string): string =>
  Array.from(bytesOfChar(char), (byte) => `~${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/**
 * UTF-8. Half of a surrogate pair, which it does not have, stands for a byte that could not be decoded
 * (platform/nodePaths.ts), or is written as any other code point.
 */
function bytesOfChar(char: string): Iterable<number> {
  const code = char.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff) return [code - 0xdc00];
  if (code >= 0xd800 && code <= 0xdfff) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
  return bytesOf(char);
}

/** `~~` and a hash of the name end one that was cut: no escape begins so. */
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
