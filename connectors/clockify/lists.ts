/** Owns Clockify's plain lists: paging by `Last-Page`, look-ups for mapping, and what report rows lack of a person. */
import { z } from 'zod';
import type { LookUps } from '../kit/define.ts';
import { idText, maybeId, maybeText, orNull, zoneOrNull } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../kit/http.ts';
import { byId, fitting, record, records, recordsOfEach } from '../kit/look-ups.ts';
import { numberedPages } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';

const pageSize = 200;

/** Rows of a list. Some lists ignore `page-size`, so a short page ends nothing: the header does, or an empty page. */
export function listPages(
  http: VendorHttp,
  name: string,
  query: VendorRequest['query'] = {},
  onAnswer?: (answer: VendorResponse) => void,
) {
  return numberedPages<unknown>(http.connector, {
    async read(page) {
      const response = await http.get(pathOf(http, name), {
        query: { ...query, page, 'page-size': pageSize },
      });
      onAnswer?.(response);
      const rows = readAs(http.connector, z.array(z.unknown()), response.body);
      return { rows, more: rows.length > 0 && response.headers['last-page'] !== 'true' };
    },
  });
}

const personShape = z.object({
  id: idText,
  name: maybeText,
  email: maybeText,
  status: z.unknown().optional(),
  settings: z.object({ timeZone: maybeText }).nullish(),
});
const clientShape = z.object({ id: idText, name: maybeText, archived: z.boolean().nullish() });
const projectShape = clientShape.extend({ clientId: maybeId });
const taskShape = z.object({ id: idText, name: maybeText, status: z.unknown().optional() });
const groupShape = z.object({ name: z.string(), userIds: z.array(idText).nullish() });

export interface ClockifyPerson {
  name: string | null;
  email: string | null;
  zone: string | null;
  groups: string[];
}

export interface ClockifyPeople {
  byId: ReadonlyMap<string, ClockifyPerson>;
  /** Of those who tell none, or are not listed any more: as the connection says, else where all others are. */
  zone: string | null;
}

export async function readPeople(http: VendorHttp): Promise<ClockifyPeople> {
  const people = await byId(users(http), personShape, ({ id, name, email, settings }) => {
    const zone = zoneOrNull(settings?.timeZone);
    return [id, { name: orNull(name), email: orNull(email), zone, groups: [] as string[] }];
  });
  for await (const rows of listPages(http, 'user-groups'))
    for (const { name, userIds } of fitting(groupShape, rows))
      for (const userId of userIds ?? []) people.get(userId)?.groups.push(name);
  const zones = new Set([...people.values()].flatMap(({ zone }) => zone ?? []));
  const [only] = zones;
  return { byId: people, zone: zoneOrNull(http.settings.timeZone) ?? (zones.size === 1 ? only! : null) };
}

const users = (http: VendorHttp) => listPages(http, 'users', { status: 'ALL', 'include-roles': false });
const projects = (http: VendorHttp) => listPages(http, 'projects');

export const lookUps: LookUps = {
  person: (http) =>
    records(users(http), personShape, ({ id, name, email, status }) =>
      record(id, name, { email: email ?? null, active: status !== 'DELETED' }),
    ),
  client: (http) =>
    records(listPages(http, 'clients'), clientShape, ({ id, name, archived }) =>
      record(id, name, { active: archived !== true }),
    ),
  project: (http) =>
    records(projects(http), projectShape, ({ id, name, archived, clientId }) =>
      record(id, name, { active: archived !== true, parentExternalId: clientId ?? null }),
    ),
  task: (http) =>
    recordsOfEach(
      projects(http),
      { parent: projectShape, row: taskShape },
      ({ id }) => id,
      (projectId) => listPages(http, `projects/${encodeURIComponent(projectId)}/tasks`),
      ({ id, name, status }) => record(id, name, { active: status !== 'DONE' }),
    ),
};

export const pathOf = (http: VendorHttp, rest: string): string =>
  `/workspaces/${encodeURIComponent(http.settings.workspaceId ?? '')}/${rest}`;
