/** Owns that no command goes without an event: every route that changes something is called, and must have left one. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Route } from '../../api/kit/route.ts';
import { routes } from '../../api/routes/index.ts';
import { fillExample, fillPath, makeFixtures } from '../support/api-fixtures.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

/** Commands that leave none: why. */
const without: Record<string, string> = {
  'preview-billing-run': 'rolls back all it does',
  'preview-contractor-invoice': 'writes nothing',
  'preview-mapping-rule': 'the same',
  'mark-notification-read': 'what a member has read is their own matter',
  'mark-all-read': 'the same',
  // Their examples find nothing to do here.
  'update-membership': 'it has no product before and after',
  'release-exceptions': 'nothing is open',
  'release-retentions': 'nothing is held back',
  'retry-held-invoices': 'nothing is held',
  'approve-tickets': 'each ticket is refused by itself',
  'reject-tickets': 'the same',
};

// Changing before ending, so that a command still finds what it is about.
const order = { get: 0, post: 1, patch: 2, put: 2, delete: 3 } as const;
const commands = routes
  .filter((route) => route.method !== 'get' && route.permission !== null)
  .toSorted((a, b) => order[a.method] - order[b.method]);

let api: TestApi;
let workspace: { id: string; key: string };
let ids: Record<string, string>;
const answered = new Map<
  string,
  { status: number; events: { type: string; actor: string; origin: object }[] }
>();

beforeAll(async () => {
  api = await startApi();
  workspace = await api.newWorkspace();
  ids = await makeFixtures(api, workspace.id, workspace.key);
  for (const route of commands) {
    const requestId = `audited-${route.name}`;
    const { status } = await send(route, requestId);
    const events = await api.test.database.inWorkspace(workspace.id, (tx) =>
      tx.rows<{ type: string; actor: string; origin: object }>(
        `select type, actor, origin from events where origin ->> 'requestId' = $1`,
        [requestId],
      ),
    );
    answered.set(route.name, { status, events });
  }
});
afterAll(() => api.stop());

function send(route: Route, requestId: string): Promise<Answered> {
  const query = new URLSearchParams(fillExample({ ...route.exampleQuery }, ids)).toString();
  return api.call(
    route.method.toUpperCase(),
    `${fillPath(route.path, ids)}${query === '' ? '' : `?${query}`}`,
    {
      key: workspace.key,
      headers: {
        'X-Request-Id': requestId,
        'Idempotency-Key': requestId,
        ...(route.upload && { 'Content-Type': route.upload.mediaTypes[0]! }),
      },
      ...(route.upload && { raw: 'Id,Date,Hours\n1,2026-01-05,2.5\n' }),
      ...(route.body && { body: fillExample(route.example, ids) }),
    },
  );
}

it.each(commands.map((route) => [route.name, route] as const))('%s', (name, route) => {
  const { status, events } = answered.get(name)!;
  if (status >= 400) {
    expect(events, 'a refused command leaves none').toEqual([]);
    return;
  }
  if (name in without) expect(events).toEqual([]);
  else expect(events.length, `${route.method} ${route.path} answered ${status}`).toBeGreaterThan(0);
  for (const event of events) {
    expect(event.actor).toMatch(/^key:/);
    expect(event.origin).toMatchObject({ via: 'api' });
  }
});

it('most commands were carried out here, and not refused', () => {
  const done = [...answered.values()].filter(({ status }) => status < 400).length;
  expect(done / commands.length).toBeGreaterThan(0.5);
});
