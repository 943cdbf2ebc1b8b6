/** Owns reading Zoho Books' time sheets: one list for all projects, by days. */
import { z } from 'zod';
import { isDay, isZone } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import type { EntryPage, LookUps } from '../kit/define.ts';
import { idText, orNull, rowAs } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { instantOf, minutesOfClock } from '../kit/local-time.ts';
import { decimalOf, mapRows, UnreadableField } from '../kit/rows.ts';
import { readAs, readable, refused, requireDays } from '../kit/vendor-words.ts';
import { ask, listPages, readRows, vendor } from './answers.ts';

/** What entries lack, by Zoho's ids. */
interface Known {
  zone: string | null;
  emails: ReadonlyMap<string, string | null>;
  currencies: ReadonlyMap<string, string | null>;
  /** Price of an hour, where one holds for the whole project. */
  rates: ReadonlyMap<string, unknown>;
}

export async function* window(http: VendorHttp, from: Day, to: Day): AsyncGenerator<EntryPage> {
  requireDays(vendor, from, to);
  // Whether the days hold without this filter is not said.
  const query = { from_date: from, to_date: to, filter_by: 'Date.CustomDate' };
  let known: Known | null = null;
  for await (const rows of listPages(http, '/projects/timeentries', 'time_entries', query)) {
    if (rows.length === 0) continue;
    known ??= await lookUp(http);
    const facts = known;
    const { mapped, unreadable } = mapRows(rows, (row) => toSourceEntry(row, facts), positionOf);
    const entries = mapped.filter(({ workDate }) => from <= workDate && workDate <= to);
    yield { entries, unreadable, checkpoint: null };
  }
}

export async function readEntry(http: VendorHttp, externalId: string): Promise<SourceEntry | null> {
  const path = `/projects/timeentries/${encodeURIComponent(externalId)}`;
  const answer = await ask(http, 'get', path, { time_entry: z.unknown() }, { allow404: true });
  if (answer === null) return null;
  const known = await lookUp(http);
  return readable(vendor, () => toSourceEntry(answer.time_entry, known));
}

const text = z.string().nullish();
const user = z.object({ user_id: idText, name: text, email: text, status: text });
const contact = z.object({
  contact_id: idText,
  contact_name: z.string(),
  email: text,
  currency_code: text,
  contact_type: text,
  status: text,
});
const project = z.object({
  project_id: idText,
  project_name: z.string(),
  customer_id: idText.nullish(),
  status: text,
  billing_type: text,
  rate: z.unknown(),
});

/** Once a reading, and only where there is time to read. */
async function lookUp(http: VendorHttp): Promise<Known> {
  const emails = new Map<string, string | null>();
  const currencies = new Map<string, string | null>();
  const rates = new Map<string, unknown>();
  for await (const users of readRows(http, '/users', 'users', user))
    for (const { user_id: id, email } of users) emails.set(id, orNull(email));
  for await (const contacts of readRows(http, '/contacts', 'contacts', contact))
    for (const { contact_id: id, currency_code: code } of contacts) currencies.set(id, orNull(code));
  for await (const projects of readRows(http, '/projects', 'projects', project))
    for (const { project_id: id, billing_type: type, rate } of projects)
      if (type === 'based_on_project_hours') rates.set(id, rate);
  return { zone: zoneOf(http, await readOrganisation(http)), emails, currencies, rates };
}

const organisation = z.object({ organization_id: idText, name: z.string(), time_zone: text });
export type Organisation = z.infer<typeof organisation>;

/** The list is the one call that names no organisation. */
export async function listOrganisations(http: VendorHttp): Promise<Organisation[]> {
  const answer = readAs(vendor, organisations, (await http.get('/organizations')).body);
  return answer.organizations;
}
const organisations = z.object({ code: z.literal(0), organizations: z.array(organisation) });

export async function readOrganisation(http: VendorHttp): Promise<Organisation> {
  const id = http.settings.organizationId;
  const found = (await listOrganisations(http)).find((each) => each.organization_id === id);
  if (found) return found;
  throw refused(
    vendor,
    'organization_unknown',
    `The sign-in does not reach the organisation ${id} of Zoho Books. Choose one that it reaches.`,
  );
}

/** Only for clock times, which are rare: the days of entries are the organisation's own. */
export function zoneOf(http: VendorHttp, { time_zone: named }: Organisation): string | null {
  const zone = http.settings.zone || named || '';
  // Abbreviations such as PST name several zones.
  return zone.includes('/') && isZone(zone) ? zone : null;
}

const entryShape = z.object({
  time_entry_id: idText,
  project_id: idText,
  project_name: text,
  customer_id: idText.nullish(),
  customer_name: text,
  task_id: idText,
  task_name: text,
  user_id: idText,
  user_name: text,
  log_date: z.string(),
  log_time: z.string(),
  begin_time: text,
  end_time: text,
  is_billable: z.boolean(),
  billed_status: text,
  notes: text,
  timer_started_at: text,
  cost_rate: z.unknown(),
});
type Entry = z.infer<typeof entryShape>;

/** `row`: one of `time_entries`. Throws UnreadableField. */
export function toSourceEntry(row: unknown, known: Known): SourceEntry {
  const entry = rowAs('Zoho Books', entryShape, row);
  const exists: boolean = isDay(entry.log_date);
  if (!exists)
    throw new UnreadableField(
      'log_date.invalid',
      `"${entry.log_date}" is not a day. Correct it in Zoho Books.`,
    );
  const ref = (externalId: string, name: string | null | undefined) => ({
    externalId,
    code: null,
    name: orNull(name),
  });
  return {
    externalId: entry.time_entry_id,
    kind: 'labor',
    workDate: entry.log_date,
    zone: known.zone,
    ...clockTimes(entry, known.zone),
    quantity: secondsOf(entry.log_time),
    person: { ...ref(entry.user_id, entry.user_name), email: known.emails.get(entry.user_id) ?? null },
    client: entry.customer_id ? ref(entry.customer_id, entry.customer_name) : null,
    project: ref(entry.project_id, entry.project_name),
    task: ref(entry.task_id, entry.task_name),
    position: null,
    billable: entry.is_billable,
    running: orNull(entry.timer_started_at) !== null,
    approval: 'unsubmitted',
    billedElsewhere: isBilled(entry),
    notes: orNull(entry.notes),
    rate: decimalOf(known.rates.get(entry.project_id)),
    cost: decimalOf(entry.cost_rate),
    currency: known.currencies.get(entry.customer_id ?? '') ?? null,
    sourceUpdatedAt: null,
  };
}

/** "02:30" is two hours and a half: the specification's "HH:mm" is no clock and no minutes and seconds. */
function secondsOf(logTime: string): number {
  const [, hours, minutes] = /^(\d{1,4}):([0-5]\d)$/.exec(logTime) ?? [];
  if (hours === undefined || minutes === undefined)
    throw new UnreadableField(
      'log_time.invalid',
      `"${logTime}" is not hours and minutes. Correct it in Zoho Books.`,
    );
  return (Number(hours) * 60 + Number(minutes)) * 60;
}

/** Of an entry that is not billable the word decides nothing. */
function isBilled({ billed_status: word, is_billable: isBillable }: Entry): boolean {
  if (word === 'invoiced' || word === 'unbilled' || !isBillable) return word === 'invoiced';
  throw new UnreadableField(
    'billed_status.unknown',
    `Zoho Books says "${word ?? ''}" of whether this is billed, which we do not know.`,
  );
}

function clockTimes({ log_date: day, begin_time: begin, end_time: end }: Entry, zone: string | null) {
  const start = begin ? minutesOfClock(begin) : null;
  const stop = end ? minutesOfClock(end) : null;
  if (zone === null || start === null) return { startedAt: null, endedAt: null };
  return {
    startedAt: instantOf(day, start, zone),
    // An end before the start is the next day.
    endedAt: stop === null ? null : instantOf(day, stop < start ? stop + 24 * 60 : stop, zone),
  };
}

function positionOf(row: unknown, index: number): string {
  const id = idText.safeParse((row as { time_entry_id?: unknown } | null)?.time_entry_id);
  return id.success ? id.data : `row ${index + 1} of the page`;
}

const isActive = (status: string | null | undefined) => (status ?? 'active') === 'active';
const record = (externalId: string, name: string, status: string | null | undefined) => ({
  externalId,
  name,
  code: null,
  email: null,
  active: isActive(status),
  parentExternalId: null,
});

export const lookUps: LookUps = {
  async *person(http) {
    for await (const users of readRows(http, '/users', 'users', user))
      yield users.map((each) => ({
        ...record(each.user_id, each.name ?? each.user_id, each.status),
        email: orNull(each.email),
      }));
  },
  async *client(http) {
    for await (const contacts of readRows(http, '/contacts', 'contacts', contact))
      yield contacts
        .filter(({ contact_type: type }) => type !== 'vendor')
        .map((each) => ({
          ...record(each.contact_id, each.contact_name, each.status),
          email: orNull(each.email),
        }));
  },
  async *project(http) {
    for await (const projects of readRows(http, '/projects', 'projects', project))
      yield projects.map((each) => ({
        ...record(each.project_id, each.project_name, each.status),
        parentExternalId: each.customer_id ?? null,
      }));
  },
  async *task(http) {
    const task = z.object({ task_id: idText, task_name: z.string() });
    for await (const projects of readRows(http, '/projects', 'projects', project))
      for (const { project_id: id } of projects)
        for await (const tasks of readRows(http, `/projects/${id}/tasks`, 'tasks', task))
          yield tasks.map((each) => ({
            ...record(each.task_id, each.task_name, null),
            parentExternalId: id,
          }));
  },
};
