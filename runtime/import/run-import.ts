/** Owns importing a file from its first byte to its operation's result: parse in a worker, take in chunk by chunk. */
import { localDay } from '../../domain/day.ts';
import { FileKeys } from '../../domain/import/file-keys.ts';
import type { ImportMapping } from '../../domain/import/mapping.ts';
import type { Database } from '../../store/database.ts';
import { closeReappeared, hasEntries } from '../../store/duplicates.ts';
import { recordEvents } from '../../store/events.ts';
import {
  addCounts,
  ensureSource,
  type IntakeCounts,
  noCounts,
  openMatcher,
  takeIn,
} from '../../store/intake.ts';
import {
  finishOperation,
  type Operation,
  progressOperation,
  startOperation,
} from '../../store/operations.ts';
import { currencyOf, getWorkspace, zoneOf } from '../../store/workspaces.ts';
import { type ParsedChunk, type ParseFileInput, parseFile } from './parse-in-worker.ts';

export interface ImportRequest {
  workspaceId: string;
  source: ParseFileInput['source'];
  mapping: ImportMapping;
  /** Entries of one source are known by their key; importing a file of the same source again changes nothing. */
  sourceName: string;
  startedBy: string;
  signal?: AbortSignal;
  onProgress?: (progress: ImportProgress) => void;
}
export interface ImportProgress {
  bytesRead: number;
  totalBytes: number | null;
  counts: IntakeCounts;
}
export interface ImportResult extends IntakeCounts {
  sha256: string;
  lines: number;
}

const chunkSize = 5_000;

/** Makes the operation, so that the caller can answer with it before the file is read. */
export function beginImport(database: Database, request: ImportRequest): Promise<Operation> {
  const { workspaceId, startedBy, sourceName, mapping } = request;
  return database.inWorkspace(workspaceId, async (tx) => {
    const operation = await startOperation(tx, { kind: 'import', subjectId: null, total: null, startedBy });
    await recordEvents(tx, [
      {
        type: 'import.started',
        subjectType: 'operation',
        subjectId: operation.id,
        actor: startedBy,
        permission: 'imports.read',
        payload: { sourceName, mapping: mapping.name },
      },
    ]);
    return operation;
  });
}

/**
 * Runs the import of an operation to its end. Each chunk is one transaction with its progress, so an interrupted import
 * is repeated from the start and only adds what is missing. Throws FileUnreadable for a file that cannot be read at all.
 */
export async function runImport(
  database: Database,
  operation: Operation,
  request: ImportRequest,
): Promise<ImportResult> {
  const { workspaceId, mapping } = request;
  try {
    const opened = await database.inWorkspace(workspaceId, async (tx) => {
      const sourceId = await ensureSource(tx, { kind: 'file', name: request.sourceName, connectionId: null });
      const { settings, clockAt } = await getWorkspace(tx);
      return {
        sourceId,
        matcher: await openMatcher(tx, sourceId),
        today: localDay(clockAt ?? new Date(), zoneOf({ settings })),
        currency: currencyOf({ settings }),
        // Keys of its own never change; the first file of a source has nothing that it could repeat.
        keys: 'natural' in mapping.key || !(await hasEntries(tx, sourceId)) ? null : new FileKeys(),
      };
    });
    const { keys } = opened;
    const isInFile = keys ? (key: string) => keys.has(key) : undefined;
    let counts: IntakeCounts = noCounts;
    let last: ParsedChunk | null = null;
    let cancelled = false;
    const input: ParseFileInput = {
      source: request.source,
      mapping,
      chunkSize,
      ...(request.signal && { signal: request.signal }),
    };
    for await (const chunk of readAhead(parseFile(input))) {
      last = chunk;
      if (keys) for (const { entry } of chunk.entries) keys.add(entry.externalId);
      if (chunk.entries.length > 0 || chunk.unreadable.length > 0) {
        counts = await database.inWorkspace(workspaceId, async (tx) => {
          const taken = await takeIn(tx, opened.matcher, chunk, {
            sourceId: opened.sourceId,
            operationId: operation.id,
            actor: request.startedBy,
            createMissing: mapping.createMissing,
            goLiveOn: null,
            today: opened.today,
            currency: opened.currency,
            severities: {},
            isInFile,
          });
          const sum = addCounts(counts, taken);
          cancelled = !(await progressOperation(tx, operation.id, {
            done: chunk.lastLine,
            message: 'importing',
            result: sum,
          }));
          return sum;
        });
      }
      request.onProgress?.({ bytesRead: chunk.bytesRead, totalBytes: chunk.totalBytes, counts });
      if (cancelled) break;
    }
    const result: ImportResult = { ...counts, sha256: last?.sha256SoFar ?? '', lines: last?.lastLine ?? 0 };
    await database.inWorkspace(workspaceId, async (tx) => {
      // Of a file read in part nobody knows what it still has.
      if (isInFile && !cancelled) await closeReappeared(tx, opened.sourceId, isInFile);
      await finishOperation(tx, operation.id, { status: cancelled ? 'cancelled' : 'done', result });
    });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await database.inWorkspace(workspaceId, (tx) =>
      finishOperation(tx, operation.id, { status: 'failed', error: { message } }),
    );
    throw error;
  }
}

/** Asks for the next one while the last is in use, so that reading a chunk's message costs the database no wait. */
async function* readAhead<T>(source: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  let next = source.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done) return;
      next = source.next();
      // Reported when it is this one's turn.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    // Not awaited: it waits for the chunk that was asked for, and a failure should be told before that comes.
    source.return().catch(() => undefined);
  }
}
