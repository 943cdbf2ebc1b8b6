/** Owns one reading of a platform's time: its feed or its window, what its webhooks named, and the stretches people asked for. */
import type { EntryPage, TimeSource } from '../connectors/kit/define.ts';
import { Throttled, Unavailable } from '../connectors/kit/errors.ts';
import { addDays, earlierDay, laterDay } from '../domain/day.ts';
import { withApproval } from '../domain/source-approval.ts';
import type { Day } from '../domain/work-entry.ts';
import { beginPoll, type Poll, readPolls } from '../store/checkpoints.ts';
import type { Database, WorkspaceTx } from '../store/database.ts';
import { knownExternalIds } from '../store/deleted-entries.ts';
import { endRunningOperations, finishOperation, startOperation } from '../store/operations.ts';
import { beginResync, listResyncs, mostResyncTries, type Resync } from '../store/resyncs.ts';
import type { ActivityDeps } from './deps.ts';
import { livingFrom, lookUpMissing } from './gone-entries.ts';
import { readAhead } from './read-ahead.ts';
import { readWindow, rereadWindow } from './reread-window.ts';
import { type Intake, noReadingCounts, openIntake, type ReadingCounts, takePage } from './take-time.ts';
import { tellBilled } from './tell-billed.ts';
import type { OpenVendor } from './vendor.ts';
import { chooseHints, closeHints, isHinted, readHints } from './webhook-hints.ts';

/** A platform without a feed is read for the first time in stretches of so many days, each kept when it is done. */
const stretchDays = 92;

interface Reading {
  workspaceId: string;
  vendor: OpenVendor;
  poll: Poll;
  /** Moves the poll's cursor in the transaction of a page; throws when another reading began. */
  advance: (tx: WorkspaceTx, cursor: string | null) => Promise<void>;
}
type Page = Omit<EntryPage, 'checkpoint'>;
type Take = (page: Page, checkpoint?: string | null) => Promise<void>;
/** Adds what was found to be gone to the counts. */
type NoteDeleted = (count: number) => void;

export async function readTime(deps: ActivityDeps, reading: Reading): Promise<void> {
  const { database } = deps;
  const { workspaceId, vendor } = reading;
  const { connection, connector } = vendor;
  const { timeSource } = connector;
  if (!timeSource) return;
  const subjectId = connection.id;
  const begun = await database.inWorkspace(workspaceId, async (tx) => {
    // Of a process that died, or of a reading that this one supersedes.
    await endRunningOperations(tx, { kind: 'sync_time', subjectId, message: 'another reading began' });
    const operation = { kind: 'sync_time', subjectId, total: null, startedBy: `connection:${subjectId}` };
    return {
      intake: await openIntake(tx, connection),
      operationId: (await startOperation(tx, operation)).id,
      resyncs: await listResyncs(tx, subjectId),
    };
  });
  const { intake } = begun;
  await counted(deps, reading, intake, begun.operationId, {}, async (take, noteDeleted) => {
    const ids = { workspaceId, connectionId: subjectId };
    const hints = await readHints(database, ids, connector);
    const seen = new Set<string>();
    const takeSeen: Take = async (page, checkpoint = null) => {
      for (const { externalId } of page.entries) seen.add(externalId);
      await take(page, checkpoint);
    };
    if (timeSource.changedSince) {
      const pages = timeSource.changedSince(vendor.http, reading.poll.cursor);
      for await (const page of readAhead(pages))
        await takeSeen(await withKnown(database, workspaceId, intake.sourceId, page), page.checkpoint);
    } else if (await isWindowDue(deps, reading, isHinted(hints)))
      await readStretches(deps, reading, intake, timeSource, takeSeen, noteDeleted);
    // Asked for one by one: what no page brought may lie outside the window, or be gone.
    const search = searchOf(reading, intake, timeSource, take);
    const chosen = chooseHints(hints, seen);
    const { externalIds } = chosen;
    noteDeleted(await lookUpMissing(database, search, externalIds, externalIds.length));
    await closeHints(database, ids, chosen);
    if (!timeSource.changedSince) return;
    const reread = await rereadWindow(database, rereadOf(reading, intake, timeSource, take));
    noteDeleted(reread?.deleted ?? 0);
  });
  for (const resync of begun.resyncs) await readResync(deps, reading, intake, timeSource, resync);
  const marks = connector.billedMarks;
  const { sourceId } = intake;
  if (marks)
    await tellBilled(database, { workspaceId, connectionId: subjectId, sourceId, marks, http: vendor.http });
}

async function withKnown(
  database: Database,
  workspaceId: string,
  sourceId: string,
  { ifKnown = [], ...page }: EntryPage,
): Promise<Page> {
  if (ifKnown.length === 0) return page;
  const ids = ifKnown.map(({ externalId }) => externalId);
  const known = await database.inWorkspace(workspaceId, (tx) => knownExternalIds(tx, sourceId, ids));
  return {
    ...page,
    entries: [...page.entries, ...ifKnown.filter(({ externalId }) => known.has(externalId))],
  };
}

/** Without a feed a webhook alone does not make us read the whole window: it names what changed. */
async function isWindowDue(
  { database }: ActivityDeps,
  { workspaceId, vendor: { connection } }: Reading,
  areHints: boolean,
): Promise<boolean> {
  return database.inWorkspace(workspaceId, async (tx) => {
    const last = (await readPolls(tx, connection.id)).get('window');
    if (areHints && last && !last.requested && last.agoMs < connection.pollSeconds * 1_000) return false;
    await beginPoll(tx, connection.id, 'window');
    return true;
  });
}

/** Everything since the go-live date first, then from the window before the day that was reached, each time. */
async function readStretches(
  { database }: ActivityDeps,
  reading: Reading,
  intake: Intake,
  timeSource: TimeSource,
  take: Take,
  noteDeleted: NoteDeleted,
): Promise<void> {
  const {
    today,
    connection: { goLiveOn },
  } = intake;
  const reached = reading.poll.cursor;
  const wanted = reached === null ? goLiveOn : addDays(reached, -timeSource.rescan.days);
  let from: Day = earlierDay(laterDay(wanted, goLiveOn), today);
  const search = searchOf(reading, intake, timeSource, take);
  for (;;) {
    const stretch = { from, to: earlierDay(addDays(from, stretchDays - 1), today) };
    const { missing, to } = await livingFrom(database, search, stretch);
    for await (const page of readAhead(timeSource.window(reading.vendor.http, from, to))) {
      for (const { externalId } of page.entries) missing.delete(externalId);
      for (const { position } of page.unreadable) missing.delete(position);
      await take(page);
    }
    noteDeleted(await lookUpMissing(database, search, missing));
    await take({ entries: [], unreadable: [] }, to);
    if (to >= today) return;
    from = addDays(to, 1);
  }
}

/** A stretch of days that a person asked for: known or not, all of it comes in, and what is gone is noticed. */
async function readResync(
  deps: ActivityDeps,
  reading: Reading,
  intake: Intake,
  timeSource: TimeSource,
  { operationId, from, to, tries }: Resync,
): Promise<void> {
  const facts = { from, to, tries: tries + 1 };
  await deps.database.inWorkspace(reading.workspaceId, (tx) => beginResync(tx, operationId, facts));
  const isLast = facts.tries >= mostResyncTries;
  const isPassing = (problem: unknown) =>
    !isLast && (problem instanceof Throttled || problem instanceof Unavailable);
  const read = async (take: Take, noteDeleted: NoteDeleted) => {
    const reread = rereadOf(reading, intake, timeSource, take);
    const { deleted } = await readWindow(deps.database, reread, { from, to, unknown: 'all' });
    noteDeleted(deleted);
  };
  await counted(deps, reading, intake, operationId, facts, read, isPassing);
}

/** Runs `work` under an operation that counts what it takes in, and ends with it, but for a failure that `isPassing`: it is tried again. */
async function counted(
  { database }: ActivityDeps,
  { workspaceId, advance }: Reading,
  intake: Intake,
  operationId: string,
  facts: object,
  work: (take: Take, noteDeleted: NoteDeleted) => Promise<void>,
  isPassing: (problem: unknown) => boolean = () => false,
): Promise<void> {
  let counts: ReadingCounts = { ...noReadingCounts, ...facts };
  const end = (outcome: { status: 'done' } | { status: 'failed'; error: object }) =>
    database.inWorkspace(workspaceId, (tx) =>
      finishOperation(tx, operationId, { ...outcome, result: counts }),
    );
  const take: Take = async (page, checkpoint = null) => {
    counts = await database.inWorkspace(workspaceId, async (tx) => {
      await advance(tx, checkpoint);
      return takePage(tx, intake, page, { operationId, counts });
    });
  };
  try {
    await work(take, (count) => {
      counts = { ...counts, deleted: counts.deleted + count };
    });
    await end({ status: 'done' });
  } catch (problem) {
    if (isPassing(problem)) throw problem;
    const message = problem instanceof Error ? problem.message : String(problem);
    await end({ status: 'failed', error: { message } });
    throw problem;
  }
}

const searchOf = (reading: Reading, intake: Intake, timeSource: TimeSource, take: Take) => ({
  workspaceId: reading.workspaceId,
  sourceId: intake.sourceId,
  actor: `connection:${intake.connection.id}`,
  timeSource,
  http: reading.vendor.http,
  take: (entries: Page['entries']) => take({ entries, unreadable: [] }),
});

const rereadOf = (reading: Reading, intake: Intake, timeSource: TimeSource, take: Take) => ({
  workspaceId: reading.workspaceId,
  connectionId: intake.connection.id,
  sourceId: intake.sourceId,
  today: intake.today,
  timeSource,
  http: reading.vendor.http,
  takePage: (entries: Page['entries'], unreadable: Page['unreadable']) => take({ entries, unreadable }),
  isApproved: (entry: Page['entries'][number]) =>
    withApproval(intake.approval, entry).approval === 'approved',
});
