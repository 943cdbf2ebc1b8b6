/** Owns imports that arrive through the API: the upload is spooled to a file, then imported in the background. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { ImportMapping } from '../../domain/import/mapping.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Database } from '../../store/database.ts';
import { newId } from '../../store/new-id.ts';
import type { Operation } from '../../store/operations.ts';
import { currentOrigin, from } from '../../store/origin.ts';
import { beginImport, runImport } from './run-import.ts';

export interface UploadedFile {
  workspaceId: string;
  stream: Readable;
  mapping: ImportMapping;
  sourceName: string;
  startedBy: string;
}
export interface Importer {
  /** Resolves with the operation once the whole upload is here; an upload that breaks off leaves nothing behind. */
  importFile(upload: UploadedFile): Promise<Operation>;
  stop(): Promise<void>;
}

/** Each import parses in a thread of its own. */
const maxAtOnce = 2;

export function createImporter({
  database,
  spoolDir,
  logger,
}: {
  database: Database;
  spoolDir: string;
  logger: Logger;
}): Importer {
  const running = new Map<string, { done: Promise<void>; abort: AbortController }>();
  // What an earlier process left was either imported or its operation is marked as interrupted.
  const ready = rm(spoolDir, { recursive: true, force: true }).then(() =>
    mkdir(spoolDir, { recursive: true }),
  );

  return {
    importFile: async (upload) => {
      await ready;
      if (running.size >= maxAtOnce) {
        throw new Refusal({
          code: 'import.too_many',
          status: 429,
          message: `${maxAtOnce} imports are running already.`,
          whatToDo: 'Wait until one has ended, then upload again.',
          retryAfterSeconds: 10,
        });
      }
      const path = join(spoolDir, `${newId()}.csv`);
      const slot = newId();
      const abort = new AbortController();
      running.set(slot, { done: Promise.resolve(), abort });
      try {
        await pipeline(upload.stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }), {
          signal: abort.signal,
        });
        const request = { ...upload, source: { path }, signal: abort.signal };
        const operation = await beginImport(database, request);
        const done = carryOut(database, operation, request, logger).then(async () => {
          running.delete(slot);
          await rm(path, { force: true });
        });
        running.set(slot, { done, abort });
        return operation;
      } catch (error) {
        running.delete(slot);
        await rm(path, { force: true });
        throw error;
      }
    },
    stop: async () => {
      for (const { abort } of running.values())
        abort.abort(new Error('the hub is stopping; upload the file again'));
      await Promise.all([...running.values()].map(({ done }) => done));
    },
  };
}

/** Runs the import to its end; a failure is in its operation, and here in the log. */
async function carryOut(
  database: Database,
  operation: Operation,
  request: Parameters<typeof runImport>[2],
  logger: Logger,
): Promise<void> {
  try {
    // Whose request it was stays known; what it writes from here on, nobody typed in.
    await from({ ...currentOrigin(), via: 'import' }, () => runImport(database, operation, request));
  } catch (error) {
    logger.warn({ err: error, operationId: operation.id }, 'an import failed');
  }
}
