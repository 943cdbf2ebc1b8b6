/** Owns one page of a platform's time on its way in: approval, scope, intake, what is gone, the cursor and the counts, in one transaction. */
import type { EntryPage } from '../connectors/kit/define.ts';
import { connectors } from '../connectors/kit/registry.ts';
import { localDay } from '../domain/day.ts';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import type { Matcher } from '../domain/match.ts';
import { scopeOf } from '../domain/scope.ts';
import { type SourceApproval, sourceApprovalOf, withApproval } from '../domain/source-approval.ts';
import type { Day, SourceEntry, SourceRef } from '../domain/work-entry.ts';
import { ownMarks } from '../store/billed-marks.ts';
import { readScope } from '../store/connection-scope.ts';
import type { Connection } from '../store/connections.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { knownExternalIds, markDeletedAtSource } from '../store/deleted-entries.ts';
import { holdRemade, holdTwins } from '../store/duplicates.ts';
import {
  addCounts,
  ensureSource,
  type IntakeCounts,
  noCounts,
  openMatcher,
  takeIn,
} from '../store/intake.ts';
import { newId } from '../store/new-id.ts';
import { progressOperation } from '../store/operations.ts';
import { listSiblings, lockSource, peekSource, takeOverSource } from '../store/sources.ts';
import { findByExternalIds } from '../store/sync.ts';
import { freeReadable, holdUnreadable } from '../store/unreadable-entries.ts';
import { currencyOf, getWorkspace, workspaceNow, zoneOf } from '../store/workspaces.ts';
import { accountOf } from './account-of.ts';

/** What every page of a reading needs; read once. */
export interface Intake {
  connection: Connection;
  sourceId: string;
  matcher: Matcher;
  matchedSinceMs: number;
  /** Sources of other connections of the same account. */
  siblings: readonly string[];
  today: Day;
  currency: string;
  approval: SourceApproval;
  whyOutside: ReturnType<typeof scopeOf>;
  /** Parties as they were first named, by all that was said of them; see `shareParties`. */
  parties: Map<string, SourceRef>;
}

/** What a reading came to, as its operation shows it. */
export interface ReadingCounts extends IntakeCounts {
  deleted: number;
  /** Known entries that moved to where the scope does not reach. */
  leftScope: number;
  beforeGoLive: number;
  outside: number;
  /** Rows outside the scope by reason. */
  outsideBy: Record<string, number>;
}
export const noReadingCounts: ReadingCounts = {
  ...noCounts,
  deleted: 0,
  leftScope: 0,
  beforeGoLive: 0,
  outside: 0,
  outsideBy: {},
};

/** `dry`: only looked at, so that nothing is made or taken over for it. */
export async function openIntake(
  tx: WorkspaceTx,
  given: Connection,
  { dry = false }: { dry?: boolean } = {},
): Promise<Intake> {
  const workspace = await getWorkspace(tx);
  const { id, name } = given;
  const account = accountOf(given);
  const taken = dry ? null : await takeOverSource(tx, given, account);
  const connection = taken === null ? given : { ...given, goLiveOn: taken };
  const sourceId = dry
    ? ((await peekSource(tx, given, account)) ?? newId())
    : await ensureSource(tx, { kind: 'connection', name, connectionId: id });
  return {
    connection,
    sourceId,
    matcher: await openMatcher(tx, sourceId),
    matchedSinceMs: performance.now(),
    siblings: await listSiblings(tx, given, account),
    today: localDay(await workspaceNow(tx), zoneOf(workspace)),
    currency: currencyOf(workspace),
    approval: sourceApprovalOf(connection.ownership),
    whyOutside: scopeOf(await readScope(tx, id)),
    parties: new Map(),
  };
}

const matcherLifeMs = 30_000;

/** Mapping goes on while a reading does: what the matcher does not know is looked for once more, and all of it now and then. */
async function keepMatcher(tx: WorkspaceTx, intake: Intake, entries: readonly SourceEntry[]): Promise<void> {
  const isOld = performance.now() - intake.matchedSinceMs > matcherLifeMs;
  if (!isOld && entries.every((entry) => intake.matcher.match(entry).unmatched.length === 0)) return;
  // The lock of an intake, first: nobody maps a name between this look and what is written by it.
  await lockSource(tx, intake.sourceId);
  intake.matcher = await openMatcher(tx, intake.sourceId);
  intake.matchedSinceMs = performance.now();
}

/** A page as the connection sees it: what is inside its scope, with the approval that counts, and why others are not. */
export function sortPage(intake: Intake, entries: readonly SourceEntry[]) {
  const inside: SourceEntry[] = [];
  const outside: { externalId: string; reason: string }[] = [];
  let beforeGoLive = 0;
  for (const entry of entries) {
    const reason = intake.whyOutside(entry);
    if (reason !== null) outside.push({ externalId: entry.externalId, reason });
    else {
      if (entry.workDate < intake.connection.goLiveOn) beforeGoLive += 1;
      inside.push(withApproval(intake.approval, entry));
    }
  }
  return { inside, outside, beforeGoLive };
}

/** Stores a page and what follows from it; answers the counts with it. Safe to repeat. */
export async function takePage(
  tx: WorkspaceTx,
  intake: Intake,
  page: Pick<EntryPage, 'entries' | 'unreadable' | 'deleted'>,
  {
    operationId,
    counts,
    isInFile,
  }: { operationId: string; counts: ReadingCounts; isInFile?: (key: string) => boolean },
): Promise<ReadingCounts> {
  const { connection, sourceId } = intake;
  const actor = `connection:${connection.id}`;
  shareParties(intake, page.entries);
  const told = await withoutEcho(tx, connection, await withoutCoarser(tx, sourceId, page.entries));
  const { inside, outside, beforeGoLive } = sortPage(intake, await withoutOwn(tx, connection, told));
  await keepMatcher(tx, intake, inside);
  const taken = await takeIn(
    tx,
    intake.matcher,
    {
      entries: inside.map((entry) => ({ entry, contentHash: entryContentHash(entry) })),
      unreadable: page.unreadable,
    },
    {
      sourceId,
      operationId,
      actor,
      createMissing: createMissingOf(connection.ownership),
      goLiveOn: connection.goLiveOn,
      today: intake.today,
      currency: intake.currency,
      severities: {},
      readsAgain: true,
      isInFile,
    },
  );
  const externalIds = inside.map(({ externalId }) => externalId);
  await holdTwins(tx, { sourceId, siblings: intake.siblings, externalIds });
  if (taken.created > 0) await holdRemade(tx, sourceId);
  await holdUnreadable(tx, sourceId, page.unreadable);
  await freeReadable(
    tx,
    sourceId,
    page.entries.map(({ externalId }) => externalId),
  );
  const left = outside.map(({ externalId }) => externalId);
  const leftScope = await markDeletedAtSource(tx, sourceId, left, actor, 'out_of_scope');
  const deleted = await markDeletedAtSource(tx, sourceId, page.deleted ?? [], actor);
  const outsideBy = { ...counts.outsideBy };
  for (const { reason } of outside) outsideBy[reason] = (outsideBy[reason] ?? 0) + 1;
  const sum: ReadingCounts = {
    ...addCounts(counts, taken),
    deleted: counts.deleted + deleted,
    leftScope: counts.leftScope + leftScope,
    beforeGoLive: counts.beforeGoLive + beforeGoLive,
    outside: counts.outside + outside.length,
    outsideBy,
  };
  await progressOperation(tx, operationId, {
    done: sum.created + sum.changed + sum.unchanged + sum.stateChanged,
    message: 'reading time',
    result: sum,
  });
  return sum;
}

const mostParties = 20_000;

/**
 * Has entries of the same parties name them by the same objects: what is looked up and written of an object is kept with it,
 * and platforms repeat few names over many rows. Without it a fifth of a reading goes into finding the same names again.
 */
function shareParties({ parties }: Intake, entries: readonly SourceEntry[]): void {
  const shared = <Ref extends SourceRef>(kind: string, ref: Ref | null): Ref | null => {
    if (ref === null) return null;
    const email = 'email' in ref ? String(ref.email) : '';
    // The separator does not occur in names of a source.
    const key = [kind, ref.externalId, ref.code, ref.name, email].join('\u0001');
    const known = parties.get(key) as Ref | undefined;
    if (known) return known;
    if (parties.size >= mostParties) parties.clear();
    parties.set(key, ref);
    return ref;
  };
  for (const entry of entries) {
    entry.person = shared('person', entry.person);
    entry.client = shared('client', entry.client);
    entry.project = shared('project', entry.project);
    entry.task = shared('task', entry.task);
  }
}

async function withoutCoarser(
  tx: WorkspaceTx,
  sourceId: string,
  entries: readonly SourceEntry[],
): Promise<readonly SourceEntry[]> {
  const better = entries.flatMap(({ coarserThan = [] }) => coarserThan);
  if (better.length === 0) return entries;
  const known = await knownExternalIds(tx, sourceId, better);
  return entries.filter(({ coarserThan = [] }) => !coarserThan.some((externalId) => known.has(externalId)));
}

/** What a platform calls billed because we told it so is not settled elsewhere: it is our own word that comes back. */
async function withoutEcho(
  tx: WorkspaceTx,
  { id }: Connection,
  entries: readonly SourceEntry[],
): Promise<readonly SourceEntry[]> {
  const billed = entries.filter((entry) => entry.billedElsewhere).map((entry) => entry.externalId);
  const own = await ownMarks(tx, id, billed);
  if (own.size === 0) return entries;
  return entries.map((entry) => (own.has(entry.externalId) ? { ...entry, billedElsewhere: false } : entry));
}

/** What we made there ourselves came from elsewhere, and is billed from there: a note that says so may be gone by now. */
async function withoutOwn(
  tx: WorkspaceTx,
  { id, connector }: Connection,
  entries: readonly SourceEntry[],
): Promise<readonly SourceEntry[]> {
  if (!connectors.get(connector)?.timeTarget) return entries;
  const ids = entries.map((entry) => entry.externalId);
  const own = await findByExternalIds(tx, id, 'entry', ids);
  return entries.map((entry) => (own.has(entry.externalId) ? { ...entry, billedElsewhere: true } : entry));
}

/** Which unknown names a connection may create by itself: its ownership card says so, nobody else. */
function createMissingOf(ownership: Record<string, unknown>): ('client' | 'project' | 'task' | 'person')[] {
  const listed = Array.isArray(ownership.createMissing) ? ownership.createMissing : [];
  return (['client', 'project', 'task', 'person'] as const).filter((kind) => listed.includes(kind));
}
