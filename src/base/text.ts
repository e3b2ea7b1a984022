/**
 * Text of others (names of files, folders and classes, messages of drivers) as it may be shown. A terminal obeys control
 * characters, and bidirectional overrides make a name look like another one; here they become their escapes, which are
 * JSON's, so that lines of JSON stay the same values.
 */

/** Control characters but the line feed, halves of surrogate pairs, marks of direction, separators of lines and paragraphs. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cs}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A name of a file as text: a byte that is not UTF-8 (see platform/nodePaths.ts) as `\xF1`. */
export const printable = (name: string): string =>
  name.replace(/[\udc80-\udcff]/gu, (byte) => `\\x${(byte.charCodeAt(0) - 0xdc00).toString(16).toUpperCase()}`);

/** The text with what controls a terminal as escapes: `\u001b`. Line feeds stay. */
export const visible = (text: string): string => printable(text.replace(HIDDEN, escaped));

/** As `visible`, line feeds too: for a name or a sentence within a line. */
export const oneLine = (text: string): string => visible(text).replaceAll('\n', escaped);
