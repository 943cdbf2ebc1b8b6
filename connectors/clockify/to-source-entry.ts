/** Owns how a row of Clockify's detailed report becomes a SourceEntry. */
import { z } from 'zod';
import { localDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import type { ApprovalState, SourceEntry } from '../../domain/work-entry.ts';
import { labor, personRef } from '../kit/entries.ts';
import {
  idText,
  instantField,
  maybeId,
  maybeText,
  orNull,
  refOrNull,
  rowAs,
  secondsField,
} from '../kit/fields.ts';
import { decimalOf, UnreadableField } from '../kit/rows.ts';
import type { ClockifyPeople } from './lists.ts';

const vendor = 'Clockify';
const named = z.object({ id: maybeId, name: maybeText });
const rowShape = z.object({
  // The report writes `_id`; the spec's model prints `get_id`.
  _id: idText,
  approvalRequestId: maybeId,
  userId: idText,
  userName: maybeText,
  userEmail: maybeText,
  clientId: maybeId,
  clientName: maybeText,
  projectId: maybeId,
  projectName: maybeText,
  taskId: maybeId,
  taskName: maybeText,
  tags: z.array(named).nullish(),
  description: maybeText,
  billable: z.boolean(),
  type: z.enum(['REGULAR', 'BREAK', 'HOLIDAY', 'TIME_OFF']).nullish(),
  rate: z.unknown().optional(),
  timeInterval: z.object({ start: z.string(), end: maybeText, duration: z.unknown().optional() }),
});

/** Which part of the report a row was read from: rows do not say it themselves. */
export interface ReportPart {
  approved: boolean;
  invoiced: boolean;
}

/** Throws UnreadableField. */
export function toSourceEntry(
  value: unknown,
  { approved, invoiced }: ReportPart,
  people: ClockifyPeople,
): SourceEntry {
  const row = rowAs(vendor, rowShape, withId(value));
  const { start, end, duration } = row.timeInterval;
  const startedAt = instantField(vendor, 'start', start);
  const person = people.byId.get(row.userId);
  const zone = person?.zone ?? people.zone;
  if (zone === null)
    throw new UnreadableField(
      'zone.missing',
      'Clockify does not say in which zone this person works, so on which day this was is not known. Set timeZone on the connection.',
    );
  const rate = decimalOf(row.rate);
  const running = !end && (duration === null || duration === undefined);
  return labor({
    externalId: row._id,
    workDate: localDay(startedAt, zone),
    zone,
    startedAt,
    endedAt: end ? instantField(vendor, 'end', end) : null,
    quantity: running ? 0 : secondsField(vendor, 'duration', secondsOf(duration)),
    person: personRef(
      row.userId,
      orNull(row.userName) ?? person?.name,
      orNull(row.userEmail) ?? person?.email,
    ),
    client: refOrNull(row.clientId, row.clientName),
    project: refOrNull(row.projectId, row.projectName),
    task: refOrNull(row.taskId, row.taskName),
    // Breaks, holidays and time off stand among the work, and none of them is billed.
    billable: row.billable && (row.type ?? 'REGULAR') === 'REGULAR',
    running,
    approval: approvalOf(approved, row.approvalRequestId),
    billedElsewhere: invoiced,
    notes: orNull(row.description),
    // In minor units, like all amounts there.
    rate: rate === null ? null : new Decimal(rate).div(100).toFixed(2),
    tags: (row.tags ?? []).flatMap((tag) => tag.name ?? []),
    groups: person?.groups ?? [],
  });
}

function approvalOf(approved: boolean, requestId: string | null | undefined): ApprovalState {
  if (approved) return 'approved';
  return requestId ? 'submitted' : 'unsubmitted';
}

/** Whole seconds in reports, ISO 8601 in the core API: one entry has two units. */
function secondsOf(duration: unknown): unknown {
  if (typeof duration !== 'string') return duration;
  const match = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(duration);
  if (!match || duration === 'PT')
    throw new UnreadableField(
      'duration.invalid',
      `"${duration}" is no duration. Correct the entry in Clockify.`,
    );
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return hours! * 3_600 + minutes! * 60 + seconds!;
}

/** An entry of the core API, asked for with names (`hydrated`), in the form of a report's row. */
export function fromCore(value: unknown): unknown {
  const { project, task, ...entry } = (value ?? {}) as Record<
    string,
    Record<string, unknown> | null | undefined
  >;
  return {
    ...entry,
    clientId: project?.clientId,
    clientName: project?.clientName,
    projectId: project?.id ?? entry.projectId,
    projectName: project?.name,
    taskId: task?.id ?? entry.taskId,
    taskName: task?.name,
  };
}

export function withId(value: unknown): Record<string, unknown> {
  const row = (value ?? {}) as Record<string, unknown>;
  return { ...row, _id: row._id ?? row.id ?? row.get_id };
}
