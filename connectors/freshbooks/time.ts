/** Owns time at FreshBooks: entries read, made and marked as billed. */
import { z } from 'zod';
import { addDays, isDay, localDay } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import { markEach } from '../kit/billed-marks.ts';
import { readInstant } from '../kit/checkpoint.ts';
import type { BilledMarks, EntryPage, TargetTimeEntry, TimeSource, TimeTarget } from '../kit/define.ts';
import { keyNote, onlyOne } from '../kit/document-checks.ts';
import { entryPage, labor, personRef, withinDays } from '../kit/entries.ts';
import {
  idText,
  instantField,
  maybeId,
  maybeText,
  positionById,
  refOrNull,
  rowAs,
  secondsField,
  zoneOrNull,
} from '../kit/fields.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../kit/http.ts';
import { answeredAt, earlier, wholeSeconds } from '../kit/instant.ts';
import { UnreadableField } from '../kit/rows.ts';
import { readAs, readable, requireDays } from '../kit/vendor-words.ts';
import { businessRows, ofBusiness, vendor } from './calls.ts';
import { type FreshbooksNames, findPerson, readNames } from './names.ts';

/** An entry tells no time of change: what became visible late is seen again within this. */
const overlapMs = 30 * 60_000;

const entryShape = z.looseObject({
  id: idText,
  identity_id: maybeId,
  timer: z.looseObject({ is_running: z.boolean().nullish() }).nullish(),
  is_logged: z.boolean(),
  started_at: z.string(),
  local_started_at: maybeText,
  local_timezone: maybeText,
  duration: z.unknown(),
  client_id: maybeId,
  project_id: maybeId,
  service_id: maybeId,
  task_id: maybeId,
  note: maybeText,
  active: z.boolean().nullish(),
  billable: z.boolean(),
  billed: z.boolean(),
});
type EntryRow = z.infer<typeof entryShape>;

const path = (http: VendorHttp, id?: string) =>
  ofBusiness(http, 'timetracking', `/time_entries${id === undefined ? '' : `/${encodeURIComponent(id)}`}`);

/** `row`: one element of `time_entries`. Throws UnreadableField. */
export function toSourceEntry(
  row: unknown,
  names: FreshbooksNames,
  zoneOfBusiness: string | null,
): SourceEntry {
  const entry = rowAs('FreshBooks', entryShape, row);
  const zone = zoneOrNull(entry.local_timezone) ?? zoneOfBusiness;
  const startedAt = instantField('FreshBooks', 'started_at', entry.started_at);
  const running = !entry.is_logged || entry.timer?.is_running === true;
  // A timer that still runs may have no length yet.
  const quantity =
    running && entry.duration === null ? 0 : secondsField('FreshBooks', 'duration', entry.duration);
  const person = names.people.get(entry.identity_id ?? '');
  const client = names.clients.get(entry.client_id ?? '');
  const project = names.projects.get(entry.project_id ?? '');
  const taskId = entry.service_id ?? entry.task_id;
  return labor({
    externalId: entry.id,
    workDate: dayOf(entry, startedAt, zone),
    zone,
    startedAt,
    endedAt: running ? null : new Date(Date.parse(startedAt) + quantity * 1000).toISOString(),
    quantity,
    person: entry.identity_id ? personRef(entry.identity_id, person?.name, person?.email) : null,
    client: refOrNull(entry.client_id, client?.name),
    project: refOrNull(entry.project_id, project?.name),
    task: refOrNull(taskId, names.services.get(taskId ?? '')?.name),
    billable: entry.billable,
    running,
    approval: 'unsubmitted', // FreshBooks knows none.
    // What we put there ourselves came from elsewhere, and is billed from there.
    billedElsewhere: entry.billed || (entry.note ?? '').includes(keyNote('')),
    notes: entry.note || null,
    rate: project?.rate ?? null,
    currency: client?.currency ?? null,
  });
}

function dayOf(entry: EntryRow, startedAt: string, zone: string | null): Day {
  const stated = entry.local_started_at?.slice(0, 10) ?? '';
  if (isDay(stated)) return stated;
  if (zone !== null) return localDay(startedAt, zone);
  throw new UnreadableField(
    'local_started_at.missing',
    'FreshBooks does not say on which day this was. Set timeZone on the connection.',
  );
}

/** Pages of everybody's time: without `team` only the caller's own comes (README 1). Deleted rows are told apart. */
async function* entryPages(
  http: VendorHttp,
  query: VendorRequest['query'],
  onAnswer?: (answer: VendorResponse) => void,
): AsyncGenerator<EntryPage> {
  const asked = { ...query, team: true, include_unlogged: true };
  let names: FreshbooksNames | null = null;
  for await (const rows of businessRows(http, path(http), 'time_entries', {
    query: asked,
    mayRepeat: true,
    ...(onAnswer ? { onAnswer } : {}),
  })) {
    // Four more lists on every idle poll would be a waste.
    if (rows.length > 0) names ??= await readNames(http);
    const deleted = rows.filter((row) => (row as { active?: unknown } | null)?.active === false);
    const page = entryPage(
      rows.filter((row) => !deleted.includes(row)),
      (row) => toSourceEntry(row, names!, zoneOrNull(http.settings.timeZone)),
    );
    yield { ...page, deleted: deleted.map((row) => positionById(row, 0)) };
  }
}

export const timeSource: TimeSource = {
  rescan: { days: 45, everyMinutes: 360 },
  tellsDeletions: true,
  tellsApproval: false,
  async *changedSince(http, checkpoint) {
    const since = readInstant(vendor, checkpoint);
    // FreshBooks' clock when it first answered: whatever changes while we read comes again the next time.
    let begun = '';
    const query =
      since === null ? {} : { updated_since: wholeSeconds(earlier(since, overlapMs)), include_deleted: true };
    for await (const page of entryPages(http, query, (answer) => {
      begun ||= answeredAt(answer);
    }))
      yield page;
    yield { entries: [], unreadable: [], checkpoint: begun };
  },
  async *window(http, from, to) {
    requireDays(vendor, from, to);
    // A day more on both sides for every zone; what belongs to other days is not ours to tell.
    const query = {
      started_from: `${addDays(from, -1)}T00:00:00Z`,
      started_to: `${addDays(to, 2)}T00:00:00Z`,
    };
    yield* withinDays(entryPages(http, query), from, to);
  },
  async readEntry(http, externalId) {
    const entry = await readEntry(http, externalId);
    if (entry === null) return null;
    const names = await readNames(http);
    return readable(vendor, () => toSourceEntry(entry, names, zoneOrNull(http.settings.timeZone)));
  },
};

const oneShape = z.object({ time_entry: z.looseObject({ id: idText, active: z.boolean().nullish() }) });

/** The row as it stands there; null when it is deleted or was never there. */
async function readEntry(
  http: VendorHttp,
  externalId: string,
): Promise<z.infer<typeof oneShape>['time_entry'] | null> {
  const response = await http.get(path(http, externalId), { allow404: true });
  if (response === null) return null;
  const entry = readAs(vendor, oneShape, response.body).time_entry;
  return entry.active === false ? null : entry;
}

/** Fields that a change has to repeat: the whole object is expected (README 9). */
const writable = [
  'is_logged',
  'started_at',
  'duration',
  'client_id',
  'project_id',
  'service_id',
  'task_id',
  'note',
  'billable',
  'internal',
  'identity_id',
  'retainer_id',
] as const;

export const billedMarks: BilledMarks = {
  mostAtOnce: 20,
  mark: (http, externalIds, billed) =>
    markEach(externalIds, (externalId) => markOne(http, externalId, billed)),
};

async function markOne(http: VendorHttp, externalId: string, billed: boolean): Promise<string | null> {
  const entry = await readEntry(http, externalId);
  if (entry === null) return 'FreshBooks no longer has this entry.';
  if (entry.is_logged === false) return 'Its timer still runs.';
  if (entry.billed === billed) return null;
  const kept = Object.fromEntries(writable.map((name) => [name, entry[name]]));
  const response = await http.put(path(http, externalId), { body: { time_entry: { ...kept, billed } } });
  const after = readAs(vendor, oneShape, response.body).time_entry;
  return after.billed === billed ? null : 'FreshBooks did not take the mark.';
}

export const timeTarget: TimeTarget = {
  people: { find: findPerson },
  // An entry has no field of ours to search by: the day's are read, and the key stands in the note.
  async find(http, { key, workDate, person }) {
    const query = {
      started_from: `${addDays(workDate, -1)}T00:00:00Z`,
      started_to: `${addDays(workDate, 2)}T00:00:00Z`,
      identity_id: person.externalId,
      team: true,
    };
    const found: string[] = [];
    for await (const rows of businessRows(http, path(http), 'time_entries', { query }))
      for (const row of rows) {
        const read = entryShape.safeParse(row);
        if (read.success && read.data.active !== false && read.data.note?.includes(keyNote(key)))
          found.push(read.data.id);
      }
    const externalId = onlyOne(vendor, `one time entry of ${workDate}`, found);
    return externalId === null ? null : { externalId, versionToken: null };
  },
  async create(http, entry) {
    const response = await http.post(path(http), { body: { time_entry: toTimeEntry(entry) } });
    return { externalId: readAs(vendor, oneShape, response.body).time_entry.id, versionToken: null };
  },
};

/** Ids go out as the numbers that they are there. */
function toTimeEntry(entry: TargetTimeEntry): Record<string, unknown> {
  return {
    is_logged: true,
    // Noon UTC is the same day in nearly every zone; which clock time it was is not known.
    started_at: entry.startedAt ?? `${entry.workDate}T12:00:00Z`,
    duration: entry.seconds,
    identity_id: Number(entry.person.externalId),
    client_id: Number(entry.customer.externalId),
    ...(entry.projectExternalId === null ? {} : { project_id: Number(entry.projectExternalId) }),
    billable: entry.billable,
    note: `${entry.description} ${keyNote(entry.key)}`.trim(),
  };
}
