/** Owns the worker thread's side of parsing a file: bytes in, chunks out, never more chunks than were asked for. */

import { createReadStream } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { FileUnreadable } from './file-unreadable.ts';
import type { FromWorker, ToWorker, WorkerInput } from './import-protocol.ts';
import { packChunk } from './pack-chunk.ts';
import { parseEntries } from './parse-entries.ts';

const readBlockBytes = 262_144;

async function main(port: MessagePort, input: WorkerInput): Promise<void> {
  const send = (message: FromWorker) => port.postMessage(message);
  let credits = input.credits;
  let onCredit: (() => void) | null = null;
  let onBytes: ((bytes: Uint8Array | null) => void) | null = null;
  port.on('message', (message: ToWorker) => {
    switch (message.type) {
      case 'more':
        credits += 1;
        onCredit?.();
        break;
      case 'bytes':
        onBytes?.(message.bytes);
        break;
      case 'end':
        onBytes?.(null);
        break;
    }
  });

  async function* pulled(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = new Promise<Uint8Array | null>((resolve) => {
        onBytes = resolve;
      });
      send({ type: 'pull' });
      const bytes = await next;
      if (bytes === null) return;
      yield bytes;
    }
  }

  try {
    const bytes =
      input.path === null ? pulled() : createReadStream(input.path, { highWaterMark: readBlockBytes });
    for await (const chunk of parseEntries({ ...input, bytes })) {
      while (credits === 0) {
        await new Promise<void>((resolve) => {
          onCredit = resolve;
        });
      }
      credits -= 1;
      send({ type: 'chunk', json: JSON.stringify(packChunk(chunk)) });
    }
    send({ type: 'done' });
  } catch (error) {
    if (error instanceof FileUnreadable)
      send({ type: 'unreadable', code: error.code, message: error.message });
    else {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
      send({ type: 'failed', message, stack });
    }
  } finally {
    port.close();
  }
}

if (parentPort === null) throw new Error('import-worker.ts runs in a worker thread only');
await main(parentPort, workerData as WorkerInput);
