/**
 * Text from outside (names of files, folders and classes, messages of drivers) made safe to show. Terminals obey control
 * characters, and bidirectional overrides make a name look like another one. Both are replaced by JSON's escapes, so that
 * lines of JSON keep their values.
 */

/** Control characters except the line feed, lone surrogates, bidirectional controls, line and paragraph separators. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A file name as text: a byte that is not UTF-8 (see platform/nodePaths.ts) as `\xF1`. */
export const printable = (name: string): string =>
  name.replace(/[\udc80-\udcff]/gu, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()}`);

/** The text with control characters escaped (`\u001b`); line feeds are kept. */
export const visible = (text: string): string => printable(text.replace(HIDDEN, escaped));

/** Like `visible`, but line feeds are escaped too: for a name or a sentence within a line. */
export const oneLine = (text: string): string => visible(text).replaceAll('\n', escaped);
