/** Owns writing a row of CSV that a spreadsheet shows and never runs. */

/** What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"). */
const formulaStart = /^[=+\-@\t\r]/;
const needsQuotes = /[",\r\n]/;

/**
 * One line with its line end (RFC 4180). Null is an empty cell. A cell that a spreadsheet would calculate begins with an
 * apostrophe, which it shows as text.
 */
export function toCsvRow(cells: readonly (string | number | null)[]): string {
  return `${cells.map(toCell).join(',')}\r\n`;
}

function toCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const inert = formulaStart.test(value) ? `'${value}` : value;
  return needsQuotes.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
