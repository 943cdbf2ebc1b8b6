/** Owns following the event log: one watcher of the sequencer's numbers a process, and the stream each reader gets. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Refusal } from '../../domain/refusal.ts';
import type { Database } from '../../store/database.ts';
import { readEventHeads } from '../../store/event-heads.ts';
import { readEvents, type ShownEvent } from '../../store/events.ts';

/** Tells that new events may exist; made by the composition root (one LISTEN a process). */
export interface EventFeed {
  /** Resolves when new events may exist, or when the signal aborts. May resolve for nothing; may miss, we poll besides. */
  wait(signal: AbortSignal): Promise<void>;
}

/** Watches the heads of those workspaces that somebody follows; idle while nobody does. */
export interface EventTail {
  /** Resolves when the workspace has events after this number, or after `timeoutMs`, or when the signal aborts. */
  waitBeyond(workspaceId: string, after: number, timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Takes a place among the open streams; the caller gives it back. Refuses with 503 when all are taken. */
  openStream(workspaceId: string): Disposable;
}

const maxStreams = 500;
const maxStreamsPerWorkspace = 100;
/** Reads of the heads are at least this far apart: a burst of events costs one. */
const gatherMs = 20;

interface Waiter {
  workspaceId: string;
  after: number;
  resolve: () => void;
}

export function createEventTail(
  deps: { database: Database; feed: EventFeed; logger: Logger },
  pollMs = 1000,
): EventTail {
  const waiters = new Set<Waiter>();
  const open = new Map<string, number>();
  let watching = false;
  let onNewWaiter: () => void = () => undefined;

  const readHeads = async () => {
    const ids = [...new Set([...waiters].map((waiter) => waiter.workspaceId))];
    const heads = await deps.database.inSystem((tx) => readEventHeads(tx, ids));
    for (const waiter of waiters) if ((heads.get(waiter.workspaceId) ?? 0) > waiter.after) waiter.resolve();
  };

  const watch = async () => {
    watching = true;
    while (waiters.size > 0) {
      // Listening starts before the read: what is committed in between wakes us.
      const round = new AbortController();
      const woken = deps.feed
        .wait(round.signal)
        .catch(() => sleep(pollMs, undefined, { signal: round.signal }));
      const joined = new Promise<void>((resolve) => {
        onNewWaiter = resolve;
      });
      const polled = sleep(pollMs, undefined, { signal: round.signal });
      await readHeads().catch((error: unknown) =>
        deps.logger.warn({ err: error }, 'could not read event heads'),
      );
      await sleep(gatherMs);
      if (waiters.size > 0) await Promise.race([woken, joined, polled]);
      round.abort();
      await Promise.allSettled([woken, polled]);
    }
    watching = false;
  };

  return {
    waitBeyond: (workspaceId, after, timeoutMs, signal) =>
      new Promise<void>((resolve) => {
        const done = () => {
          waiters.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const waiter: Waiter = { workspaceId, after, resolve: done };
        const timer = setTimeout(done, timeoutMs);
        signal.addEventListener('abort', done, { once: true });
        if (signal.aborted) {
          done();
          return;
        }
        waiters.add(waiter);
        onNewWaiter();
        if (!watching) void watch();
      }),
    openStream: (workspaceId) => {
      const own = open.get(workspaceId) ?? 0;
      const all = [...open.values()].reduce((sum, count) => sum + count, 0);
      if (own >= maxStreamsPerWorkspace || all >= maxStreams)
        throw new Refusal({
          code: 'events.too_many_streams',
          status: 503,
          message: 'Too many event streams are open.',
          whatToDo: 'Close those that are not needed, or read GET /events in intervals.',
          retryAfterSeconds: 10,
        });
      open.set(workspaceId, own + 1);
      let given = false;
      return {
        [Symbol.dispose]: () => {
          if (given) return;
          given = true;
          const left = (open.get(workspaceId) ?? 1) - 1;
          if (left === 0) open.delete(workspaceId);
          else open.set(workspaceId, left);
        },
      };
    },
  };
}

export interface StreamOptions {
  workspaceId: string;
  after: number;
  permissions: readonly string[];
  signal: AbortSignal;
  stillAllowed: () => Promise<boolean>;
  heartbeatMs?: number;
}
const batchSize = 200;

/**
 * Events as server-sent events, for ever. A batch is read when the one before has been taken, so a slow reader holds
 * 200 events here and no more. A heartbeat carries the position too: events that this reader may not see count as read.
 */
export async function* streamEvents(
  deps: { database: Database; eventTail: EventTail },
  options: StreamOptions,
): AsyncGenerator<string> {
  using _place = deps.eventTail.openStream(options.workspaceId);
  const heartbeatMs = options.heartbeatMs ?? 15_000;
  let { after } = options;
  let aliveAtMs = Date.now();
  yield 'retry: 2000\n\n';
  while (!options.signal.aborted) {
    const page = await deps.database.inWorkspace(options.workspaceId, (tx) =>
      readEvents(tx, { after, limit: batchSize, permissions: options.permissions }),
    );
    after = page.next;
    if (page.events.length > 0) yield page.events.map(toMessage).join('');
    const quietMs = aliveAtMs + heartbeatMs - Date.now();
    if (quietMs <= 0) {
      // A key that was revoked meanwhile ends the stream, busy or not.
      if (!(await options.stillAllowed())) return;
      yield `id: ${after}\n: heartbeat\n\n`;
      aliveAtMs = Date.now();
    } else if (page.events.length < batchSize) {
      await deps.eventTail.waitBeyond(options.workspaceId, after, quietMs, options.signal);
    }
  }
}

function toMessage(event: ShownEvent): string {
  // JSON holds no line breaks, and a type is one word.
  return `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Where a reader goes on: the header of a reconnect wins over `?after=`. Refuses what is no number of this log. */
export function resumePosition(lastEventId: string | undefined, after: number | undefined): number | null {
  if (lastEventId === undefined || lastEventId === '') return after ?? null;
  const position = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : null;
  if (position !== null) return position;
  throw new Refusal({
    code: 'events.invalid_position',
    status: 422,
    message: 'Last-Event-ID is the id of an event of this stream: a whole number.',
  });
}

/** Refuses a reader that has seen numbers this log never gave out: the hub was restored from a backup. */
export function requireWithin(position: number, head: number): void {
  if (position <= head) return;
  throw new Refusal({
    code: 'events.position_ahead',
    message: `The log ends at ${head}, before your position ${position}: the hub was restored from a backup.`,
    whatToDo: 'Read the state you follow anew, then continue from the end of the log.',
    details: { head },
  });
}
