/** Owns writing a row of CSV that a spreadsheet shows and never runs. */

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"). */
const formulaStart = /^[=+\-@\t\r]/;
const needsQuotes = /[",\r\n]/;

/** `decimal`: a number as text, which is one below zero too. */
export type CsvCell = string | number | null | { decimal: string };

/**
 * One line with its line end (RFC 4180). Null is an empty cell. A cell that a spreadsheet would calculate begins with an
 * apostrophe, which it shows as text.
 */
export function toCsvRow(cells: readonly CsvCell[]): string {
  return `${cells.map(toCell).join(',')}\r\n`;
}

function toCell(value: CsvCell): string {
  if (value === null) return '';
  if (typeof value === 'object') return value.decimal;
  if (typeof value === 'number') return String(value);
  const inert = formulaStart.test(value) ? `'${value}` : value;
  return needsQuotes.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
