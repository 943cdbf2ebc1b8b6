/** Owns parsing a file of any size off the main thread, with bounded memory and back-pressure. */

import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { ImportMapping } from '../../domain/import/mapping.ts';
import { FileUnreadable } from './file-unreadable.ts';
import type { FromWorker, ToWorker, WorkerInput } from './import-protocol.ts';
import { type PackedChunk, unpackChunk } from './pack-chunk.ts';
import type { ParsedChunk } from './parse-entries.ts';

export type { ParsedChunk, ParsedEntry } from './parse-entries.ts';

/** Chunks that may be parsed ahead of the one in use: one being written to the database, one waiting. */
const chunksAhead = 2;
const maxChunkSize = 20_000;
/** A block of an uploaded stream that is larger than this is handed over in pieces. */
const maxBlockBytes = 1_048_576;
/** Parsing lives on some 40 MB whatever the size of the file; V8 would let garbage pile up to several times that. */
const workerLimits = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 32 };

export interface ParseFileInput {
  /** A path the worker opens itself, or a stream (an upload) that is read as fast as its entries are taken. */
  source: { path: string } | { stream: AsyncIterable<Uint8Array>; totalBytes?: number };
  mapping: ImportMapping;
  /** Rows a chunk holds at most. */
  chunkSize?: number;
  signal?: AbortSignal;
}

/**
 * Parses a CSV file in a worker thread, chunk by chunk; the next chunks are parsed while one is in use, and no further.
 * Ends with exactly one chunk marked `last`. Leaving the loop early ends the worker.
 * Throws `FileUnreadable` (the file as a whole), the signal's reason (aborted), or the error of the stream or file system.
 */
export async function* parseFile(input: ParseFileInput): AsyncGenerator<ParsedChunk, void, undefined> {
  const { source, mapping, chunkSize = 5_000, signal } = input;
  if (!Number.isInteger(chunkSize) || chunkSize < 1 || chunkSize > maxChunkSize) {
    throw new RangeError(`chunkSize must be 1 to ${maxChunkSize}, not ${chunkSize}`);
  }
  signal?.throwIfAborted();
  const path = 'path' in source ? source.path : null;
  const totalBytes = 'path' in source ? (await stat(source.path)).size : (source.totalBytes ?? null);
  const workerInput: WorkerInput = { path, totalBytes, mapping, chunkSize, credits: chunksAhead };
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), {
    workerData: workerInput,
    resourceLimits: workerLimits,
  });
  const inbox = new Inbox();
  const blocks = 'stream' in source ? inPieces(source.stream) : null;
  const send = (message: ToWorker) => worker.postMessage(message);
  const onAbort = () => inbox.fail(signal!.reason);
  worker.on('message', (message: FromWorker) => {
    if (message.type === 'pull') void feed(blocks!, send, inbox);
    else inbox.put(message);
  });
  worker.on('error', (error) => inbox.fail(error));
  worker.on('exit', (code) => inbox.fail(new Error(`the import worker ended with code ${code}`)));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      const message = await inbox.take();
      switch (message.type) {
        case 'chunk':
          yield unpackChunk(JSON.parse(message.json) as PackedChunk);
          send({ type: 'more' });
          break;
        case 'done':
          return;
        case 'unreadable':
          throw new FileUnreadable(message.code, message.message);
        case 'failed':
          throw Object.assign(new Error(message.message), { stack: message.stack });
      }
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await worker.terminate();
    // Not awaited: a stream that hangs would hold up the one who has lost interest in it.
    blocks?.return().catch(() => undefined);
  }
}

async function feed(
  blocks: AsyncGenerator<Uint8Array, void, undefined>,
  send: (message: ToWorker) => void,
  inbox: Inbox,
): Promise<void> {
  try {
    const next = await blocks.next();
    send(next.done ? { type: 'end' } : { type: 'bytes', bytes: next.value });
  } catch (error) {
    inbox.fail(error);
  }
}

async function* inPieces(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const block of stream) {
    for (let from = 0; from < block.byteLength; from += maxBlockBytes)
      yield block.subarray(from, from + maxBlockBytes);
  }
}

type Taken = Exclude<FromWorker, { type: 'pull' }>;

/** Messages in the order they came, then the first failure for good; holds `chunksAhead` chunks at most. */
class Inbox {
  readonly #messages: Taken[] = [];
  #failure: { error: unknown } | null = null;
  #wake: (() => void) | null = null;

  put(message: Taken): void {
    this.#messages.push(message);
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake?.();
  }

  async take(): Promise<Taken> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#failure !== null) throw this.#failure.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
