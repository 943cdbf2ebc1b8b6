/** Owns what a connection's first reading would bring: a few pages, sorted and matched as a reading does, and nothing stored. */
import type { EntryPage, TimeSource } from '../connectors/kit/define.ts';
import { earlierDay } from '../domain/day.ts';
import type { TargetKind } from '../domain/match.ts';
import type { Day, SourceEntry, UnreadableRow } from '../domain/work-entry.ts';
import { knownExternalIds } from '../store/deleted-entries.ts';
import type { ActivityDeps } from './deps.ts';
import { type Intake, openIntake, sortPage } from './take-time.ts';
import type { OpenVendor } from './vendor.ts';

export interface DryRun {
  entries: number;
  /** That we do not have yet. */
  new: number;
  known: number;
  /** Of those inside the scope: they would be billed once matched and priced. */
  approved: number;
  /** Settled elsewhere, by their date. */
  beforeGoLive: number;
  billedElsewhere: number;
  outside: number;
  outsideBy: Record<string, number>;
  unreadable: number;
  /** What the platform calls things that nobody here knows, with how many entries name each; the most frequent first. */
  unmatched: { kind: TargetKind; name: string; entries: number }[];
  /** The first rows as they would come in. */
  rows: DryRunRow[];
  unreadableRows: Pick<UnreadableRow, 'position' | 'reason' | 'detail'>[];
  /** There is more than was read. */
  isCut: boolean;
}
export interface DryRunRow {
  externalId: string;
  workDate: Day;
  /** Raw units: seconds of labor. */
  quantity: number;
  kind: SourceEntry['kind'];
  person: string | null;
  client: string | null;
  project: string | null;
  task: string | null;
  approval: SourceEntry['approval'];
  billable: boolean;
  /** Null: it would come in. */
  outside: string | null;
}

const mostPages = 3;
const mostRows = 20;
const mostNames = 50;
const mostEntries = 5_000;

/** Reads the first pages since the go-live date. Throws the vendor's failures; a platform without time answers nothing. */
export async function dryRun(
  { database }: Pick<ActivityDeps, 'database'>,
  workspaceId: string,
  { connection, connector, http }: OpenVendor,
): Promise<DryRun> {
  const found = emptyDryRun();
  const { timeSource } = connector;
  if (!timeSource) return found;
  const intake = await database.inWorkspace(workspaceId, (tx) => openIntake(tx, connection, { dry: true }));
  const names = new Map<string, DryRun['unmatched'][number]>();
  let pages = 0;
  for await (const page of pagesOf(
    timeSource,
    http,
    earlierDay(connection.goLiveOn, intake.today),
    intake.today,
  )) {
    if (pages >= mostPages || found.entries >= mostEntries) {
      found.isCut = true;
      break;
    }
    pages += 1;
    const ids = page.entries.map((entry) => entry.externalId);
    const known = await database.inWorkspace(workspaceId, (tx) => knownExternalIds(tx, intake.sourceId, ids));
    tally(found, names, intake, page, known);
  }
  found.unmatched = [...names.values()].toSorted((a, b) => b.entries - a.entries).slice(0, mostNames);
  return found;
}

function pagesOf(
  timeSource: TimeSource,
  http: OpenVendor['http'],
  from: Day,
  to: Day,
): AsyncIterable<EntryPage> {
  return timeSource.changedSince?.(http, null) ?? timeSource.window(http, from, to);
}

function tally(
  found: DryRun,
  names: Map<string, DryRun['unmatched'][number]>,
  intake: Intake,
  page: EntryPage,
  known: ReadonlySet<string>,
): void {
  const { inside, outside, beforeGoLive } = sortPage(intake, page.entries);
  found.entries += page.entries.length;
  found.known += known.size;
  found.new += page.entries.length - known.size;
  found.beforeGoLive += beforeGoLive;
  found.outside += outside.length;
  found.unreadable += page.unreadable.length;
  for (const { reason } of outside) found.outsideBy[reason] = (found.outsideBy[reason] ?? 0) + 1;
  for (const entry of inside) {
    if (entry.approval === 'approved') found.approved += 1;
    if (entry.billedElsewhere) found.billedElsewhere += 1;
    for (const { kind, ref } of intake.matcher.match(entry).unmatched) {
      const name = ref.name ?? ref.code ?? ref.externalId ?? '';
      const one = names.get(`${kind}|${name}`) ?? { kind, name, entries: 0 };
      one.entries += 1;
      names.set(`${kind}|${name}`, one);
    }
  }
  const reasons = new Map(outside.map(({ externalId, reason }) => [externalId, reason]));
  const sorted = new Map(inside.map((entry) => [entry.externalId, entry]));
  for (const entry of page.entries.slice(0, mostRows - found.rows.length))
    found.rows.push(rowOf(sorted.get(entry.externalId) ?? entry, reasons.get(entry.externalId) ?? null));
  for (const { position, reason, detail } of page.unreadable.slice(0, mostRows - found.unreadableRows.length))
    found.unreadableRows.push({ position, reason, detail });
}

function rowOf(entry: SourceEntry, outside: string | null): DryRunRow {
  const called = (ref: { name: string | null; code: string | null; externalId: string | null } | null) =>
    ref && (ref.name ?? ref.code ?? ref.externalId);
  const { externalId, workDate, quantity, kind, approval, billable } = entry;
  return {
    externalId,
    workDate,
    quantity,
    kind,
    person: called(entry.person),
    client: called(entry.client),
    project: called(entry.project),
    task: called(entry.task),
    approval,
    billable,
    outside,
  };
}

const emptyDryRun = (): DryRun => ({
  entries: 0,
  new: 0,
  known: 0,
  approved: 0,
  beforeGoLive: 0,
  billedElsewhere: 0,
  outside: 0,
  outsideBy: {},
  unreadable: 0,
  unmatched: [],
  rows: [],
  unreadableRows: [],
  isCut: false,
});
