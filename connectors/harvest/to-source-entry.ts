/** Owns how a Harvest time entry becomes a SourceEntry. */
import { z } from 'zod';
import { isDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import type { ApprovalState, Day, Instant, SourceEntry, SourceRef } from '../../domain/work-entry.ts';
import { toInstant } from '../kit/instant.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import { decimalOf, UnreadableField, unreadableShape } from '../kit/rows.ts';

/** Which of Harvest's two figures is billed: as tracked, or rounded by the account's rule (trap 2). */
export type HarvestHours = 'hours' | 'rounded_hours';

/** What entries lack, by vendor id (trap 7). */
export interface HarvestLookups {
  users: ReadonlyMap<string, { email: string | null; zone: string | null }>;
  projects: ReadonlyMap<string, { code: string | null }>;
  clients: ReadonlyMap<string, { currency: string | null }>;
}

/** Ids are 64-bit; those that a double cannot hold arrive as text (kit/json). */
const id = z.union([z.number().int().positive(), z.string().regex(/^\d+$/)]).transform(String);
const named = z.object({ id, name: z.string().nullish(), code: z.string().nullish() });

const timeEntry = z.object({
  id,
  spent_date: z.string(),
  hours: z.unknown(),
  rounded_hours: z.unknown(),
  notes: z.string().nullish(),
  // `is_closed` is not read: it is false for unsubmitted and submitted alike (trap 1).
  approval_status: z.enum(['unsubmitted', 'submitted', 'approved']),
  is_billed: z.boolean(),
  is_running: z.boolean(),
  billable: z.boolean(),
  billable_rate: z.unknown(),
  cost_rate: z.unknown(),
  timer_started_at: z.string().nullish(),
  started_time: z.string().nullish(),
  ended_time: z.string().nullish(),
  updated_at: z.string(),
  user: named,
  client: named,
  project: named,
  task: named,
});
type TimeEntryRow = z.infer<typeof timeEntry>;

/** Longest single entry that is taken for a number and not for a mistake: over a year. */
const mostHours = 10_000;

/** `row`: one element of `time_entries`. Throws UnreadableField. */
export function toSourceEntry(row: unknown, hoursField: HarvestHours, lookups: HarvestLookups): SourceEntry {
  const read = timeEntry.safeParse(row);
  if (!read.success) throw unreadableShape('Harvest', read.error, row);
  const entry = read.data;
  const exists: boolean = isDay(entry.spent_date);
  if (!exists)
    throw new UnreadableField(
      'spent_date.invalid',
      `"${entry.spent_date}" is not a day. Correct the date in Harvest.`,
    );
  const updatedAt = toInstant(entry.updated_at);
  if (updatedAt === null)
    throw new UnreadableField(
      'updated_at.invalid',
      `"${entry.updated_at}" is not a point in time. Report it to Harvest.`,
    );
  const user = lookups.users.get(entry.user.id);
  const zone = user?.zone ?? null;
  return {
    externalId: entry.id,
    kind: 'labor',
    workDate: entry.spent_date,
    zone,
    ...clockTimes(entry, entry.spent_date, zone),
    quantity: toSeconds(entry[hoursField], hoursField),
    person: { ...ref(entry.user), email: user?.email ?? null },
    client: ref(entry.client),
    project: ref(entry.project, lookups.projects.get(entry.project.id)?.code),
    task: ref(entry.task),
    position: null,
    billable: entry.billable,
    running: entry.is_running,
    approval: entry.approval_status satisfies ApprovalState,
    billedElsewhere: entry.is_billed,
    notes: entry.notes ?? null,
    rate: decimalOf(entry.billable_rate),
    cost: decimalOf(entry.cost_rate),
    currency: lookups.clients.get(entry.client.id)?.currency ?? null,
    sourceUpdatedAt: updatedAt,
  };
}

/** Decimal hours as Harvest states them → whole seconds, half up. Two places are always exact: 0.01 h is 36 s (trap 9). */
function toSeconds(value: unknown, field: HarvestHours): number {
  const hours = decimalOf(value);
  if (hours === null)
    throw new UnreadableField(
      `${field}.${value === undefined || value === null ? 'missing' : 'not_a_number'}`,
      `Harvest sent this entry without a number of hours in "${field}".`,
    );
  const exact = new Decimal(hours);
  if (exact.isNegative() && !exact.isZero())
    throw new UnreadableField(
      `${field}.negative`,
      `${hours} hours is less than nothing. Correct the entry in Harvest.`,
    );
  if (exact.greaterThan(mostHours))
    throw new UnreadableField(
      `${field}.too_large`,
      `${hours} hours is more than a year. Correct the entry in Harvest.`,
    );
  return exact.times(3600).toDecimalPlaces(0, Decimal.ROUND_HALF_UP).toNumber();
}

/** Clock times have neither day nor zone: they mean something only with the user's zone. An end before the start is the next day. */
function clockTimes(
  entry: TimeEntryRow,
  day: Day,
  zone: string | null,
): { startedAt: Instant | null; endedAt: Instant | null } {
  const timerStart = entry.timer_started_at ? toInstant(entry.timer_started_at) : null;
  const start = entry.started_time ? minutesOfClock(entry.started_time) : null;
  const end = entry.ended_time ? minutesOfClock(entry.ended_time) : null;
  if (zone === null || start === null) return { startedAt: timerStart, endedAt: null };
  return {
    startedAt: instantOf(day, start, zone),
    endedAt: end === null ? null : instantOf(day, end < start ? end + 24 * 60 : end, zone),
  };
}

function ref(
  party: { id: string; name?: string | null | undefined; code?: string | null | undefined },
  code?: string | null,
): SourceRef {
  return { externalId: party.id, code: emptyToNull(party.code ?? code), name: emptyToNull(party.name) };
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === null || text.trim() === '' ? null : text;
}
