/** Owns reading a CSV file as a stream: its header, matched to a mapping, and then its rows, batch by batch. */

import type { ImportMapping } from '../../domain/import/mapping.ts';
import { type ResolvedColumns, resolveColumns } from '../../domain/import/resolve-columns.ts';
import { decodeLines, type Line } from './decode-lines.ts';
import { FileUnreadable } from './file-unreadable.ts';
import { type Row, RowSplitter, splitHeader } from './split-rows.ts';

/** More lines than this are not one file of anybody's time records. */
const maxLines = 20_000_000;
const delimiters = [',', ';', '\t', '|'] as const;

export interface OpenFile {
  header: readonly string[];
  columns: ResolvedColumns;
  /** The rows behind the header, one batch per block of bytes; read it once. */
  batches: AsyncGenerator<Row[], void, undefined>;
  /** Rows without any text, passed over so far. */
  blankRows: () => number;
}

interface Header {
  names: readonly string[];
  delimiter: string;
  columns: ResolvedColumns;
}

/**
 * Reads as far as the header and finds the mapping's columns in it.
 * Throws `FileUnreadable` when there is no header, or one that lacks a mapped column (its message names what is there).
 */
export async function readRows(bytes: AsyncIterable<Uint8Array>, mapping: ImportMapping): Promise<OpenFile> {
  const source = decodeLines(bytes, mapping.file.encoding);
  const { headerLine, columns: givenNames } = mapping.file;
  let separator: string | null = null;
  let skipped = 0;
  for (;;) {
    const next = await source.next();
    if (next.done)
      throw new FileUnreadable('file.empty', 'The file is empty: it has no header and no lines.');
    for (const [index, line] of next.value.entries()) {
      if (givenNames !== undefined) {
        return open(source, next.value.slice(index), givenHeader(givenNames, line, mapping, separator));
      }
      // Excel's own first line, which says what separates the cells and is no row.
      const sep = /^"?sep=([,;\t|])"?$/i.exec(line.text);
      if (sep && line.number === 1) {
        separator = sep[1]!;
        skipped = 1;
        continue;
      }
      if (line.number - skipped < headerLine || (line.flaw === null && line.text.trim() === '')) continue;
      return open(source, next.value.slice(index + 1), readHeader(line, mapping, separator));
    }
  }
}

function open(source: AsyncGenerator<Line[], void, undefined>, first: Line[], header: Header): OpenFile {
  const splitter = new RowSplitter(header.delimiter, header.names.length);
  async function* batches(): AsyncGenerator<Row[], void, undefined> {
    yield splitter.push(first);
    for await (const lines of source) {
      if (lines.at(-1)!.number > maxLines) {
        throw new FileUnreadable(
          'file.too_many_lines',
          `The file has more than ${maxLines} lines; split it.`,
        );
      }
      yield splitter.push(lines);
    }
    yield splitter.end();
  }
  return {
    header: header.names,
    columns: header.columns,
    batches: batches(),
    blankRows: () => splitter.blankRows,
  };
}

/** The delimiter is the one under which the header has most of the mapped columns; then the one that gives most cells. */
function readHeader(line: Line, mapping: ImportMapping, separator: string | null): Header {
  if (line.flaw !== null) {
    throw new FileUnreadable(
      line.flaw === 'row.too_long' ? 'header.unreadable' : 'file.encoding',
      `The header (line ${line.number}) cannot be read (${line.flaw}); save the file as UTF-8 or state file.encoding in the mapping.`,
    );
  }
  let best: Header | null = null;
  for (const delimiter of candidates(mapping, separator)) {
    const names = splitHeader(line.text, delimiter);
    if (names === null) continue;
    const header = { names, delimiter, columns: resolveColumns(mapping, names) };
    const missing = header.columns.problems.length;
    const bestMissing = best?.columns.problems.length ?? Number.POSITIVE_INFINITY;
    if (missing < bestMissing || (missing === bestMissing && names.length > best!.names.length))
      best = header;
  }
  if (best === null) {
    throw new FileUnreadable('header.unreadable', `The header (line ${line.number}) has a broken quote.`);
  }
  return checked(best);
}

function givenHeader(
  names: readonly string[],
  firstLine: Line,
  mapping: ImportMapping,
  separator: string | null,
): Header {
  const columns = resolveColumns(mapping, names);
  const fits = (delimiter: string) => splitHeader(firstLine.text, delimiter)?.length === names.length;
  const delimiter = candidates(mapping, separator).find(fits) ?? candidates(mapping, separator)[0]!;
  return checked({ names, delimiter, columns });
}

function candidates(mapping: ImportMapping, separator: string | null): readonly string[] {
  if (mapping.file.delimiter !== 'auto') return [mapping.file.delimiter];
  return separator === null ? delimiters : [separator];
}

function checked(header: Header): Header {
  const { problems } = header.columns;
  if (problems.length === 0) return header;
  const found = header.names.slice(0, 60).map((name) => JSON.stringify(name.trim().slice(0, 80)));
  throw new FileUnreadable(
    'header.missing_column',
    `The file does not fit the mapping: ${problems.join('; ')}. Its columns are: ${found.join(', ')}. Correct the mapping or choose another one.`,
  );
}
