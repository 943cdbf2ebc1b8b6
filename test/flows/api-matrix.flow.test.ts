/** Owns the security of every route: no key, too small a key, another workspace's key; and that each still works. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../api/kit/route.ts';
import { routes } from '../../api/routes/index.ts';
import { permissions } from '../../domain/permissions.ts';
import { fillExample, fillPath, makeFixtures } from '../support/api-fixtures.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

// Reading before changing before ending, so that a route still finds what it is about.
const order = { get: 0, post: 1, patch: 2, put: 2, delete: 3 } as const;
const sorted = routes.toSorted((a, b) => order[a.method] - order[b.method]);
const guarded = sorted.filter((route) => route.permission !== null);
const isStream = (route: Route) =>
  Object.values(route.responses).some((spec) => 'kind' in spec && spec.kind === 'stream');

/** Its example holds ids of the fixtures. */
const namesIds = (route: Route) =>
  /"\{[a-z][a-zA-Z]*Id\}"/.test(JSON.stringify([route.example, route.exampleQuery]));

let api: TestApi;
let ours: { id: string; key: string };
let theirs: { id: string; key: string };
let ids: Record<string, string>;
let count = 0;

beforeAll(async () => {
  api = await startApi();
  ours = await api.newWorkspace('Ours');
  theirs = await api.newWorkspace('Theirs');
  ids = await makeFixtures(api, ours.id, ours.key);
});
afterAll(() => api.stop());

function send(
  route: Route,
  key: string | undefined,
  options: { withoutIdempotencyKey?: boolean } = {},
): Promise<Answered> {
  const query = new URLSearchParams(fillExample({ ...route.exampleQuery }, ids)).toString();
  const path = `${fillPath(route.path, ids)}${query === '' ? '' : `?${query}`}`;
  const headers: Record<string, string> = {};
  if (route.idempotency === 'required' && !options.withoutIdempotencyKey)
    headers['Idempotency-Key'] = `matrix-${++count}`;
  if (route.upload) headers['Content-Type'] = route.upload.mediaTypes[0]!;
  return api.call(route.method.toUpperCase(), path, {
    ...(key === undefined ? {} : { key }),
    ...(route.upload ? { raw: 'matrix\n' } : {}),
    ...(route.body ? { body: fillExample(route.example, ids) } : {}),
    headers,
  });
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

  it("shows another workspace's key nothing of ours", async () => {
    if (isStream(route)) return;
    const answer = await send(route, theirs.key);
    // A refusal may repeat the id that was asked for, an answer may not hold ours.
    if (answer.status < 400) for (const id of Object.values(ids)) expect(answer.text).not.toContain(id);
    if (route.path.includes(':')) expect(answer.status).toBe(404);
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
    const allowed = route.method === 'get' ? promised : [...promised, 409, 422];
    expect(allowed, answer.text).toContain(answer.status);
  });
});
