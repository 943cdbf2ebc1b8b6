/** Owns how a row of Toggl's detailed report becomes a SourceEntry. */
import { z } from 'zod';
import { localDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
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
  zoneOrNull,
} from '../kit/fields.ts';
import { decimalOf } from '../kit/rows.ts';
import type { TogglLookUps } from './look-ups.ts';
import { approvalOf, type TimesheetBook } from './timesheets.ts';

const vendor = 'Toggl Track';
const rowShape = z.object({
  user_id: idText,
  username: maybeText,
  email: maybeText,
  project_id: maybeId,
  project_name: maybeText,
  client_name: maybeText,
  task_id: maybeId,
  task_name: maybeText,
  tag_names: z.array(z.string()).nullish(),
  billable: z.boolean(),
  description: maybeText,
  hourly_rate_in_cents: z.unknown().optional(),
  currency: maybeText,
  time_entry: z.object({
    id: idText,
    seconds: z.unknown(),
    start: z.string(),
    stop: maybeText,
    at: z.string(),
  }),
});

/** `row`: one of `reportPages`; `markTag`: our own mark, which is no tag of theirs. Throws UnreadableField. */
export function toSourceEntry(
  row: unknown,
  lookUps: TogglLookUps,
  timesheets: Pick<TimesheetBook, 'covering'>,
  markTag: string,
): SourceEntry {
  const { time_entry: entry, ...facts } = rowAs(vendor, rowShape, row);
  const startedAt = instantField(vendor, 'start', entry.start);
  const printedDay = entry.start.slice(0, 10);
  const person = lookUps.people.get(facts.user_id);
  const memberIds = person?.memberIds ?? [facts.user_id];
  const zone = zoneOrNull(person?.zone ?? timesheets.covering(memberIds, printedDay)[0]?.zone);
  // The report prints times in the zone of who asks: the day is that of who worked.
  const workDate = zone === null ? printedDay : localDay(startedAt, zone);
  const project = lookUps.projects.get(facts.project_id ?? '');
  const clientId = project?.clientId ?? null;
  const rate = decimalOf(facts.hourly_rate_in_cents);
  // The API writes a running timer as -1 or as minus its start; summed up, it would take other hours away.
  const running = typeof entry.seconds === 'number' && entry.seconds < 0 && !entry.stop;
  return labor({
    externalId: entry.id,
    workDate,
    zone,
    startedAt,
    endedAt: entry.stop ? instantField(vendor, 'stop', entry.stop) : null,
    quantity: running ? 0 : secondsField(vendor, 'seconds', entry.seconds),
    person: personRef(facts.user_id, person?.name ?? facts.username, person?.email ?? facts.email),
    client: refOrNull(clientId, lookUps.clients.get(clientId ?? '')?.name ?? facts.client_name),
    project: refOrNull(facts.project_id, project?.name ?? facts.project_name),
    task: refOrNull(facts.task_id, facts.task_name),
    billable: facts.billable,
    running,
    approval: approvalOf(timesheets.covering(memberIds, workDate)),
    notes: orNull(facts.description),
    // Reports state amounts in cents, projects in whole units.
    rate: rate === null ? null : new Decimal(rate).div(100).toFixed(2),
    currency: orNull(facts.currency) ?? project?.currency ?? null,
    sourceUpdatedAt: instantField(vendor, 'at', entry.at),
    tags: (facts.tag_names ?? []).filter((tag) => tag !== markTag),
    groups: person?.groups ?? [],
  });
}
