/**
 * CSV as RFC 4180 has it, safe to open in a spreadsheet: text that would be computed there, as `=1+1`, gets an apostrophe
 * before it, which `readCsv` takes away again. Every text comes back as it was.
 */

/** What a spreadsheet takes for a formula begins so (full-width forms too); apostrophes before it are kept apart. */
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;

/** A field that holds text. */
export function csvText(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Lines of fields as text; quoted ones may hold commas, line ends and doubled quotes. Lines end with LF or CR LF. */
export function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let fields: string[] = [];
  for (const [, inQuotes, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    if (end === '' && plain === '' && fields.length === 0) break; // after the last line end
    fields.push(written(inQuotes?.replaceAll('""', '"') ?? plain));
    if (end === ',') continue;
    records.push(fields);
    fields = [];
  }
  return records;
}

/** The text that a field was written from. */
const written = (field: string): string => (field[0] === "'" && FORMULA.test(field) ? field.slice(1) : field);
