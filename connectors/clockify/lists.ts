/** Owns Clockify's plain lists: paging by `Last-Page`, look-ups for mapping, and what report rows lack of a person. */
import { z } from 'zod';
import type { Instant } from '../../domain/work-entry.ts';
import type { LookUpRecord, LookUps } from '../kit/define.ts';
import { idText, maybeId, maybeText, orNull, zoneOrNull } from '../kit/fields.ts';
import type { VendorHttp, VendorRequest, VendorResponse } from '../kit/http.ts';
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

/** By Clockify's clock: ours may differ. */
export function answeredAt({ date = '' }: Readonly<Record<string, string>>): Instant {
  const at = Date.parse(date);
  return new Date(Number.isNaN(at) ? Date.now() : at).toISOString();
}

/** Rows that can be read; an odd one shows as unmatched later and must not stop the sync. */
async function* records<Row>(
  http: VendorHttp,
  name: string,
  shape: z.ZodType<Row>,
  query: VendorRequest['query'] = {},
): AsyncGenerator<Row[]> {
  for await (const rows of listPages(http, name, query))
    yield rows.flatMap((row) => shape.safeParse(row).data ?? []);
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
const allPeople = { status: 'ALL', 'include-roles': false };

export interface ClockifyPerson {
  name: string | null;
  email: string | null;
  zone: string | null;
  groups: string[];
}

export async function readPeople(http: VendorHttp): Promise<Map<string, ClockifyPerson>> {
  const people = new Map<string, ClockifyPerson>();
  for await (const rows of records(http, 'users', personShape, allPeople))
    for (const row of rows) people.set(row.id, personOf(row));
  for await (const groups of records(http, 'user-groups', groupShape))
    for (const { name, userIds } of groups)
      for (const userId of userIds ?? []) people.get(userId)?.groups.push(name);
  return people;
}

const personOf = ({ name, email, settings }: z.infer<typeof personShape>): ClockifyPerson => ({
  name: orNull(name),
  email: orNull(email),
  zone: zoneOrNull(settings?.timeZone),
  groups: [],
});

export const lookUps: LookUps = {
  async *person(http) {
    for await (const rows of records(http, 'users', personShape, allPeople))
      yield rows.map((row) => record(row, row.status !== 'DELETED', null, row.email));
  },
  async *client(http) {
    for await (const rows of records(http, 'clients', clientShape))
      yield rows.map((row) => record(row, row.archived !== true));
  },
  async *project(http) {
    for await (const rows of records(http, 'projects', projectShape))
      yield rows.map((row) => record(row, row.archived !== true, row.clientId));
  },
  async *task(http) {
    for await (const projects of records(http, 'projects', projectShape))
      for (const project of projects)
        for await (const rows of records(http, `projects/${encodeURIComponent(project.id)}/tasks`, taskShape))
          yield rows.map((row) => record(row, row.status !== 'DONE', project.id));
  },
};

function record(
  row: { id: string; name?: string | null | undefined },
  active: boolean,
  parentExternalId: string | null | undefined = null,
  email: string | null | undefined = null,
): LookUpRecord {
  return {
    externalId: row.id,
    name: row.name ?? '',
    code: null,
    email: email ?? null,
    active,
    parentExternalId: parentExternalId ?? null,
  };
}

export const pathOf = (http: VendorHttp, rest: string): string =>
  `/workspaces/${encodeURIComponent(http.settings.workspaceId ?? '')}/${rest}`;
