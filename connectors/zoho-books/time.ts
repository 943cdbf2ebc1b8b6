/** Owns reading Zoho Books' time sheets: one list for all projects, by days. */
import { z } from 'zod';
import { isZone } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import type { EntryPage, LookUps } from '../kit/define.ts';
import { entryPage, labor, personRef, withinDays } from '../kit/entries.ts';
import { dayField, idText, orNull, positionBy, refOrNull, rowAs, maybeText as text } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { clockTimes } from '../kit/local-time.ts';
import { byId, record, records, recordsOfEach } from '../kit/look-ups.ts';
import { decimalOf, UnreadableField } from '../kit/rows.ts';
import { readAs, readable, refused, requireDays } from '../kit/vendor-words.ts';
import { ask, listPages, vendor } from './answers.ts';

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
  yield* withinDays(entryPages(http, query), from, to);
}

async function* entryPages(http: VendorHttp, query: Record<string, string>): AsyncGenerator<EntryPage> {
  let known: Known | null = null;
  for await (const rows of listPages(http, '/projects/timeentries', 'time_entries', query)) {
    if (rows.length === 0) continue;
    known ??= await lookUp(http);
    yield entryPage(rows, (row) => toSourceEntry(row, known!), positionBy('time_entry_id'));
  }
}

export async function readEntry(http: VendorHttp, externalId: string): Promise<SourceEntry | null> {
  const path = `/projects/timeentries/${encodeURIComponent(externalId)}`;
  const answer = await ask(http, 'get', path, { time_entry: z.unknown() }, { allow404: true });
  if (answer === null) return null;
  const known = await lookUp(http);
  return readable(vendor, () => toSourceEntry(answer.time_entry, known));
}

const user = z.object({ user_id: idText, name: text, email: text, status: text });
const contact = z.object({
  contact_id: idText,
  contact_name: z.string(),
  email: text,
  currency_code: text,
  contact_type: text,
  status: text,
});
/** Vendors are contacts too, and no clients. */
const customer = contact.refine(({ contact_type: type }) => type !== 'vendor');
const task = z.object({ task_id: idText, task_name: z.string() });
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
  return {
    emails: await byId(users(http), user, ({ user_id: id, email }) => [id, orNull(email)]),
    currencies: await byId(contacts(http), contact, ({ contact_id: id, currency_code: code }) => [
      id,
      orNull(code),
    ]),
    rates: await byId(projects(http), project, ({ project_id: id, billing_type: type, rate }) => [
      id,
      type === 'based_on_project_hours' ? rate : null,
    ]),
    zone: zoneOf(http, await readOrganisation(http)),
  };
}

const users = (http: VendorHttp) => listPages(http, '/users', 'users');
const contacts = (http: VendorHttp) => listPages(http, '/contacts', 'contacts');
const projects = (http: VendorHttp) => listPages(http, '/projects', 'projects');

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
  const workDate = dayField('Zoho Books', 'log_date', entry.log_date);
  return labor({
    externalId: entry.time_entry_id,
    workDate,
    // Days are the organisation's own; only clock times need its zone.
    zone: known.zone,
    ...clockTimes(workDate, known.zone, entry.begin_time, entry.end_time),
    quantity: secondsOf(entry.log_time),
    person: personRef(entry.user_id, entry.user_name, known.emails.get(entry.user_id)),
    client: entry.customer_id ? refOrNull(entry.customer_id, entry.customer_name) : null,
    project: refOrNull(entry.project_id, entry.project_name),
    task: refOrNull(entry.task_id, entry.task_name),
    billable: entry.is_billable,
    running: orNull(entry.timer_started_at) !== null,
    approval: 'unsubmitted',
    billedElsewhere: isBilled(entry),
    notes: orNull(entry.notes),
    rate: decimalOf(known.rates.get(entry.project_id)),
    cost: decimalOf(entry.cost_rate),
    currency: known.currencies.get(entry.customer_id ?? '') ?? null,
  });
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

const isActive = (status: string | null | undefined) => (status ?? 'active') === 'active';

export const lookUps: LookUps = {
  person: (http) =>
    records(users(http), user, ({ user_id: id, name, email, status }) =>
      record(id, name ?? id, { email: orNull(email), active: isActive(status) }),
    ),
  client: (http) =>
    records(contacts(http), customer, ({ contact_id: id, contact_name: name, email, status }) =>
      record(id, name, { email: orNull(email), active: isActive(status) }),
    ),
  project: (http) =>
    records(projects(http), project, ({ project_id: id, project_name: name, customer_id: client, status }) =>
      record(id, name, { active: isActive(status), parentExternalId: client ?? null }),
    ),
  task: (http) =>
    recordsOfEach(
      projects(http),
      { parent: project, row: task },
      ({ project_id: id }) => id,
      (projectId) => listPages(http, `/projects/${projectId}/tasks`, 'tasks'),
      ({ task_id: id, task_name: name }) => record(id, name),
    ),
};
