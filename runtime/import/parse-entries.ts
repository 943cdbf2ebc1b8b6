/** Owns the whole way from a file's bytes to chunks of source entries and unreadable rows, in the calling thread. */

import { createHash } from 'node:crypto';
import { entryContentHash } from '../../domain/entry-content-hash.ts';
import type { ImportMapping } from '../../domain/import/mapping.ts';
import { isProblem, type Problem } from '../../domain/import/problem.ts';
import { rowToEntry } from '../../domain/import/to-source-entry.ts';
import type { SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import { readRows } from './read-rows.ts';
import type { Row, RowFlaw } from './split-rows.ts';

/** What is kept of an unreadable row. */
export const rawLimitBytes = 8_192;
/** A chunk is handed on at this many characters of rows even when it is not full: long notes must not pile up. */
const maxChunkCharacters = 4_194_304;

export interface ParsedEntry {
  entry: SourceEntry;
  /** `entryContentHash(entry)`, computed off the main thread. */
  contentHash: string;
}

export interface ParsedChunk {
  entries: ParsedEntry[];
  unreadable: UnreadableRow[];
  /** Rows without any text, passed over since the chunk before. */
  blankRows: number;
  /** The physical lines the chunk's rows stand on, the header being line 1; both 0 when it has no rows. */
  firstLine: number;
  lastLine: number;
  /** Of the file so far; runs ahead of `lastLine` by what has been read but not parsed. */
  bytesRead: number;
  /** Null when the size is not known beforehand. */
  totalBytes: number | null;
  /** SHA-256 (hex) over those bytes; in the last chunk that of the whole file. */
  sha256SoFar: string;
  /** Set in the last chunk, which may be empty. */
  last: boolean;
}

export interface ParseRequest {
  bytes: AsyncIterable<Uint8Array>;
  totalBytes: number | null;
  mapping: ImportMapping;
  /** Rows (entries and unreadable ones) a chunk holds at most. */
  chunkSize: number;
}

/** Parses a file; throws `FileUnreadable` when it cannot be read as a whole. Ends with exactly one `last` chunk. */
export async function* parseEntries(request: ParseRequest): AsyncGenerator<ParsedChunk, void, undefined> {
  const tally = { bytesRead: 0, hash: createHash('sha256') };
  const file = await readRows(counted(request.bytes, tally), request.mapping);
  const toEntry = rowToEntry(request.mapping, file.columns);
  const columnCount = file.header.length;
  let chunk = emptyChunk();
  let characters = 0;
  let blankBefore = 0;

  const finished = (last: boolean): ParsedChunk => {
    const blankRows = file.blankRows() - blankBefore;
    blankBefore += blankRows;
    const { bytesRead, hash } = tally;
    return {
      ...chunk,
      blankRows,
      bytesRead,
      totalBytes: request.totalBytes,
      sha256SoFar: hash.copy().digest('hex'),
      last,
    };
  };

  for await (const rows of file.batches) {
    for (const row of rows) {
      if (chunk.firstLine === 0) chunk.firstLine = row.firstLine;
      chunk.lastLine = row.lastLine;
      const entry = row.flaw === null ? toEntry(row.cells) : flawProblem(row.flaw, row.found, columnCount);
      if (isProblem(entry)) chunk.unreadable.push(unreadableRow(row, entry));
      else chunk.entries.push({ entry, contentHash: entryContentHash(entry) });
      characters += row.raw.length;
      if (
        chunk.entries.length + chunk.unreadable.length >= request.chunkSize ||
        characters >= maxChunkCharacters
      ) {
        yield finished(false);
        chunk = emptyChunk();
        characters = 0;
      }
    }
  }
  yield finished(true);
}

function emptyChunk() {
  return { entries: [] as ParsedEntry[], unreadable: [] as UnreadableRow[], firstLine: 0, lastLine: 0 };
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  tally: { bytesRead: number; hash: ReturnType<typeof createHash> },
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of bytes) {
    tally.bytesRead += block.byteLength;
    tally.hash.update(block);
    yield block;
  }
}

function flawProblem(flaw: RowFlaw, found: number, columnCount: number): Problem {
  switch (flaw) {
    case 'encoding.invalid':
      return {
        reason: flaw,
        detail:
          'The line has bytes that are not in the expected encoding (shown here as Latin-1); save the file as UTF-8 or state file.encoding in the mapping.',
      };
    case 'row.too_long':
      return {
        reason: flaw,
        detail: 'The line is longer than 1 MB, so only its beginning is kept; correct it in the source.',
      };
    case 'row.nul':
      return {
        reason: flaw,
        detail:
          'The line has NUL bytes (shown here as ␀): it was damaged, or the file is UTF-16 and the mapping must say so.',
      };
    case 'row.quotes':
      return {
        reason: flaw,
        detail:
          'The line has a quote that is not closed, or text behind a closing quote; write a quote inside a cell twice.',
      };
    case 'row.columns':
      return {
        reason: flaw,
        detail: `The line has ${found} ${found === 1 ? 'cell' : 'cells'} and the header ${columnCount}; quote cells that contain the delimiter.`,
      };
  }
}

const encoder = new TextEncoder();
const rawBuffer = new Uint8Array(rawLimitBytes);

function unreadableRow(row: Row, problem: Problem): UnreadableRow {
  // Postgres text cannot hold NUL.
  const raw = row.raw.replaceAll('\0', '␀');
  const { read } = encoder.encodeInto(raw, rawBuffer);
  return {
    position: `line ${row.firstLine}`,
    raw: raw.slice(0, read),
    truncated: read < raw.length || row.flaw === 'row.too_long',
    reason: problem.reason,
    detail: problem.detail,
  };
}
