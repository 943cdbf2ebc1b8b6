/** Owns the periods of sellers' books: opening, closing and overrides, and whether a posting may go into one. */
import { localDay } from '../domain/day.ts';
import {
  type PeriodArea,
  type PeriodStatus,
  periodTransitions,
  statusOn,
  whyShut,
} from '../domain/period.ts';
import { invalidField, Refusal } from '../domain/refusal.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { wakeReports } from './client-reports.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { sellers } from './sellers.ts';
import { tenantTable } from './tenant-table.ts';
import { workspaceNow } from './workspaces.ts';

export interface Period {
  id: string;
  sellerId: string;
  area: PeriodArea;
  startsOn: Day;
  /** Half-open, as every end of ours. */
  endsBefore: Day;
  status: PeriodStatus;
  graceEndsBefore: Day | null;
}
export interface PeriodOverride {
  id: string;
  memberId: string;
  reason: string;
  createdAt: string;
}

const table = tenantTable<Period>('periods', {
  sellerId: 'plain',
  area: 'plain',
  startsOn: 'plain',
  endsBefore: 'plain',
  status: 'plain',
  graceEndsBefore: 'plain',
});
export const { find: findPeriod, lock: lockPeriod, list: listPeriods } = table;

/** Opens a period. Two of one seller and area never overlap: a day would be open and closed at once. */
export async function openPeriod(
  tx: WorkspaceTx,
  period: Pick<Period, 'sellerId' | 'area' | 'startsOn' | 'endsBefore'>,
): Promise<Period> {
  // The seller's row makes one wait for the other, so that the second sees the first.
  if (!(await sellers.lock(tx, period.sellerId)))
    throw invalidField('/sellerId', 'reference.unknown', 'There is no such seller in this workspace.');
  if (period.startsOn >= period.endsBefore)
    throw invalidField('/endsBefore', 'period.empty', 'A period ends after it has begun.');
  const other = await tx.row<{ startsOn: Day; endsBefore: Day }>(
    `select starts_on, ends_before from periods
     where workspace_id = $1 and seller_id = $2 and area = $3 and starts_on < $5 and $4 < ends_before order by starts_on limit 1`,
    [tx.workspaceId, period.sellerId, period.area, period.startsOn, period.endsBefore],
  );
  if (other)
    throw new Refusal({
      code: 'period.overlaps',
      message: `The ${period.area} period from ${other.startsOn} to before ${other.endsBefore} covers some of these days.`,
      whatToDo: 'Choose days that no other period of this seller and area has.',
      details: other,
    });
  return table.insert(tx, period);
}

/** Closes or re-opens a period that the caller has locked. Whoever posts into it right now is waited for. */
export async function movePeriod(
  tx: WorkspaceTx,
  period: Period,
  change: { status?: PeriodStatus | undefined; graceEndsBefore?: Day | null | undefined },
): Promise<Period> {
  const status = change.status ?? period.status;
  if (status !== period.status && !periodTransitions[period.status].includes(status))
    throw new Refusal({
      code: 'period.closed',
      message: 'A closed period stays closed.',
      whatToDo: 'Post the correction today; it refers to what it corrects.',
    });
  const asked = change.graceEndsBefore;
  if (asked && status !== 'soft_closed')
    throw invalidField('/graceEndsBefore', 'period.no_grace', 'Only a soft-closed period has a grace.');
  if (asked && asked < period.endsBefore)
    throw invalidField('/graceEndsBefore', 'period.no_grace', 'A grace ends after its period.');
  const graceEndsBefore = status === 'soft_closed' ? (asked ?? period.graceEndsBefore) : null;
  if (status === 'closed') await wakeReports(tx, period);
  return (await table.update(tx, period.id, { status, graceEndsBefore }))!;
}

/** Lets a member post into a soft-closed period that the caller has locked. */
export async function overridePeriod(
  tx: WorkspaceTx,
  period: Period,
  override: { memberId: string; reason: string },
): Promise<PeriodOverride> {
  const { zone } = (await sellers.find(tx, period.sellerId))!;
  const status = statusOn(period, localDay(await workspaceNow(tx), zone));
  if (status !== 'soft_closed')
    throw new Refusal({
      code: 'period.not_soft_closed',
      message: `This period is ${status}: only a soft-closed one is overridden.`,
      whatToDo:
        status === 'open' ? 'Post into it.' : 'Post the correction today; it refers to what it corrects.',
    });
  const id = newId();
  await tx.run(
    'insert into period_overrides (workspace_id, id, period_id, member_id, reason) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, id, period.id, override.memberId, override.reason],
  );
  return (await readOverrides(tx, period.id)).find((row) => row.id === id)!;
}

const maxOverrides = 200;
/** Newest first. */
export function readOverrides(tx: WorkspaceTx, periodId: string): Promise<PeriodOverride[]> {
  return tx.rows<PeriodOverride>(
    `select id, member_id, reason, created_at from period_overrides where workspace_id = $1 and period_id = $2 order by id desc limit $3`,
    [tx.workspaceId, periodId, maxOverrides],
  );
}

/** What would post on which day of which seller's books. */
export interface Posting {
  sellerId: string;
  day: Day;
}
export interface ShutPeriod extends Posting {
  area: PeriodArea;
  startsOn: Day;
  endsBefore: Day;
  status: 'soft_closed' | 'closed';
}

/**
 * Of the postings those that their period does not take from this actor (`member:<id>`, or `billing-run:<id>` for who asked
 * for the run). Days without a period are open. The periods are held to the commit: a closing waits for what posts into it.
 */
export async function shutPeriods(
  tx: WorkspaceTx,
  area: PeriodArea,
  postings: readonly Posting[],
  actor: string,
  now: Instant,
): Promise<ShutPeriod[]> {
  if (postings.length === 0) return [];
  const rows = await tx.rows<
    Posting & Pick<Period, 'id' | 'startsOn' | 'endsBefore' | 'status' | 'graceEndsBefore'> & { zone: string }
  >(
    `select d.seller_id, d.day, p.id, p.starts_on, p.ends_before, p.status, p.grace_ends_before,
       (select s.zone from sellers s where s.workspace_id = $1 and s.id = d.seller_id) as zone
     from (select distinct * from unnest($3::uuid[], $4::date[]) as u(seller_id, day)) d
     cross join lateral (
       select x.* from periods x where x.workspace_id = $1 and x.seller_id = d.seller_id and x.area = $2
         and x.starts_on <= d.day and d.day < x.ends_before order by x.id for share) p`,
    [
      tx.workspaceId,
      area,
      plainArray(postings.map((posting) => posting.sellerId)),
      plainArray(postings.map((posting) => posting.day)),
    ],
  );
  const softClosed = rows.filter((row) => row.status === 'soft_closed').map((row) => row.id);
  const overridden = await overriddenPeriods(tx, softClosed, actor);
  return rows.flatMap(({ sellerId, day, startsOn, endsBefore, id, zone, ...period }) => {
    const status = whyShut(period, localDay(now, zone), overridden.has(id));
    return status === null ? [] : [{ sellerId, day, area, startsOn, endsBefore, status }];
  });
}

async function overriddenPeriods(tx: WorkspaceTx, periodIds: string[], actor: string): Promise<Set<string>> {
  if (periodIds.length === 0) return new Set();
  const rows = await tx.rows<{ id: string }>(
    `select distinct o.period_id as id from period_overrides o
     where o.workspace_id = $1 and o.period_id = any($2::uuid[]) and 'member:' || o.member_id = coalesce(
       (select r.pulled_by from runs r where r.workspace_id = $1 and 'billing-run:' || r.id = $3), $3)`,
    [tx.workspaceId, plainArray(periodIds), actor],
  );
  return new Set(rows.map((row) => row.id));
}

/** As a sentence without its full stop: "the seller's billing period 2026-02-01 to 2026-03-01 is closed". */
export function saysShut({ area, startsOn, endsBefore, status }: ShutPeriod): string {
  return `the seller's ${area} period ${startsOn} to ${endsBefore} is ${status.replace('_', '-')}`;
}

/** Refuses with 409 `period.closed` or `period.soft_closed` where one of the postings would go into such a period. */
export async function requireOpenPeriods(
  tx: WorkspaceTx,
  area: PeriodArea,
  postings: readonly Posting[],
  actor: string,
  now: Instant,
): Promise<void> {
  const [shut] = await shutPeriods(tx, area, postings, actor, now);
  if (!shut) return;
  const sentence = saysShut(shut);
  throw new Refusal({
    code: `period.${shut.status}`,
    message: `Nothing can be posted on ${shut.day}: ${sentence}.`,
    whatToDo:
      shut.status === 'soft_closed'
        ? 'Have an override made for you, with its reason (POST /periods/:periodId/overrides), or post into an open period.'
        : 'Post into an open period; the correction refers to what it corrects.',
    details: { area: shut.area, startsOn: shut.startsOn, endsBefore: shut.endsBefore },
  });
}
