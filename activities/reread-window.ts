/** Owns the second reading of recent time: a platform does not tell of deletions, nor always of a withdrawn approval. */
import type { TimeSource } from '../connectors/kit/define.ts';
import { InvalidRequest, Throttled } from '../connectors/kit/errors.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { addDays } from '../domain/day.ts';
import type { Day, SourceEntry, UnreadableRow } from '../domain/work-entry.ts';
import { advancePoll, beginPoll, readPolls } from '../store/checkpoints.ts';
import type { Database } from '../store/database.ts';
import { knownExternalIds } from '../store/deleted-entries.ts';
import { livingFrom, lookUpMissing } from './gone-entries.ts';

export interface Reread {
  workspaceId: string;
  connectionId: string;
  sourceId: string;
  today: Day;
  timeSource: TimeSource;
  http: VendorHttp;
  takePage: (entries: SourceEntry[], unreadable: UnreadableRow[]) => Promise<void>;
  /** Whether it counts as approved here; default: where the platform says so. */
  isApproved?: (entry: SourceEntry) => boolean;
  /** Of our entries that are compared at once; a window with more is read in parts. */
  mostLiving?: number;
}

const stream = 'window';
/** Stands in the stream's cursor while a reading of it is under way, and after one that was killed or failed. */
const underWay = 'under way';
/** One that did not come to its end is tried again so long after it began. */
const againMs = 10 * 60_000;

/**
 * Reads the window again when the last time is long enough ago; the first full reading counts as one. Where the platform's
 * calls ran out, it waits for its turn: they are the feed's first.
 */
export async function rereadWindow(
  database: Database,
  reread: Reread,
  force = false,
): Promise<{ deleted: number } | null> {
  const { workspaceId, connectionId, timeSource, today } = reread;
  const due = await database.inWorkspace(workspaceId, async (tx) => {
    const last = (await readPolls(tx, connectionId)).get(stream);
    const everyMs = timeSource.rescan.everyMinutes * 60_000;
    const pauseMs = last?.cursor === underWay ? Math.min(againMs, everyMs) : everyMs;
    if (!force && last && last.agoMs < pauseMs) return null;
    const poll = await beginPoll(tx, connectionId, stream);
    if (!force && last === undefined) return null;
    await advancePoll(tx, poll, underWay);
    return poll;
  });
  if (!due) return null;
  const isOver = () => database.inWorkspace(workspaceId, (tx) => advancePoll(tx, due, 'read'));
  const window = { from: addDays(today, -timeSource.rescan.days), to: today, unknown: 'approved' } as const;
  try {
    const found = await readWindow(database, reread, window);
    await isOver();
    return found;
  } catch (problem) {
    if (problem instanceof Throttled || problem instanceof InvalidRequest) await isOver();
    throw problem;
  }
}

const saysApproved = ({ approval }: SourceEntry): boolean => approval === 'approved';

/**
 * Reads every entry dated within the window. `unknown`: which of those that we do not have come in; `approved` leaves out
 * what its feed will bring with its approval, where the platform tells one.
 */
export async function readWindow(
  database: Database,
  reread: Reread,
  { from, to, unknown }: Window,
): Promise<{ deleted: number }> {
  let deleted = 0;
  for (let first = from; first <= to; ) {
    const { missing, to: last } = await livingFrom(database, reread, { from: first, to }, reread.mostLiving);
    deleted += await readPart(database, reread, { from: first, to: last, unknown }, missing);
    first = addDays(last, 1);
  }
  return { deleted };
}

interface Window {
  from: Day;
  to: Day;
  unknown: 'all' | 'approved';
}

/** Answers how many of `missing` are gone. */
async function readPart(
  database: Database,
  { workspaceId, connectionId, sourceId, timeSource, http, takePage, isApproved = saysApproved }: Reread,
  { from, to, unknown }: Window,
  missing: Set<string>,
): Promise<number> {
  for await (const page of timeSource.window(http, from, to)) {
    for (const { externalId } of page.entries) missing.delete(externalId);
    for (const { position } of page.unreadable) missing.delete(position);
    const takesAll = unknown === 'all' || !timeSource.tellsApproval;
    const known = takesAll
      ? null
      : await database.inWorkspace(workspaceId, (tx) =>
          knownExternalIds(tx, sourceId, [
            ...page.entries.map(({ externalId }) => externalId),
            ...page.unreadable.map(({ position }) => position),
          ]),
        );
    // What was never approved was never taken in; it comes with its approval. A feed may also have missed an approved one.
    const entries = page.entries.filter(
      (entry) => !known || known.has(entry.externalId) || isApproved(entry),
    );
    const unreadable = page.unreadable.filter(({ position }) => !known || known.has(position));
    if (entries.length > 0 || unreadable.length > 0) await takePage(entries, unreadable);
  }
  return lookUpMissing(
    database,
    {
      workspaceId,
      sourceId,
      actor: `connection:${connectionId}`,
      timeSource,
      http,
      take: (entries) => takePage(entries, []),
    },
    missing,
  );
}
