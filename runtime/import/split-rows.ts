/** Owns cutting lines into rows and cells, quotes included, so that one broken quote costs one line. */

import type { Line, LineFlaw } from './decode-lines.ts';

/** A quoted cell may hold line ends, but not more than this: beyond it the quote is taken for a broken one. */
const maxLinesPerRow = 500;
const maxRowCharacters = 1_048_576;

export type RowFlaw = LineFlaw | 'row.quotes' | 'row.columns';

export interface Row {
  /** The first and last physical line of the row. */
  firstLine: number;
  lastLine: number;
  /** The row as it stands in the file, its lines joined by `\n`. */
  raw: string;
  /** As many cells as the header has; empty when there is a flaw. */
  cells: readonly string[];
  flaw: RowFlaw | null;
  /** How many cells were found, for the sentence about `row.columns`. */
  found: number;
}

/**
 * Cuts lines into rows of `columnCount` cells; rows without any text are counted and passed over.
 * Where a quote is broken (text behind a closing quote, no closing quote within the limits, or a row over several
 * lines that has the wrong number of cells), the line that it starts on is given up and the next line is read afresh.
 */
export class RowSplitter {
  blankRows = 0;
  readonly #delimiter: string;
  readonly #columnCount: number;
  /** The lines of a row whose closing quote has not come yet. */
  #open: Line[] = [];

  constructor(delimiter: string, columnCount: number) {
    this.#delimiter = delimiter;
    this.#columnCount = columnCount;
  }

  push(lines: readonly Line[]): Row[] {
    return this.#take(this.#open.length === 0 ? lines : [...this.#open, ...lines], false);
  }

  end(): Row[] {
    return this.#take(this.#open, true);
  }

  #take(lines: readonly Line[], atEnd: boolean): Row[] {
    const rows: Row[] = [];
    let at = 0;
    this.#open = [];
    while (at < lines.length) {
      const line = lines[at]!;
      // Nearly every line of nearly every file: no quote, so the cells are what stands between the delimiters.
      const isPlain = line.flaw === null && !line.text.includes('"');
      const row = isPlain ? this.#plainRow(line) : this.#quotedRow(lines, at, atEnd);
      if (row === 'more') {
        this.#open = lines.slice(at);
        break;
      }
      at += row.lastLine - row.firstLine + 1;
      if (row.flaw === null && row.cells.every(isBlank)) this.blankRows += 1;
      else rows.push(row);
    }
    return rows;
  }

  #plainRow(line: Line): Row {
    const cells = line.text.split(this.#delimiter);
    if (cells.length === this.#columnCount)
      return rowOf(line, line.number, line.text, cells, null, cells.length);
    return this.#fitted(line, line.number, line.text, cells, null);
  }

  #quotedRow(lines: readonly Line[], at: number, atEnd: boolean): Row | 'more' {
    const first = lines[at]!;
    if (first.flaw === 'row.too_long') return rowOf(first, first.number, first.text, [], first.flaw, 0);
    const broken = () => rowOf(first, first.number, first.text, [], first.flaw ?? 'row.quotes', 0);
    const scan = new CellScan(this.#delimiter);
    let flaw: LineFlaw | null = null;
    let characters = 0;
    for (let next = at; ; next += 1) {
      const line = lines[next];
      if (line === undefined) return atEnd || next - at >= maxLinesPerRow ? broken() : 'more';
      if (line.flaw === 'row.too_long' || next - at >= maxLinesPerRow) return broken();
      flaw ??= line.flaw;
      characters += line.text.length + 1;
      const outcome = scan.feed(line.text);
      if (outcome === 'done') break;
      // A cell behind the last column is open: no closing quote mends the row, and looking on costs time on every line.
      const isHopeless = scan.cells.length >= this.#columnCount || characters > maxRowCharacters;
      if (outcome === 'broken' || isHopeless) return broken();
    }
    const lastLine = first.number + scan.lines.length - 1;
    const row = this.#fitted(first, lastLine, scan.lines.join('\n'), scan.cells, flaw);
    // Several lines with the wrong number of cells: most likely two broken quotes that met by chance.
    return row.flaw === 'row.columns' && lastLine > first.number ? broken() : row;
  }

  /** Empty cells behind the last column are a spreadsheet's habit and lose nothing. */
  #fitted(first: Line, lastLine: number, raw: string, cells: string[], flaw: LineFlaw | null): Row {
    const found = cells.length;
    if (found > this.#columnCount && cells.slice(this.#columnCount).every(isBlank))
      cells.length = this.#columnCount;
    // An empty line has one empty cell; it is blank, not short.
    if (flaw === null && cells.every(isBlank)) return rowOf(first, lastLine, raw, cells, null, found);
    if (flaw !== null) return rowOf(first, lastLine, raw, [], flaw, found);
    if (cells.length !== this.#columnCount) return rowOf(first, lastLine, raw, [], 'row.columns', found);
    return rowOf(first, lastLine, raw, cells, null, found);
  }
}

/** Cuts one header line; null when its quotes are broken or run on to the next line. */
export function splitHeader(text: string, delimiter: string): string[] | null {
  const scan = new CellScan(delimiter);
  return scan.feed(text) === 'done' ? scan.cells : null;
}

/** RFC 4180 cells of one row, fed line by line while a quoted cell is open. */
class CellScan {
  readonly cells: string[] = [];
  readonly lines: string[] = [];
  readonly #delimiter: string;
  /** The whole lines of the open quoted cell so far; null outside of one. */
  #quoted: string[] | null = null;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  feed(line: string): 'done' | 'open' | 'broken' {
    this.lines.push(line);
    let from = 0;
    let searchFrom = 0;
    for (;;) {
      if (this.#quoted === null) {
        if (line[from] !== '"') {
          // A quote inside an unquoted cell (5" pipe) is text.
          const end = line.indexOf(this.#delimiter, from);
          this.cells.push(line.slice(from, end === -1 ? undefined : end));
          if (end === -1) return 'done';
          from = end + 1;
          continue;
        }
        from += 1;
        searchFrom = from;
        this.#quoted = [];
      }
      const quote = line.indexOf('"', searchFrom);
      if (quote === -1) {
        this.#quoted.push(line.slice(from));
        return 'open';
      }
      const after = line[quote + 1];
      if (after === '"') {
        searchFrom = quote + 2;
        continue;
      }
      if (after !== undefined && after !== this.#delimiter) return 'broken';
      const last = line.slice(from, quote);
      const cell = this.#quoted.length === 0 ? last : [...this.#quoted, last].join('\n');
      this.cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
      this.#quoted = null;
      if (after === undefined) return 'done';
      from = quote + 2;
    }
  }
}

function rowOf(
  first: Line,
  lastLine: number,
  raw: string,
  cells: readonly string[],
  flaw: RowFlaw | null,
  found: number,
): Row {
  return { firstLine: first.number, lastLine, raw, cells, flaw, found };
}

function isBlank(cell: string): boolean {
  return cell === '' || cell.trim() === '';
}
