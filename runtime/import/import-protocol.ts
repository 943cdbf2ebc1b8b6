/** Owns the messages between a thread that imports a file and the worker thread that parses it. */

import type { ImportMapping } from '../../domain/import/mapping.ts';
import type { FileUnreadableCode } from './file-unreadable.ts';

export interface WorkerInput {
  /** Null: the bytes come by message, a block for each `pull`. */
  path: string | null;
  totalBytes: number | null;
  mapping: ImportMapping;
  chunkSize: number;
  /** How many chunks may be under way before the first `more`. */
  credits: number;
}

export type ToWorker = { type: 'more' } | { type: 'bytes'; bytes: Uint8Array } | { type: 'end' };

/**
 * A chunk travels as JSON text: reading it back costs the main thread 2.7 µs a row against 3.9 µs for a structured
 * clone, and the main thread is what must stay free (docs/decisions/0003-csv-reader.md).
 */
export type FromWorker =
  | { type: 'chunk'; json: string }
  | { type: 'pull' }
  | { type: 'done' }
  | { type: 'unreadable'; code: FileUnreadableCode; message: string }
  | { type: 'failed'; message: string; stack: string };
