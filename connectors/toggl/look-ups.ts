/** Owns Toggl's lists of people, clients, projects and tasks: for mapping, and for what time entries lack. */
import { z } from 'zod';
import type { LookUps } from '../kit/define.ts';
import { idText, maybeId, maybeText } from '../kit/fields.ts';
import type { VendorHttp } from '../kit/http.ts';
import { fitting, record } from '../kit/look-ups.ts';
import { pageGuard } from '../kit/pages.ts';
import { readAs } from '../kit/vendor-words.ts';
import { workspaceOf } from './report.ts';

/** Projects take at most 200 a page. */
const perPage = 200;

// The old names (uid, cid) still stand beside the new ones.
const personShape = z
  .object({
    id: idText,
    user_id: maybeId,
    uid: maybeId,
    name: maybeText,
    email: maybeText,
    timezone: maybeText,
    group_ids: z.array(idText).nullish(),
    inactive: z.boolean().nullish(),
  })
  .transform((row) => ({ ...row, userId: row.user_id ?? row.uid ?? row.id }));
const projectShape = z
  .object({
    id: idText,
    name: maybeText,
    client_id: maybeId,
    cid: maybeId,
    currency: maybeText,
    active: z.boolean().nullish(),
  })
  .transform((row) => ({ ...row, clientId: row.client_id ?? row.cid ?? null }));
const clientShape = z.object({ id: idText, name: maybeText, archived: z.boolean().nullish() });
const taskShape = z.object({
  id: idText,
  name: maybeText,
  project_id: maybeId,
  active: z.boolean().nullish(),
});
const groupShape = z.object({ group_id: idText, name: z.string() });

/** What the rows of a report lack, by vendor id. */
export interface TogglLookUps {
  /** `memberIds`: under which timesheets may name them. */
  people: ReadonlyMap<
    string,
    Pick<z.infer<typeof personShape>, 'name' | 'email'> & {
      zone: string | null;
      groups: string[];
      memberIds: string[];
    }
  >;
  projects: ReadonlyMap<string, Pick<z.infer<typeof projectShape>, 'name' | 'clientId' | 'currency'>>;
  clients: ReadonlyMap<string, Pick<z.infer<typeof clientShape>, 'name'>>;
}

/** One list after the other: they share one rate limit, and a failure is told once. */
export async function readLookUps(http: VendorHttp, organizationId: string | null): Promise<TogglLookUps> {
  // Groups are the nearest thing to a role; they belong to the organization.
  const groupsPath = `/api/v9/organizations/${organizationId}/workspaces/${workspaceOf(http)}/groups`;
  const groups = organizationId === null ? [] : await list(http, groupsPath, {}, groupShape);
  const groupNames = new Map(groups.map((group) => [group.group_id, group.name]));
  const everybody = await people(http);
  const userIds = new Set(everybody.map((one) => one.userId));
  const found = [];
  for await (const rows of projects(http)) found.push(...rows);
  return {
    people: new Map(
      everybody.map((one) => [
        one.userId,
        {
          name: one.name,
          email: one.email,
          zone: one.timezone ?? null,
          groups: (one.group_ids ?? []).map((group) => groupNames.get(group) ?? group),
          // Whether a timesheet's member is a user or a seat in the workspace is not documented; a user's id goes first.
          memberIds: userIds.has(one.id) ? [one.userId] : [one.userId, one.id],
        },
      ]),
    ),
    projects: new Map(found.map((one) => [one.id, one])),
    clients: new Map((await clients(http)).map((one) => [one.id, one])),
  };
}

export const lookUps: LookUps = {
  async *person(http) {
    yield (await people(http)).map(({ userId, name, email, inactive }) =>
      record(userId, name, { email: email ?? null, active: inactive !== true }),
    );
  },
  async *client(http) {
    yield (await clients(http)).map(({ id, name, archived }) =>
      record(id, name, { active: archived !== true }),
    );
  },
  async *project(http) {
    for await (const rows of projects(http))
      yield rows.map(({ id, name, active, clientId }) =>
        record(id, name, { active: active !== false, parentExternalId: clientId }),
      );
  },
  async *task(http) {
    for await (const rows of pages(http, 'tasks', taskShape))
      yield rows.map(({ id, name, active, project_id: projectId }) =>
        record(id, name, { active: active !== false, parentExternalId: projectId ?? null }),
      );
  },
};

const people = (http: VendorHttp) => list(http, pathOf(http, 'workspace_users'), {}, personShape);
const clients = (http: VendorHttp) => list(http, pathOf(http, 'clients'), { status: 'both' }, clientShape);
const projects = (http: VendorHttp) => pages(http, 'projects', projectShape);
const pathOf = (http: VendorHttp, name: string) => `/api/v9/workspaces/${workspaceOf(http)}/${name}`;

/** Bare, null where it is empty; tasks come in an envelope. */
const listShape = z.union([
  z.array(z.unknown()),
  z.null().transform(() => []),
  z.object({ data: z.array(z.unknown()).nullable() }).transform(({ data }) => data ?? []),
]);

/** An odd row shows as unmatched later and must not stop the sync. */
async function list<Row>(
  http: VendorHttp,
  path: string,
  query: Record<string, string | number>,
  shape: z.ZodType<Row>,
): Promise<Row[]> {
  const { body } = await http.get(path, { query });
  return fitting(shape, readAs(http.connector, listShape, body));
}

/** Reads until a page brings nothing: one that is not full may hold rows that we could not read. */
async function* pages<Row>(http: VendorHttp, name: string, shape: z.ZodType<Row>): AsyncGenerator<Row[]> {
  const guard = pageGuard(http.connector);
  for (let page = 1; ; page += 1) {
    const rows = await list(http, pathOf(http, name), { active: 'both', page, per_page: perPage }, shape);
    if (rows.length === 0) return;
    guard.check(rows);
    yield rows;
  }
}
