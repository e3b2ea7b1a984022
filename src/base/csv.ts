/**
 * CSV (RFC 4180) that is safe to open in a spreadsheet: text that would be evaluated there, such as `=1+1`, is preceded by
 * an apostrophe, which `readCsv` removes. Every text is read back as it was written.
 */
import { csvFormatValue, csvParseRows } from 'd3-dsv';

/** How text begins that a spreadsheet evaluates (full-width forms too), with any apostrophes before it. */
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A field that holds text. */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  const field = csvFormatValue(safe);
  // some spreadsheets split fields at semicolons or tabs too: `a;=1+1` would become two cells, the second a formula
  return field === safe && /[;\t]/.test(safe) ? `"${safe}"` : field;
}

/** The fields of each line. Quoted fields may contain commas, line breaks and doubled quotes. */
export const readCsv = (text: string): string[][] => csvParseRows(text, (fields) => fields.map(original));

/** The text that a field was written from. */
const original = (field: string): string => (field[0] === "'" && FORMULA.test(field) ? field.slice(1) : field);
