/** Owns the security of every route, by key and by session: nobody, the wrong role, another workspace; and that each still works. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../api/kit/route.ts';
import { routes } from '../../api/routes/index.ts';
import { permissions, type Role, roleScopes, roles, toGrants } from '../../domain/permissions.ts';
import { fillExample, fillPath, makeFixtures } from '../support/api-fixtures.ts';
import { newSession, type TestSession } from '../support/sessions.ts';
import { type Answered, type CallOptions, startApi, type TestApi } from '../support/start-api.ts';

// Reading before changing before ending, so that a route still finds what it is about.
const order = { get: 0, post: 1, patch: 2, put: 2, delete: 3 } as const;
const sorted = routes.toSorted((a, b) => order[a.method] - order[b.method]);
const guarded = sorted.filter((route) => route.permission !== null);
const isStream = (route: Route) =>
  Object.values(route.responses).some((spec) => 'kind' in spec && spec.kind === 'stream');

/** What no answer to others may hold; `role` is a word, no id. */
const ourIds = (known: readonly string[] = []) =>
  Object.entries(ids).flatMap(([name, id]) => (name.endsWith('Id') && !known.includes(name) ? [id] : []));

/** Its example holds ids of the fixtures. */
const namesIds = (route: Route) =>
  /"\{[a-z][a-zA-Z]*Id\}"/.test(JSON.stringify([route.example, route.exampleQuery]));

let api: TestApi;
let ours: { id: string; key: string };
let theirs: { id: string; key: string };
let ids: Record<string, string>;
let keyOf: Record<Role, string>;
let sessionOf: Record<Role, TestSession>;
let theirSession: TestSession;
/** Of our workspace, but of a client that the fixtures are not about. */
let otherClient: TestSession;
let count = 0;

beforeAll(async () => {
  api = await startApi();
  ours = await api.newWorkspace('Ours');
  theirs = await api.newWorkspace('Theirs');
  ids = await makeFixtures(api, ours.id, ours.key);
  const keys: [Role, string][] = [];
  const sessions: [Role, TestSession][] = [];
  for (const role of roles) {
    const { key } = await api.newMember(ours.id, role, role === 'client' ? { clientId: ids.clientId! } : {});
    keys.push([role, key]);
    sessions.push([role, await newSession(api, ours.key, role, await ownerOf(role))]);
  }
  keyOf = Object.fromEntries(keys) as typeof keyOf;
  sessionOf = Object.fromEntries(sessions) as typeof sessionOf;
  theirSession = await newSession(api, theirs.key, 'admin');
  const client = { name: 'Another client', email: 'ap@another.example', code: 'ANO', currency: 'EUR' };
  const other = await api.call('POST', '/clients', { key: ours.key, body: client });
  otherClient = await newSession(api, ours.key, 'client', { clientId: other.json.id });
});

/** Whose rows a member of this role calls their own. */
async function ownerOf(role: Role): Promise<{ personId?: string; clientId?: string }> {
  if (role === 'client') return { clientId: ids.clientId! };
  if (role !== 'contractor' && role !== 'employee') return {};
  const person = await api.call('POST', '/people', { key: ours.key, body: { name: role, kind: role } });
  return { personId: person.json.id };
}

/** Roles that may not call a route, not even for their own rows where it serves those. */
function rolesLacking({ permission, own }: Route): Role[] {
  return roles.filter((role) => {
    const { permissions: forAll, ownPermissions } = toGrants(roleScopes[role]);
    return !forAll.has(permission!) && !(own && ownPermissions.has(permission!));
  });
}
/** Members who hold a route's permission for own rows only, and to whom nothing of the fixtures belongs. */
function strangersTo({ permission }: Route): [Role, TestSession][] {
  const strangers: [Role, TestSession][] = [
    ['contractor', sessionOf.contractor],
    ['employee', sessionOf.employee],
    ['client', otherClient],
  ];
  return strangers.filter(([role]) => toGrants(roleScopes[role]).ownPermissions.has(permission!));
}
/** What whoever does work here needs to know: where it is done, and which documents are asked of them. */
const knownToWorkers = ['projectId', 'taskId', 'clientId', 'contractId', 'requirementId'];
afterAll(() => api.stop());

/** `by`: a key, a session, or nobody. */
function send(
  route: Route,
  by: string | TestSession | undefined,
  options: { withoutIdempotencyKey?: boolean; headers?: Record<string, string> } = {},
): Promise<Answered> {
  const query = new URLSearchParams(fillExample({ ...route.exampleQuery }, ids)).toString();
  const path = `${fillPath(route.path, ids)}${query === '' ? '' : `?${query}`}`;
  const headers: Record<string, string> = { ...options.headers };
  if (route.idempotency === 'required' && !options.withoutIdempotencyKey)
    headers['Idempotency-Key'] = `matrix-${++count}`;
  if (route.upload) headers['Content-Type'] = route.upload.mediaTypes[0]!;
  const sent: CallOptions = {
    ...(route.upload ? { raw: 'matrix\n' } : {}),
    ...(route.body ? { body: fillExample(route.example, ids) } : {}),
    headers,
  };
  const method = route.method.toUpperCase();
  if (by === undefined) return api.call(method, path, sent);
  return typeof by === 'string' ? api.call(method, path, { ...sent, key: by }) : by.call(method, path, sent);
}

it('has routes to look at', () => {
  expect(guarded.length).toBeGreaterThan(40);
});

describe.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  it('refuses a request without a key', async () => {
    const answer = await send(route, undefined);
    expect(answer.status).toBe(401);
    expect(answer.json.code).toBe('auth.missing');
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it('refuses a key that has every permission but this one', async () => {
    const key = await api.newKey(
      ours.id,
      permissions.filter((permission) => permission !== route.permission),
    );
    const answer = await send(route, key);
    expect(answer.status).toBe(403);
    expect(answer.json.code).toBe('auth.permission_missing');
    expect(answer.json.detail).toContain(route.permission);
  });

  it('refuses every role whose bundle lacks it, by key and by session', async () => {
    for (const role of rolesLacking(route))
      for (const by of [keyOf[role], sessionOf[role]]) {
        const answer = await send(route, by);
        expect(answer.status, role).toBe(403);
        expect(answer.json.code, role).toBe('auth.permission_missing');
      }
  });

  it('shows and changes nothing of others to whom it is given for own rows only', async () => {
    if (!route.own || isStream(route)) return;
    for (const [role, session] of strangersTo(route)) {
      const answer = await send(route, session);
      const known = role === 'client' ? [] : knownToWorkers;
      if (answer.status < 400) for (const id of ourIds(known)) expect(answer.text, role).not.toContain(id);
      const asked = [...route.path.matchAll(/:([a-zA-Z]+Id)\b/g)].map((match) => match[1]!);
      if (asked.some((name) => !known.includes(name)))
        expect([403, 404], `${role}: ${answer.text}`).toContain(answer.status);
    }
  });

  it('refuses the session of a member elsewhere', async () => {
    const answer = await send(route, theirSession, { headers: { 'X-Slipway-Workspace': ours.id } });
    expect(answer.status).toBe(403);
    expect(answer.json.code).toBe('auth.no_membership');
  });

  it('refuses a command by session from another site', async () => {
    if (route.method === 'get') return;
    const answer = await send(route, sessionOf.admin, { headers: { Origin: 'https://elsewhere.example' } });
    expect(answer.status).toBe(403);
    expect(answer.json.code).toBe('auth.cross_site');
  });

  it.each(['key', 'session'])("shows another workspace's %s nothing of ours", async (by) => {
    if (isStream(route)) return;
    const answer = await send(route, by === 'key' ? theirs.key : theirSession);
    // A refusal may repeat the id that was asked for, an answer may not hold ours.
    if (answer.status < 400) for (const id of ourIds()) expect(answer.text).not.toContain(id);
    if (/:[a-zA-Z]+Id\b/.test(route.path)) expect(answer.status).toBe(404);
    else if (namesIds(route)) expect([404, 422]).toContain(answer.status);
    else expect(answer.status).toBeLessThan(500);
  });
});

const moneyRoutes = guarded.filter((route) => route.idempotency === 'required');
it.each(moneyRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  '%s needs an Idempotency-Key, as it moves money',
  async (_, route) => {
    const answer = await send(route, ours.key, { withoutIdempotencyKey: true });
    expect(answer.status).toBe(400);
    expect(answer.json.code).toBe('idempotency.key_required');
  },
);

// Last, since these change what they are about.
describe.each(guarded.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_, route) => {
  it('answers its own key with what it promises', async () => {
    if (isStream(route)) return;
    const answer = await send(route, ours.key);
    const promised = Object.keys(route.responses).map(Number);
    // A command may be refused by the state that others left; a read may not.
    // Duties kept apart may refuse even an admin (BILLING §8); a lack of permission may not.
    const byDuty = answer.status === 403 && !answer.json.code.startsWith('auth.') ? [403] : [];
    const allowed = route.method === 'get' ? promised : [...promised, 409, 422, ...byDuty];
    expect(allowed, answer.text).toContain(answer.status);
  });
});
