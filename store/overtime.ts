/** Owns reading what the overtime of an entry depends on: the holidays, and the person's other hours of the week. */
import { billableApprovals } from '../domain/approval.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays, weekStart } from '../domain/day.ts';
import {
  canBeOvertime,
  type OvertimeCalendar,
  type Split,
  type Stint,
  splitOvertime,
} from '../domain/overtime/split-overtime.ts';
import { byOrderOfWork } from '../domain/validation/contract-pass.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { CompileContext } from './compile-context.ts';
import type { WorkspaceTx } from './database.ts';
import { readHolidays } from './holiday-calendars.ts';
import type { Candidate } from './open-entries.ts';

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

/** One labor entry around those of a chunk, itself of the chunk or not: what was worked, and what of it is open and billed. */
export interface WorkedHours extends Stint {
  personId: string | null;
  /** Of the whole entry, whatever became of it. */
  seconds: number;
}

type Around = Pick<
  Candidate,
  'entryId' | 'personId' | 'workDate' | 'startedAt' | 'kind' | 'open' | 'wholeQuantity' | 'corrects'
>;

/**
 * The split of each of the given labor entries, by id. The person's other hours of the same weeks under the contract count: billed
 * ones with their class, and those still to be compiled, so that it does not matter which chunk an entry is in. `blocked` are
 * those of the chunk that a rule holds back.
 */
export function splitCandidates(
  book: OvertimeBook,
  hours: readonly WorkedHours[],
  labor: readonly Pick<Candidate, 'entryId' | 'open'>[],
  blocked: ReadonlySet<string>,
): Map<string, Split> {
  const open = new Map(labor.map((entry) => [entry.entryId, entry.open]));
  const splits = new Map<string, Split>();
  for (const ofPerson of Map.groupBy(hours, (row) => row.personId ?? row.entryId).values()) {
    const stints = ofPerson.map((row) => ({
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

const columns =
  'y.entry_id, y.version, y.person_id, y.project_id, y.task_id, y.work_date, y.started_at, y.approval, y.running, y.quantity';

/**
 * Labor under the contract of the people of these entries in the weeks of these entries, and the entries of nobody, in the order
 * of the work. Of what is not in the chunk only that is open which a run would compile as it stands. Nothing where the contract
 * knows no overtime. The caller holds the contract's lock.
 */
export async function readHours(
  tx: WorkspaceTx,
  { contract, overtime }: Pick<CompileContext, 'contract' | 'overtime'>,
  entries: readonly Around[],
): Promise<WorkedHours[]> {
  const labor = entries.filter((entry) => entry.kind === 'labor');
  if (overtime === null || labor.length === 0) return [];
  const spans = spansOf(overtime, labor);
  const known = labor.filter(isUntouched);
  const rows = await tx.rows<WorkedHours>(
    `select v.entry_id, v.person_id, v.work_date, v.started_at, v.quantity as seconds,
       case when p.billable and v.approval = any($5::text[]) and not v.running
           and v.work_date >= $6 and v.work_date < coalesce($7::date, 'infinity')
           and not exists (select 1 from tasks x where x.workspace_id = $1 and x.id = v.task_id and not x.billable)
           and not exists (select 1 from exception_entries x where x.workspace_id = $1 and x.entry_id = v.entry_id and x.version = v.version and x.open)
         then coalesce(b.quantity - b.claimed, 0) else 0 end as open_seconds,
       coalesce(k.regular, 0)::bigint as billed_regular_seconds, coalesce(k.overtime, 0)::bigint as billed_overtime_seconds
     from (
       select x.* from unnest($2::uuid[], $3::date[], $4::date[]) as r(person_id, from_on, before_on)
       cross join lateral (
         select ${columns} from entry_versions y where y.workspace_id = $1 and y.person_id = r.person_id
           and y.work_date >= r.from_on and y.work_date < r.before_on and y.kind = 'labor' and y.entry_id <> all($10::uuid[]) offset 0) x
       union all
       select x.* from unnest($9::uuid[]) as r(entry_id)
       cross join lateral (
         select ${columns} from entry_versions y where y.workspace_id = $1 and y.entry_id = r.entry_id and y.person_id is null offset 0) x) v
     -- By its key, as the next ones: joined the other way round, the entries were read once for each project of the contract.
     cross join lateral (
       select x.billable from projects x where x.workspace_id = $1 and x.id = v.project_id and x.contract_id = $8 offset 0) p
     cross join lateral (
       select 1 from work_entries x
       where x.workspace_id = $1 and x.id = v.entry_id and x.current_version = v.version and x.deleted_at is null offset 0) e
     left join lateral (
       select x.quantity, x.claimed from entry_balance x where x.workspace_id = $1 and x.entry_id = v.entry_id and x.version = v.version offset 0) b on true
     left join lateral (
       select sum(c.quantity) filter (where i.kind = 'labor') as regular, sum(c.quantity) filter (where i.kind = 'labor_overtime') as overtime
       from claims c cross join lateral (select y.kind from billable_items y where y.workspace_id = $1 and y.id = c.item_id offset 0) i
       -- Of a first version the balance says that there is none.
       where (v.version > 1 or b.claimed <> 0) and c.workspace_id = $1 and c.entry_id = v.entry_id offset 0) k on true`,
    [
      tx.workspaceId,
      plainArray(spans.map((span) => span.personId)),
      plainArray(spans.map((span) => span.from)),
      plainArray(spans.map((span) => span.before)),
      plainArray(billableApprovals[contract.approvalPolicy]),
      contract.startsOn > contract.goLiveOn ? contract.startsOn : contract.goLiveOn,
      contract.endsBefore,
      contract.id,
      plainArray(
        labor.filter((entry) => entry.personId === null && !isUntouched(entry)).map((entry) => entry.entryId),
      ),
      plainArray(known.map((entry) => entry.entryId)),
    ],
  );
  return [...rows, ...known.map(toUntouched)].sort(byOrderOfWork);
}

const isUntouched = ({ corrects, open, wholeQuantity }: Around) => !corrects && open === wholeQuantity;
/** Nothing of it was billed: all there is to know of it was read with its chunk. */
const toUntouched = ({ entryId, personId, workDate, startedAt, open }: Around): WorkedHours => ({
  entryId,
  personId,
  workDate,
  startedAt,
  seconds: open,
  openSeconds: open,
  billedRegularSeconds: 0,
  billedOvertimeSeconds: 0,
});

interface Span {
  personId: string;
  from: Day;
  /** Half-open. */
  before: Day;
}
/** Each person once, from the first day of their first week to the end of their last. */
function spansOf(book: OvertimeBook, labor: readonly Around[]): Span[] {
  const weeks = new Map<Day, Omit<Span, 'personId'>>();
  const weekOf = (day: Day) => {
    let week = weeks.get(day);
    if (!week) {
      const from = weekStart(day, book.clauseOn(day)?.weekStartsOn ?? 1);
      week = { from, before: addDays(from, 7) };
      weeks.set(day, week);
    }
    return week;
  };
  const spans = new Map<string, Span>();
  for (const { personId, workDate } of labor) {
    if (personId === null) continue;
    const { from, before } = weekOf(workDate);
    const span = spans.get(personId);
    if (!span) spans.set(personId, { personId, from, before });
    else {
      if (from < span.from) span.from = from;
      if (before > span.before) span.before = before;
    }
  }
  return [...spans.values()];
}
