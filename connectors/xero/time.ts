/** Owns reading the time of Xero Projects, which has no list of it: project after project. */
import { z } from 'zod';
import { addDays } from '../../domain/day.ts';
import type { Day, SourceEntry } from '../../domain/work-entry.ts';
import type { EntryPage, LookUps, TimeSource } from '../kit/define.ts';
import { entryPage, withinDays } from '../kit/entries.ts';
import { orNull, positionBy } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { instantOf } from '../kit/local-time.ts';
import { byId, fitting, record, records, recordsOfEach } from '../kit/look-ups.ts';
import { oneOf, readAs, readable, refused, requireDays, zoneSetting } from '../kit/vendor-words.ts';
import { ofWindowsZone } from '../kit/windows-zones.ts';
import { accountingPages, projectsPages, vendor } from './answers.ts';
import {
  type KnownOfEntry,
  type Project,
  projectShape,
  type Task,
  taskShape,
  toSourceEntry,
} from './to-source-entry.ts';

/** Ids in one address: 50 of 37 characters. */
const mostIds = 50;

export const readsTime = (http: VendorHttp) =>
  oneOf(vendor, http.settings, 'time', ['projects', 'none']) === 'projects';

export async function* window(http: VendorHttp, from: Day, to: Day): AsyncGenerator<EntryPage> {
  requireDays(vendor, from, to);
  if (!readsTime(http)) return;
  const zone = await zoneOf(http);
  // Both bounds are inclusive instants; which days they are is checked on our side.
  const range = {
    dateAfterUtc: instantOf(from, 0, zone),
    dateBeforeUtc: instantOf(addDays(to, 1), 0, zone),
  };
  yield* withinDays(pagesBetween(http, zone, range), from, to);
}

async function* pagesBetween(
  http: VendorHttp,
  zone: string,
  range: Record<string, string>,
): AsyncGenerator<EntryPage> {
  const known = knownOf(http, zone);
  for await (const projects of projectPages(http))
    for (const project of projects) {
      // One call a project at sixty a minute: those without any time cost none.
      if (project.minutesLogged === 0) continue;
      for await (const rows of projectsPages(http, `/Projects/${project.projectId}/Time`, range)) {
        if (rows.length === 0) continue;
        const facts = await known(project, projects);
        yield entryPage(rows, (row) => toSourceEntry(row, facts), positionBy('timeEntryId'));
      }
    }
}

/** Several at once: all that projects hold is read, for asking each project for each entry takes as many calls as both together. */
export const readEntries: NonNullable<TimeSource['readEntries']> = {
  mostAtOnce: 200,
  async read(http, externalIds) {
    const zone = await zoneOf(http);
    const known = knownOf(http, zone);
    const missing = new Set(externalIds);
    const found: Pick<EntryPage, 'entries' | 'unreadable'> = { entries: [], unreadable: [] };
    const isMissing = (row: unknown) => missing.has(idOf(row, 0));
    for await (const projects of projectPages(http, 'read'))
      for (const project of projects) {
        if (project.minutesLogged === 0) continue;
        for await (const rows of projectsPages(http, `/Projects/${project.projectId}/Time`)) {
          const wanted = rows.filter(isMissing);
          if (wanted.length === 0) continue;
          const facts = await known(project, projects);
          const { entries, unreadable } = entryPage(wanted, (row) => toSourceEntry(row, facts), idOf);
          found.entries.push(...entries);
          found.unreadable.push(...unreadable);
          for (const row of wanted) missing.delete(idOf(row, 0));
          if (missing.size === 0) return found;
        }
      }
    return found;
  },
};

const idOf = positionBy('timeEntryId');

/** An entry is asked for under its project, and may have moved to another: all that hold time are asked, closed ones too. */
export async function readEntry(http: VendorHttp, externalId: string): Promise<SourceEntry | null> {
  const zone = await zoneOf(http);
  const known = knownOf(http, zone);
  for await (const projects of projectPages(http, 'read'))
    for (const project of projects) {
      if (project.minutesLogged === 0) continue;
      const path = `/Projects/${project.projectId}/Time/${encodeURIComponent(externalId)}`;
      const response = await http.get(path, { host: 'projects', allow404: true });
      if (response === null) continue;
      const facts = await known(project, [project]);
      return readable(vendor, () => toSourceEntry(response.body, facts));
    }
  return null;
}

export const lookUps: LookUps = {
  person: (http) =>
    records(users(http), userShape, ({ userId, name, email }) =>
      record(userId, name ?? userId, { email: orNull(email) }),
    ),
  client: (http) =>
    records(accountingPages(http, 'Contacts', { summaryOnly: true }), contactShape, (row) =>
      record(row.ContactID, row.Name, {
        email: orNull(row.EmailAddress),
        active: row.ContactStatus !== 'ARCHIVED',
      }),
    ),
  project: (http) =>
    records(projectPages(http), projectShape, ({ projectId, name, contactId, status }) =>
      record(projectId, name, { parentExternalId: contactId ?? null, active: status !== 'CLOSED' }),
    ),
  task: (http) =>
    recordsOfEach(
      projectPages(http),
      { parent: projectShape, row: taskShape },
      ({ projectId }) => projectId,
      (projectId) => tasks(http, projectId),
      ({ taskId, name }) => record(taskId, name),
    ),
};

const users = (http: VendorHttp) => projectsPages(http, '/ProjectsUsers');
const tasks = (http: VendorHttp, projectId: string) => projectsPages(http, `/Projects/${projectId}/Tasks`);

/** The organisation's zone as IANA: days are counted by it. Throws InvalidRequest where Xero names one that nobody knows. */
export async function zoneOf(http: VendorHttp): Promise<string> {
  const wanted = zoneSetting(vendor, http.settings, 'zone');
  if (wanted !== null) return wanted;
  const { Timezone } = await readOrganisation(http);
  const zone = ofWindowsZone(Timezone ?? '');
  if (zone === null)
    throw refused(
      vendor,
      'zone_unknown',
      `Xero names the zone "${Timezone ?? ''}", which we do not know. Set the setting zone, e.g. Europe/Berlin.`,
    );
  return zone;
}

const organisations = z.object({
  Organisations: z
    .array(
      z.object({ Name: z.string(), Timezone: z.string().nullish(), IsDemoCompany: z.boolean().nullish() }),
    )
    .min(1),
});
export async function readOrganisation(http: VendorHttp) {
  return readAs(vendor, organisations, (await http.get('/Organisation')).body).Organisations[0]!;
}

/** Time of a closed project is there, whether it is read or not. */
async function* projectPages(
  http: VendorHttp,
  closed = oneOf(vendor, http.settings, 'closedProjects', ['read', 'skip']),
): AsyncGenerator<Project[]> {
  const states = closed === 'read' ? 'INPROGRESS,CLOSED' : 'INPROGRESS';
  // A project without an id cannot be asked for its time: that must not pass for "none".
  for await (const rows of projectsPages(http, '/Projects', { states }))
    yield rows.map((row) => readAs(vendor, projectShape, row));
}

const userShape = z.object({ userId: z.string(), name: z.string().nullish(), email: z.string().nullish() });
const contactShape = z.object({
  ContactID: z.string(),
  Name: z.string(),
  EmailAddress: z.string().nullish(),
  ContactStatus: z.string().nullish(),
});

/** What entries lack, asked for when a project has any: people once, contacts a page of projects, tasks a project. */
function knownOf(http: VendorHttp, zone: string) {
  let people: KnownOfEntry['users'] | null = null;
  const contacts = new Map<string, string>();
  let tasksOf: { projectId: string; tasks: Map<string, Task> } | null = null;
  return async (project: Project, beside: readonly Project[]): Promise<KnownOfEntry> => {
    people ??= await byId(users(http), userShape, ({ userId, name, email }) => [userId, { name, email }]);
    if (project.contactId && !contacts.has(project.contactId)) {
      const ids = [...new Set(beside.flatMap(({ contactId }) => (contactId ? [contactId] : [])))];
      const next = [project.contactId, ...ids.filter((id) => id !== project.contactId && !contacts.has(id))];
      const IDs = next.slice(0, mostIds).join(',');
      for await (const rows of accountingPages(http, 'Contacts', { IDs, includeArchived: true }))
        for (const { ContactID, Name } of fitting(contactShape, rows)) contacts.set(ContactID, Name);
    }
    if (tasksOf?.projectId !== project.projectId)
      tasksOf = {
        projectId: project.projectId,
        tasks: await byId(tasks(http, project.projectId), taskShape, (task) => [task.taskId, task]),
      };
    const client = project.contactId ? (contacts.get(project.contactId) ?? null) : null;
    return { zone, project, client, users: people, tasks: tasksOf.tasks };
  };
}
