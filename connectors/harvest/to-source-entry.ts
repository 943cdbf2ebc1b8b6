/** Owns how a Harvest time entry becomes a SourceEntry. */
import { z } from 'zod';
import { Decimal } from '../../domain/money.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { labor, personRef } from '../kit/entries.ts';
import { dayField, instantField, maybeText, orNull, refOrNull, rowAs } from '../kit/fields.ts';
import { toInstant } from '../kit/instant.ts';
import { clockTimes } from '../kit/local-time.ts';
import { decimalOf, UnreadableField } from '../kit/rows.ts';

/** Which of Harvest's two figures is billed: as tracked, or rounded by the account's rule (trap 2). */
export type HarvestHours = 'hours' | 'rounded_hours';

/** What entries lack, by vendor id (trap 7). */
export interface HarvestLookups {
  users: ReadonlyMap<string, { email: string | null; zone: string | null }>;
  /** Their codes. */
  projects: ReadonlyMap<string, string | null>;
  /** Their currencies. */
  clients: ReadonlyMap<string, string | null>;
}

/** Ids are 64-bit; those that a double cannot hold arrive as text (kit/json). */
const id = z.union([z.number().int().positive(), z.string().regex(/^\d+$/)]).transform(String);
const named = z.object({ id, name: maybeText, code: maybeText });

const timeEntry = z.object({
  id,
  spent_date: z.string(),
  hours: z.unknown(),
  rounded_hours: z.unknown(),
  notes: maybeText,
  // `is_closed` is not read: it is false for unsubmitted and submitted alike (trap 1).
  approval_status: z.enum(['unsubmitted', 'submitted', 'approved']),
  is_billed: z.boolean(),
  is_running: z.boolean(),
  billable: z.boolean(),
  billable_rate: z.unknown(),
  cost_rate: z.unknown(),
  timer_started_at: maybeText,
  started_time: maybeText,
  ended_time: maybeText,
  updated_at: z.string(),
  user: named,
  client: named,
  project: named,
  task: named,
});

/** Longest single entry that is taken for a number and not for a mistake: over a year. */
const mostHours = 10_000;

/** `row`: one element of `time_entries`. Throws UnreadableField. */
export function toSourceEntry(row: unknown, hoursField: HarvestHours, lookups: HarvestLookups): SourceEntry {
  const entry = rowAs('Harvest', timeEntry, row);
  const workDate = dayField('Harvest', 'spent_date', entry.spent_date);
  const { client, project, task } = entry;
  const user = lookups.users.get(entry.user.id);
  const zone = user?.zone ?? null;
  const clock = clockTimes(workDate, zone, entry.started_time, entry.ended_time);
  return labor({
    externalId: entry.id,
    workDate,
    zone,
    startedAt: clock.startedAt ?? toInstant(entry.timer_started_at ?? ''),
    endedAt: clock.endedAt,
    quantity: toSeconds(entry[hoursField], hoursField),
    person: { ...personRef(entry.user.id, entry.user.name, user?.email), code: orNull(entry.user.code) },
    client: refOrNull(client.id, client.name, client.code),
    project: refOrNull(project.id, project.name, project.code ?? lookups.projects.get(project.id)),
    task: refOrNull(task.id, task.name, task.code),
    billable: entry.billable,
    running: entry.is_running,
    approval: entry.approval_status,
    billedElsewhere: entry.is_billed,
    notes: entry.notes ?? null,
    rate: decimalOf(entry.billable_rate),
    cost: decimalOf(entry.cost_rate),
    currency: lookups.clients.get(client.id) ?? null,
    sourceUpdatedAt: instantField('Harvest', 'updated_at', entry.updated_at),
  });
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
