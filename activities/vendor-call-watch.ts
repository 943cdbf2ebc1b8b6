/** Owns what is noted of calls to platforms beside their work: how they went, and what was answered; written in batches, never waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { SeenCall } from '../connectors/kit/http.ts';
import type { Database } from '../store/database.ts';
import { insertRawPages, type NewRawPage, packRawPages } from '../store/raw-pages.ts';
import { addVendorCalls, type CallCount } from '../store/vendor-calls.ts';

export interface VendorCallWatch {
  noteCall: (place: { workspaceId: string; connectionId: string }, call: SeenCall) => void;
  /** Writes what waits; for the end of a process and for tests. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const flushEveryMs = 2_000;
/** A page of 2,000 Harvest rows is about 2.5 MB, and 100 KB compressed. */
const mostCharacters = 1_000_000;
/** Pages that wait to be written; more are left out, for the reading must not wait for its archive. */
const mostWaiting = 50;

/** Values of fields that carry secrets, in JSON that may be cut. */
const secretValue =
  /("(?:[a-z_]*(?:token|secret|password|passwd|api_?key|authorization|credential)[a-z_]*)"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi;
export const redactPage = (text: string): string => text.replace(secretValue, '$1"[redacted]"');

/** `archiveDays`: 0 keeps no pages; calls are counted all the same. */
export function watchVendorCalls({
  database,
  logger,
  archiveDays,
}: {
  database: Database;
  logger: Logger;
  archiveDays: number;
}): VendorCallWatch {
  const counts = new Map<string, Map<string, CallCount>>();
  let pages: { workspaceId: string; page: NewRawPage }[] = [];
  let leftOut = 0;
  const stopping = new AbortController();

  const flush = async () => {
    const counted = [...counts];
    const taken = pages;
    counts.clear();
    pages = [];
    for (const [workspaceId, byKey] of counted)
      await database.inWorkspace(workspaceId, (tx) => addVendorCalls(tx, [...byKey.values()]));
    for (const [workspaceId, group] of Map.groupBy(taken, (one) => one.workspaceId)) {
      const packed = await packRawPages(group.map(({ page }) => page));
      leftOut += await database.inWorkspace(workspaceId, (tx) => insertRawPages(tx, packed, archiveDays));
    }
    if (leftOut > 0) logger.info({ pages: leftOut }, 'pages of platforms were left out of the archive');
    leftOut = 0;
  };
  const flushSafely = () =>
    flush().catch((error: unknown) => logger.warn({ err: error }, 'calls to platforms could not be noted'));
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await sleep(flushEveryMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if (counts.size > 0 || pages.length > 0) await flushSafely();
    }
  })();

  return {
    noteCall: ({ workspaceId, connectionId }, call) => {
      const byKey = counts.get(workspaceId) ?? new Map<string, CallCount>();
      counts.set(workspaceId, byKey);
      const key = `${connectionId} ${call.outcome}`;
      const { outcome } = call;
      const empty = { connectionId, outcome, calls: 0, durationMs: 0, waitedMs: 0, slowestMs: 0 };
      const count = byKey.get(key) ?? empty;
      count.calls += 1;
      count.durationMs += call.durationMs;
      count.waitedMs += call.waitedMs;
      count.slowestMs = Math.max(count.slowestMs, call.durationMs);
      byKey.set(key, count);
      if (archiveDays === 0 || call.text === null || call.status === null) return;
      if (pages.length >= mostWaiting) {
        leftOut += 1;
        return;
      }
      const { path, status, text } = call;
      const truncated = text.length > mostCharacters;
      const shown = redactPage(truncated ? text.slice(0, mostCharacters) : text);
      const page = { connectionId, path, status, bytes: Buffer.byteLength(text), truncated, text: shown };
      pages.push({ workspaceId, page });
    },
    flush,
    stop: async () => {
      stopping.abort();
      await loop;
      await flushSafely();
    },
  };
}
