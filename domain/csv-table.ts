/** Owns reading a small CSV file whole: a header, and rows with their line numbers (RFC 4180). Time sheets are streamed instead. */

export interface CsvTable {
  header: string[];
  rows: { line: number; cells: string[] }[];
}
/** What keeps a file from being read; `line` counts from 1. */
export interface CsvFlaw {
  line: number;
  message: string;
}

export const maxCsvRows = 10_000;

/**
 * Reads `,` or `;` separated text; the first line decides. Blank lines are passed over. A cell that toCsvRow made inert by
 * an apostrophe comes back as it was. Answers the flaws instead where a quote is broken or a row has another number of cells.
 */
export function readCsvTable(text: string): CsvTable | CsvFlaw[] {
  const table = readCsvRows(text);
  if (Array.isArray(table)) return table;
  const { header, rows } = table;
  const flaws = rows
    .filter(({ cells }) => cells.length !== header.length)
    .map(({ line, cells }) => ({ line, message: `${cells.length} cells under ${header.length} headings` }));
  return flaws.length > 0 ? flaws : table;
}

/** The same, where a row with another number of cells is left to the caller. */
export function readCsvRows(text: string): CsvTable | CsvFlaw[] {
  const plain = text.replace(/^\uFEFF/, '');
  const separator = /^[^\n]*;/.test(plain) && !/^[^;\n]*,/.test(plain) ? ';' : ',';
  const lines = cut(plain, separator);
  if (!Array.isArray(lines)) return [lines];
  const [first, ...rest] = lines.filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
  if (!first) return [{ line: 1, message: 'The file is empty.' }];
  if (rest.length > maxCsvRows)
    return [{ line: maxCsvRows + 2, message: `The file has more than ${maxCsvRows} rows; split it.` }];
  const header = first.cells.map((cell) => cell.trim());
  return { header, rows: rest.map(({ line, cells }) => ({ line, cells: cells.map(toText) })) };
}

const toText = (cell: string) => cell.replace(/^'(?=[=+\-@\t\r])/, '').trim();

/** All rows, or the flaw of a quote that never closes or is followed by text. */
function cut(text: string, separator: string): { line: number; cells: string[] }[] | CsvFlaw {
  const rows: { line: number; cells: string[] }[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const row = { line, cells: [] as string[] };
    for (;;) {
      if (text[at] === '"') {
        let cell = '';
        for (;;) {
          const end = text.indexOf('"', at + 1);
          if (end === -1) return { line: row.line, message: 'A quoted cell begins here and never ends.' };
          cell += text.slice(at + 1, end);
          at = end + 1;
          if (text[at] !== '"') break;
          cell += '"';
        }
        line += cell.split('\n').length - 1;
        row.cells.push(cell);
      } else {
        const start = at;
        while (at < text.length && text[at] !== separator && text[at] !== '\n' && text[at] !== '\r') at += 1;
        row.cells.push(text.slice(start, at));
      }
      if (text[at] !== separator) break;
      at += 1;
    }
    if (text[at] === '\r') at += 1;
    if (at < text.length && text[at] !== '\n')
      return {
        line: row.line,
        message: 'Text follows a closing quote, or a line ends with a carriage return alone.',
      };
    at += 1;
    line += 1;
    rows.push(row);
  }
  return rows;
}
