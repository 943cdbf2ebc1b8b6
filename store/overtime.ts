/** Owns reading what the overtime of an entry depends on: the holidays, and the person's other hours of the week. */
import { billableApprovals } from '../domain/approval.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays } from '../domain/day.ts';
import {
  canBeOvertime,
  type OvertimeCalendar,
  type Split,
  type Stint,
  splitOvertime,
  weekStart,
} from '../domain/overtime/split-overtime.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import type { WorkspaceTx } from './database.ts';
import { readHolidays } from './holiday-calendars.ts';

export type OvertimeBook = OvertimeCalendar;

/** Null where no version of the contract knows overtime: then nothing of this is read. */
export async function openOvertime(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
): Promise<OvertimeBook | null> {
  if (!timeline.some((terms) => canBeOvertime(terms.overtime))) return null;
  const calendarIds = [...new Set(timeline.map((terms) => terms.holidayCalendarId))].filter(
    (id) => id !== null,
  );
  const holidays = await readHolidays(tx, calendarIds);
  return {
    clauseOn: (day) => termsAt(timeline, day).overtime,
    isHoliday: (day) => holidays.get(termsAt(timeline, day).holidayCalendarId ?? '')?.has(day) ?? false,
  };
}

/** Labor of a chunk that is about to be compiled. */
interface OpenLabor {
  entryId: string;
  personId: string | null;
  workDate: Day;
  open: number;
}

/**
 * The split of each of the given entries, by id. The person's other hours of the same weeks under the contract count: billed
 * ones with their class, and those still to be compiled, so that it does not matter which chunk an entry is in. `blocked` are
 * those of the chunk that a rule holds back. The caller holds the contract's lock.
 */
export async function splitCandidates(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  book: OvertimeBook,
  labor: readonly OpenLabor[],
  blocked: ReadonlySet<string>,
): Promise<Map<string, Split>> {
  const open = new Map(labor.map((entry) => [entry.entryId, entry.open]));
  const around = await readStints(tx, contract, book, labor);
  const byPerson = Map.groupBy(around, (row) => row.personId ?? row.entryId);
  const splits = new Map<string, Split>();
  for (const rows of byPerson.values()) {
    const stints = rows.map((row) => ({
      ...row,
      openSeconds: open.get(row.entryId) ?? (blocked.has(row.entryId) ? 0 : row.openSeconds),
    }));
    for (const [index, split] of splitOvertime(stints, book).entries()) {
      const { entryId } = stints[index]!;
      if (open.has(entryId)) splits.set(entryId, split);
    }
  }
  return splits;
}

const stintColumns =
  'y.entry_id, y.version, y.person_id, y.project_id, y.task_id, y.work_date, y.started_at, y.approval, y.running';

/**
 * Labor of these people in the weeks of these entries, and the entries of nobody. Of what is not in the chunk only that is
 * open which a run would compile as it stands.
 */
function readStints(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  book: OvertimeBook,
  labor: readonly OpenLabor[],
): Promise<(Stint & { personId: string | null })[]> {
  const spans = spansOf(book, labor);
  return tx.rows(
    `select v.entry_id, v.person_id, v.work_date, v.started_at,
       case when e.deleted_at is null and p.billable and v.approval = any($5::text[]) and not v.running and coalesce(t.billable, true)
           and v.work_date >= $6 and v.work_date < coalesce($7::date, 'infinity')
           and not exists (select 1 from exception_entries x where x.workspace_id = $1 and x.entry_id = v.entry_id and x.version = v.version and x.open)
         then coalesce(b.quantity - b.claimed, 0) else 0 end as open_seconds,
       coalesce(k.regular, 0)::bigint as billed_regular_seconds, coalesce(k.overtime, 0)::bigint as billed_overtime_seconds
     from (
       select x.* from unnest($2::uuid[], $3::date[], $4::date[]) as r(person_id, from_on, before_on)
       cross join lateral (
         select ${stintColumns} from entry_versions y where y.workspace_id = $1 and y.person_id = r.person_id
           and y.work_date >= r.from_on and y.work_date < r.before_on and y.kind = 'labor' offset 0) x
       union all
       select x.* from unnest($9::uuid[]) as r(entry_id)
       cross join lateral (
         select ${stintColumns} from entry_versions y where y.workspace_id = $1 and y.entry_id = r.entry_id and y.person_id is null offset 0) x) v
     -- By its key, as the next ones: joined the other way round, the entries were read once for each project of the contract.
     cross join lateral (
       select x.billable from projects x where x.workspace_id = $1 and x.id = v.project_id and x.contract_id = $8 offset 0) p
     cross join lateral (
       select x.deleted_at from work_entries x where x.workspace_id = $1 and x.id = v.entry_id and x.current_version = v.version offset 0) e
     left join lateral (
       select x.quantity, x.claimed from entry_balance x where x.workspace_id = $1 and x.entry_id = v.entry_id and x.version = v.version offset 0) b on true
     left join lateral (select x.billable from tasks x where x.workspace_id = $1 and x.id = v.task_id offset 0) t on true
     left join lateral (
       select sum(c.quantity) filter (where i.kind = 'labor') as regular, sum(c.quantity) filter (where i.kind = 'labor_overtime') as overtime
       from claims c cross join lateral (select y.kind from billable_items y where y.workspace_id = $1 and y.id = c.item_id offset 0) i
       where c.workspace_id = $1 and c.entry_id = v.entry_id offset 0) k on true`,
    [
      tx.workspaceId,
      plainArray(spans.map((span) => span.personId)),
      plainArray(spans.map((span) => span.from)),
      plainArray(spans.map((span) => span.before)),
      plainArray(billableApprovals[contract.approvalPolicy]),
      contract.startsOn > contract.goLiveOn ? contract.startsOn : contract.goLiveOn,
      contract.endsBefore,
      contract.id,
      plainArray(labor.filter((entry) => entry.personId === null).map((entry) => entry.entryId)),
    ],
  );
}

interface Span {
  personId: string;
  from: Day;
  /** Half-open. */
  before: Day;
}
/** Each person once, from the first day of their first week to the end of their last. */
function spansOf(book: OvertimeBook, labor: readonly OpenLabor[]): Span[] {
  const spans = new Map<string, Span>();
  for (const { personId, workDate } of labor) {
    if (personId === null) continue;
    const from = weekStart(workDate, book.clauseOn(workDate)?.weekStartsOn ?? 1);
    const before = addDays(from, 7);
    const span = spans.get(personId);
    if (!span) spans.set(personId, { personId, from, before });
    else {
      if (from < span.from) span.from = from;
      if (before > span.before) span.before = before;
    }
  }
  return [...spans.values()];
}
