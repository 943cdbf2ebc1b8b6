/** Owns how Hubstaff's ten-minute slots, or its rows of a day, become one SourceEntry a person, day, project and task. */
import { z } from 'zod';
import { isDay } from '../../domain/day.ts';
import type { Day, Instant, SourceEntry, UnreadableRow } from '../../domain/work-entry.ts';
import { labor, personRef } from '../kit/entries.ts';
import { idText as id, maybeId, maybeText, orNull, refOrNull, rowAs } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { fitting } from '../kit/look-ups.ts';
import { mapRows } from '../kit/rows.ts';
import { approvalOf, type TimeSheet } from './time-sheets.ts';

/** Work of a day that may not be billed alike is apart: Hubstaff may have invoiced a part of it already. */
type Part = 'billable' | 'unbillable' | 'invoiced';

/** What the slots of one entry come to. */
interface DayWork {
  externalId: string;
  userId: string;
  day: Day;
  projectId: string | null;
  taskId: string | null;
  part: Part;
  seconds: number;
  startedAt: Instant | null;
  endedAt: Instant | null;
  /** Null stands for slots that name no sheet. */
  sheetIds: (string | null)[];
  /** From a row of the day, which does not tell what Hubstaff has invoiced itself. */
  isOfDay: boolean;
}
/** Both by the id of the entry. */
export interface DayWorks {
  works: Map<string, DayWork>;
  unreadable: Map<string, UnreadableRow>;
}
/** What time lacks, by vendor id. */
export interface Names {
  people: Map<string, { name: string | null; email: string | null }>;
  projects: Map<string, { name: string | null; clientId: string | null; code: string | null }>;
  tasks: Map<string, { name: string | null; code: string | null }>;
  clients: Map<string, string>;
  /** Texts by person, day, project and task (`dayKey`). */
  notes: Map<string, string[]>;
}

const seconds = z.number().int().min(0).max(86_400);
const slotShape = z.object({
  id,
  date: z.string().refine(isDay),
  user_id: id,
  project_id: maybeId,
  task_id: maybeId,
  tracked: seconds,
  starts_at: z.string(),
  billable: z.boolean(),
  client_invoiced: z.boolean(),
  timesheet_id: maybeId,
});
/** Here `billable` is no flag but a part of `tracked` (README 3). */
const dayShape = slotShape
  .omit({ starts_at: true, client_invoiced: true, timesheet_id: true })
  .extend({ billable: seconds });

/** Adds `activities`; `seen` are ids of slots, for one that stands on two pages counts once. */
export function addSlots(days: DayWorks, rows: readonly unknown[], seen: Set<string>): void {
  for (const slot of readRows(days, slotShape, rows)) {
    if (seen.has(slot.id)) continue;
    seen.add(slot.id);
    const part = slot.client_invoiced ? 'invoiced' : slot.billable ? 'billable' : 'unbillable';
    const work = workOf(days, slot, part);
    const sheetId = slot.timesheet_id ?? null;
    work.seconds += slot.tracked;
    if (!work.sheetIds.includes(sheetId)) work.sheetIds.push(sheetId);
    const startedAt = toInstant(slot.starts_at);
    if (startedAt === null) continue;
    const endedAt = new Date(Date.parse(startedAt) + slot.tracked * 1000).toISOString();
    if (work.startedAt === null || startedAt < work.startedAt) work.startedAt = startedAt;
    if (work.endedAt === null || endedAt > work.endedAt) work.endedAt = endedAt;
  }
}

/** Adds `daily_activities`, for days that slots do not reach: they tell neither time sheet nor Hubstaff's own invoice. */
export function addDayRows(days: DayWorks, rows: readonly unknown[]): void {
  for (const row of readRows(days, dayShape, rows)) {
    const add = (part: Part, tracked: number) => {
      const work = workOf(days, row, part);
      work.seconds += tracked;
      work.isOfDay = true;
    };
    if (row.billable > 0) add('billable', row.billable);
    if (row.tracked > row.billable) add('unbillable', row.tracked - row.billable);
  }
}

function readRows<Shape>(days: DayWorks, shape: z.ZodType<Shape>, rows: readonly unknown[]): Shape[] {
  const { mapped, unreadable } = mapRows(rows, (row) => rowAs('Hubstaff', shape, row), positionOf);
  for (const row of unreadable) days.unreadable.set(row.position, row);
  return mapped;
}

/** One unreadable slot holds its whole entry back: else a part would be billed as if it were all. */
export function toSourceEntries(
  days: DayWorks,
  sheets: readonly TimeSheet[],
  names: Names,
  zone: string | null,
): { entries: SourceEntry[]; unreadable: UnreadableRow[] } {
  const ofPeople = Map.groupBy(sheets, ({ userId }) => userId);
  const whole = [...days.works.values()].filter(({ externalId }) => !days.unreadable.has(externalId));
  const { mapped, unreadable } = mapRows(
    whole,
    (row) => {
      const work = row as DayWork;
      return toSourceEntry(work, ofPeople.get(work.userId) ?? [], names, zone);
    },
    (row) => (row as DayWork).externalId,
  );
  return { entries: mapped, unreadable: [...days.unreadable.values(), ...unreadable] };
}

function toSourceEntry(
  work: DayWork,
  sheets: readonly TimeSheet[],
  names: Names,
  zone: string | null,
): SourceEntry {
  const { userId, projectId, taskId, startedAt, endedAt } = work;
  const person = names.people.get(userId);
  const project = names.projects.get(projectId ?? '');
  const task = names.tasks.get(taskId ?? '');
  const clientId = project?.clientId ?? null;
  // Slots with gaps between them have no one beginning and end.
  const isGapless =
    startedAt !== null &&
    endedAt !== null &&
    Date.parse(endedAt) - Date.parse(startedAt) === work.seconds * 1000;
  return labor({
    externalId: work.externalId,
    workDate: work.day,
    zone,
    startedAt: isGapless ? startedAt : null,
    endedAt: isGapless ? endedAt : null,
    quantity: work.seconds,
    person: personRef(userId, person?.name, person?.email),
    client: refOrNull(clientId, names.clients.get(clientId ?? '')),
    project: refOrNull(projectId, project?.name, project?.code),
    task: refOrNull(taskId, task?.name, task?.code),
    billable: work.part !== 'unbillable',
    // Neither rates nor costs are told with time (README 13).
    approval: approvalOf(work, sheets),
    billedElsewhere: work.part === 'invoiced',
    notes: names.notes.get(dayKey(userId, work.day, projectId, taskId))?.join('\n') ?? null,
    // What was invoiced while slots still told of it is not to come back.
    ...(work.isOfDay && {
      coarserThan: [workId(dayKey(userId, work.day, projectId, taskId), 'invoiced')],
    }),
    // No time of change: the newest of its slots may be the one that went, and what is left would count as an older state.
  });
}

export function dayKey(userId: string, day: Day, projectId: string | null, taskId: string | null): string {
  return `${userId}:${day}:${projectId ?? '-'}:${taskId ?? '-'}`;
}

type DayRow = Pick<z.infer<typeof slotShape>, 'user_id' | 'date' | 'project_id' | 'task_id'>;

function workOf({ works }: DayWorks, row: DayRow, part: Part): DayWork {
  const [projectId, taskId] = [row.project_id ?? null, row.task_id ?? null];
  const externalId = workId(dayKey(row.user_id, row.date, projectId, taskId), part);
  const named = { externalId, userId: row.user_id, day: row.date, projectId, taskId, part };
  const nothing = { seconds: 0, startedAt: null, endedAt: null, sheetIds: [], isOfDay: false };
  const work = works.get(externalId) ?? { ...named, ...nothing };
  works.set(externalId, work);
  return work;
}

const workId = (key: string, part: Part) => (part === 'billable' ? key : `${key}:${part}`);

/** The entry that an unreadable row belongs to, or the row's own id where it does not say. */
export function positionOf(row: unknown, index: number): string {
  const fields = (row ?? {}) as Record<string, unknown>;
  const idOf = (name: string) => id.safeParse(fields[name]).data ?? null;
  const [own, userId, day] = [idOf('id'), idOf('user_id'), fields.date];
  if (userId === null || typeof day !== 'string' || !isDay(day))
    return own === null ? `row ${index + 1} of the page` : `activity ${own}`;
  const part =
    fields.client_invoiced === true ? 'invoiced' : fields.billable === false ? 'unbillable' : 'billable';
  return workId(dayKey(userId, day, idOf('project_id'), idOf('task_id')), part);
}

const user = z.object({ id, name: maybeText, email: maybeText });
const task = z.object({ id, summary: maybeText, remote_id: maybeText });
const project = z.object({
  id,
  name: maybeText,
  client_id: maybeId,
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/** Our project code in the field of its metadata that the settings name. */
export function codeOf(
  metadata: Readonly<Record<string, unknown>> | null | undefined,
  field = '',
): string | null {
  const code = metadata?.[field];
  return typeof code === 'string' || typeof code === 'number' ? String(code) : null;
}

/** Takes what was sideloaded. `codeField`: the key of a project's metadata that holds our code. */
export function addSideloads(names: Names, body: Readonly<Record<string, unknown>>, codeField = ''): void {
  for (const row of fitting(user, body.users))
    names.people.set(row.id, { name: orNull(row.name), email: orNull(row.email) });
  for (const row of fitting(project, body.projects)) {
    const code = codeOf(row.metadata, codeField);
    names.projects.set(row.id, { name: orNull(row.name), clientId: row.client_id ?? null, code });
  }
  for (const row of fitting(task, body.tasks))
    names.tasks.set(row.id, { name: orNull(row.summary), code: orNull(row.remote_id) });
}
