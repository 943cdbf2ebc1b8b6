/** Owns how a time entry of Xero Projects becomes a SourceEntry. */
import { z } from 'zod';
import { localDay } from '../../domain/day.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { labor, personRef } from '../kit/entries.ts';
import { instantField, refOrNull, rowAs } from '../kit/fields.ts';
import { decimalOf, UnreadableField } from '../kit/rows.ts';

export const projectShape = z.object({
  projectId: z.string(),
  name: z.string(),
  contactId: z.string().nullish(),
  currencyCode: z.string().nullish(),
  minutesLogged: z.number().nullish(),
  status: z.string().nullish(),
});
export type Project = z.infer<typeof projectShape>;

export const taskShape = z.object({
  taskId: z.string(),
  name: z.string(),
  // It decides whether its time is billed: another word leaves the task out, and its entries are quarantined.
  chargeType: z.enum(['TIME', 'FIXED', 'NON_CHARGEABLE']),
  rate: z.object({ value: z.unknown(), currency: z.string().nullish() }).nullish(),
});
export type Task = z.infer<typeof taskShape>;

export interface KnownOfEntry {
  /** IANA zone of the organisation. */
  zone: string;
  project: Project;
  /** Name of the project's contact. */
  client: string | null;
  users: ReadonlyMap<string, { name?: string | null | undefined; email?: string | null | undefined }>;
  /** Of the project, by id. */
  tasks: ReadonlyMap<string, Task>;
}

/** Xero takes durations of 1 to 59,940 minutes. */
const mostMinutes = 59_940;
const entryShape = z.object({
  timeEntryId: z.string(),
  userId: z.string(),
  taskId: z.string(),
  dateUtc: z.string(),
  duration: z.number().int().min(0).max(mostMinutes),
  description: z.string().nullish(),
  status: z.enum(['ACTIVE', 'LOCKED', 'INVOICED']),
});

/** `row`: one of `items`. Throws UnreadableField. */
export function toSourceEntry(row: unknown, known: KnownOfEntry): SourceEntry {
  const entry = rowAs('Xero', entryShape, row);
  const at = instantField('Xero', 'dateutc', entry.dateUtc);
  const task = known.tasks.get(entry.taskId);
  if (!task)
    throw new UnreadableField(
      'taskid.unknown',
      'Xero names a task that it does not list for the project, so whether the time is chargeable is not known.',
    );
  const { project } = known;
  const user = known.users.get(entry.userId);
  return labor({
    externalId: entry.timeEntryId,
    // An instant in UTC of a day that was chosen without a time: only the organisation's zone gives the day back.
    workDate: localDay(at, known.zone),
    zone: known.zone,
    quantity: entry.duration * 60,
    person: personRef(entry.userId, user?.name, user?.email),
    client: refOrNull(project.contactId, known.client),
    project: refOrNull(project.projectId, project.name),
    task: refOrNull(task.taskId, task.name),
    billable: task.chargeType !== 'NON_CHARGEABLE',
    // LOCKED: somebody is changing or invoicing it there at this moment. Like a timer it is not finished.
    running: entry.status === 'LOCKED',
    approval: 'unsubmitted',
    billedElsewhere: entry.status === 'INVOICED',
    notes: entry.description || null,
    rate: task.chargeType === 'TIME' ? decimalOf(task.rate?.value) : null,
    currency: task.rate?.currency ?? project.currencyCode ?? null,
  });
}
