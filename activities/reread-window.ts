/** Owns the second reading of recent time: a platform does not tell of deletions, nor always of a withdrawn approval. */
import type { TimeSource } from '../connectors/kit/define.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { addDays } from '../domain/day.ts';
import type { Day, SourceEntry, UnreadableRow } from '../domain/work-entry.ts';
import { beginPoll, readPolls } from '../store/checkpoints.ts';
import type { Database } from '../store/database.ts';
import { knownExternalIds, listLivingEntries, markDeletedAtSource } from '../store/deleted-entries.ts';

export interface Reread {
  workspaceId: string;
  connectionId: string;
  sourceId: string;
  today: Day;
  timeSource: TimeSource;
  http: VendorHttp;
  takePage: (entries: SourceEntry[], unreadable: UnreadableRow[]) => Promise<void>;
}

const mostEntries = 50_000;
/** An id that is missing from the pages is asked for by itself before it counts as deleted; so many a reading. */
const mostLookups = 200;
const stream = 'window';

/** Reads the window again when the last time is long enough ago; the first full reading counts as one. */
export async function rereadWindow(
  database: Database,
  reread: Reread,
  force = false,
): Promise<{ deleted: number } | null> {
  const { workspaceId, connectionId, sourceId, timeSource, http } = reread;
  const due = await database.inWorkspace(workspaceId, async (tx) => {
    const last = (await readPolls(tx, connectionId)).get(stream);
    if (!force && last && last.agoMs < timeSource.rescan.everyMinutes * 60_000) return false;
    await beginPoll(tx, connectionId, stream);
    return force || last !== undefined;
  });
  if (!due) return null;
  const window = {
    from: addDays(reread.today, -timeSource.rescan.days),
    to: reread.today,
    limit: mostEntries,
  };
  const here = await database.inWorkspace(workspaceId, (tx) => listLivingEntries(tx, sourceId, window));
  const missing = new Set(here);
  for await (const page of timeSource.window(http, window.from, window.to)) {
    for (const { externalId } of page.entries) missing.delete(externalId);
    for (const { position } of page.unreadable) missing.delete(position);
    // What was never approved was never taken in; it comes with its approval.
    const known = await database.inWorkspace(workspaceId, (tx) =>
      knownExternalIds(
        tx,
        sourceId,
        page.entries.map((entry) => entry.externalId),
      ),
    );
    const entries = page.entries.filter((entry) => known.has(entry.externalId));
    if (entries.length > 0) await reread.takePage(entries, []);
  }
  const deleted: string[] = [];
  for (const externalId of [...missing].slice(0, mostLookups)) {
    const entry = await timeSource.readEntry(http, externalId);
    if (entry === null) deleted.push(externalId);
    else await reread.takePage([entry], []);
  }
  const marked = await database.inWorkspace(workspaceId, (tx) =>
    markDeletedAtSource(tx, sourceId, deleted, `connection:${connectionId}`),
  );
  return { deleted: marked };
}
