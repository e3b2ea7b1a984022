/** Names of files as text. */

/** A name that can be shown and written: a byte that is not UTF-8 (see platform/nodePaths.ts) as `\xF1`. */
export const printable = (name: string): string =>
  name.replace(/[\udc80-\udcff]/gu, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()}`);
