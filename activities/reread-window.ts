/** Owns the second reading of recent time: a platform does not tell of deletions, nor always of a withdrawn approval. */
import type { TimeSource } from '../connectors/kit/define.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { addDays } from '../domain/day.ts';
import type { Day, SourceEntry, UnreadableRow } from '../domain/work-entry.ts';
import { beginPoll, readPolls } from '../store/checkpoints.ts';
import type { Database } from '../store/database.ts';
import { knownExternalIds } from '../store/deleted-entries.ts';
import { livingWithin, lookUpMissing } from './gone-entries.ts';

export interface Reread {
  workspaceId: string;
  connectionId: string;
  sourceId: string;
  today: Day;
  timeSource: TimeSource;
  http: VendorHttp;
  takePage: (entries: SourceEntry[], unreadable: UnreadableRow[]) => Promise<void>;
}

const stream = 'window';

/** Reads the window again when the last time is long enough ago; the first full reading counts as one. */
export async function rereadWindow(
  database: Database,
  reread: Reread,
  force = false,
): Promise<{ deleted: number } | null> {
  const { workspaceId, connectionId, timeSource, today } = reread;
  const due = await database.inWorkspace(workspaceId, async (tx) => {
    const last = (await readPolls(tx, connectionId)).get(stream);
    if (!force && last && last.agoMs < timeSource.rescan.everyMinutes * 60_000) return false;
    await beginPoll(tx, connectionId, stream);
    return force || last !== undefined;
  });
  if (!due) return null;
  return readWindow(database, reread, {
    from: addDays(today, -timeSource.rescan.days),
    to: today,
    unknown: 'approved',
  });
}

/**
 * Reads every entry dated within the window. `unknown`: which of those that we do not have come in; `approved` leaves out
 * what its feed will bring with its approval, where the platform tells one.
 */
export async function readWindow(
  database: Database,
  { workspaceId, connectionId, sourceId, timeSource, http, takePage }: Reread,
  { from, to, unknown }: { from: Day; to: Day; unknown: 'all' | 'approved' },
): Promise<{ deleted: number }> {
  const missing = await livingWithin(database, { workspaceId, sourceId }, { from, to });
  for await (const page of timeSource.window(http, from, to)) {
    for (const { externalId } of page.entries) missing.delete(externalId);
    for (const { position } of page.unreadable) missing.delete(position);
    const takesAll = unknown === 'all' || !timeSource.tellsApproval;
    const known = takesAll
      ? null
      : await database.inWorkspace(workspaceId, (tx) =>
          knownExternalIds(
            tx,
            sourceId,
            page.entries.map((entry) => entry.externalId),
          ),
        );
    // What was never approved was never taken in; it comes with its approval. A feed may also have missed an approved one.
    const entries = page.entries.filter(
      (entry) => !known || known.has(entry.externalId) || entry.approval === 'approved',
    );
    const unreadable = takesAll ? page.unreadable : [];
    if (entries.length > 0 || unreadable.length > 0) await takePage(entries, unreadable);
  }
  const deleted = await lookUpMissing(
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
  return { deleted };
}
