/** Owns finding what a platform no longer has: an id that is missing from a whole window, and that it denies when asked. */
import type { TimeSource } from '../connectors/kit/define.ts';
import { InvalidRequest } from '../connectors/kit/errors.ts';
import type { VendorHttp } from '../connectors/kit/http.ts';
import { addDays, dayNumber } from '../domain/day.ts';
import type { Day, SourceEntry } from '../domain/work-entry.ts';
import type { Database } from '../store/database.ts';
import { listLivingEntries, markDeletedAtSource } from '../store/deleted-entries.ts';

export interface GoneSearch {
  workspaceId: string;
  sourceId: string;
  actor: string;
  timeSource: TimeSource;
  http: VendorHttp;
  /** What is still there after all is taken in as it is now. */
  take: (entries: SourceEntry[]) => Promise<void>;
}

const mostEntries = 50_000;
/** An id that is missing from the pages is asked for by itself before it counts as deleted; so many a reading. */
const mostLookups = 200;
/** Stored together: a transaction for each would take longer than asking does. */
const keptAtOnce = 50;

/**
 * Ids of our living entries from a day on, and up to which day of the window these are all of them: as far as `most` go, a day
 * at least. Read before the pages are; each page then strikes out its own.
 */
export async function livingFrom(
  database: Database,
  { workspaceId, sourceId }: Pick<GoneSearch, 'workspaceId' | 'sourceId'>,
  { from, to }: { from: Day; to: Day },
  most = mostEntries,
): Promise<{ missing: Set<string>; to: Day }> {
  for (let last = to; ; last = addDays(from, Math.floor((dayNumber(last) - dayNumber(from)) / 2))) {
    const ids = await database.inWorkspace(workspaceId, (tx) =>
      listLivingEntries(tx, sourceId, { from, to: last, limit: most }),
    );
    if (ids.length < most || last <= from) return { missing: new Set(ids), to: last };
  }
}

/**
 * Asks for each id, at most `most`; answers how many the platform denied. The rest waits for the next reading. What was found
 * out before a failure is kept: where calls are few, the next reading would come no further.
 */
export async function lookUpMissing(
  database: Database,
  search: GoneSearch,
  missing: Iterable<string>,
  most = mostLookups,
): Promise<number> {
  const asked = [...missing].slice(0, most);
  const atOnce = search.timeSource.readEntries?.mostAtOnce ?? 1;
  let found: Found = { there: [], gone: [] };
  let deleted = 0;
  const keep = async () => {
    const { there, gone } = found;
    found = { there: [], gone: [] };
    if (there.length > 0) await search.take(there);
    if (gone.length === 0) return;
    deleted += await database.inWorkspace(search.workspaceId, (tx) =>
      markDeletedAtSource(tx, search.sourceId, gone, search.actor),
    );
  };
  try {
    for (let first = 0; first < asked.length; first += atOnce) {
      await lookUp(search, asked.slice(first, first + atOnce), found);
      if (found.there.length + found.gone.length >= keptAtOnce) await keep();
    }
  } catch (problem) {
    await keep();
    throw problem;
  }
  await keep();
  return deleted;
}

interface Found {
  there: SourceEntry[];
  gone: string[];
}

/** Adds what is there and what is not. */
async function lookUp(search: GoneSearch, externalIds: readonly string[], found: Found): Promise<void> {
  const { readEntries } = search.timeSource;
  if (!readEntries) {
    for (const externalId of externalIds) {
      const entry = await readOne(search, externalId);
      if (entry === null) found.gone.push(externalId);
      else if (entry !== 'unreadable') found.there.push(entry);
    }
    return;
  }
  const { entries, unreadable } = await readEntries.read(search.http, externalIds);
  const there = new Set([
    ...entries.map(({ externalId }) => externalId),
    ...unreadable.map(({ position }) => position),
  ]);
  found.there.push(...entries);
  found.gone.push(...externalIds.filter((externalId) => !there.has(externalId)));
}

async function readOne(
  { timeSource, http }: GoneSearch,
  externalId: string,
): Promise<SourceEntry | null | 'unreadable'> {
  try {
    return await timeSource.readEntry(http, externalId);
  } catch (problem) {
    // It is there, and cannot be read: that must not stop the others, nor count as deleted.
    if (problem instanceof InvalidRequest) return 'unreadable';
    throw problem;
  }
}
