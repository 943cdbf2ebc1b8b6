/** Owns that a repeated command happens once, whatever goes wrong in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineRoute } from '../../api/kit/route.ts';
import { Refusal } from '../../domain/refusal.ts';
import { people } from '../../store/people.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

/** What the test route does between its write and its end; set by a test. */
let midway: () => Promise<void> = () => Promise.resolve();
let runs = 0;

const book = defineRoute({
  name: 'book',
  method: 'post',
  path: '/book/:accountName',
  params: z.object({ accountName: z.string() }),
  summary: 'Moves money: writes one row',
  permission: 'payments.create',
  idempotency: 'required',
  body: z.object({ name: z.string() }),
  example: { name: 'x' },
  responses: { 201: z.object({ id: z.string() }) },
  handler: ({ body, transact }) =>
    transact(async (tx) => {
      runs += 1;
      const person = await people.insert(tx, body);
      await midway();
      return { status: 201, body: person, headers: { Location: `/people/${person.id}` } };
    }),
});
/** Writes in transactions of its own, as a route that takes long does. */
const bookApart = defineRoute({
  name: 'book-apart',
  method: 'post',
  path: '/book-apart',
  summary: 'Writes beside its answer',
  permission: 'payments.create',
  body: z.object({ name: z.string() }),
  example: { name: 'x' },
  responses: { 201: z.object({ id: z.string() }) },
  handler: async ({ body, workspaceId, deps }) => {
    runs += 1;
    await midway();
    const person = await deps.database.inWorkspace(workspaceId, (tx) => people.insert(tx, body));
    return { status: 201, body: { id: person.id } };
  },
});

let api: TestApi;
let workspace: { id: string; key: string };
beforeAll(async () => {
  api = await startApi({ idempotencyStaleSeconds: 1 }, [book, bookApart]);
  workspace = await api.newWorkspace();
});
afterAll(() => api.stop());
afterEach(() => {
  midway = () => Promise.resolve();
});

let count = 0;
const fresh = () => `key-${++count}`;
const send = (idempotencyKey: string, name: string, path = '/book/main') =>
  api.call('POST', path, {
    key: workspace.key,
    body: { name },
    headers: { 'Idempotency-Key': idempotencyKey },
  });
async function booked(name: string): Promise<number> {
  const rows = await api.test.database.inWorkspace(workspace.id, (tx) =>
    tx.rows('select 1 from people where name = $1', [name]),
  );
  return rows.length;
}

describe.each(['/book/main', '/book-apart'])('a repeat on %s', (path) => {
  it('gets the first answer, marked, and happens once', async () => {
    const [key, name] = [fresh(), `once ${path}`];
    const first = await send(key, name, path);
    const second = await send(key, name, path);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.text).toBe(first.text);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(await booked(name)).toBe(1);
  });

  it('twenty at once are one, and all learn of it in the end', async () => {
    const [key, name] = [fresh(), `twenty ${path}`];
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(key, name, path)));
    expect(await booked(name)).toBe(1);
    for (const answer of answers) {
      expect([201, 409]).toContain(answer.status);
      if (answer.status === 409) expect(answer.json.code).toBe('idempotency.in_flight');
    }
    expect(answers.filter((answer) => answer.status === 201).length).toBeGreaterThan(0);
    const later = await send(key, name, path);
    expect([later.status, later.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  });
});

it('a key used for another body, route or path is refused', async () => {
  const key = fresh();
  await send(key, 'mine');
  for (const [name, path] of [
    ['other', '/book/main'],
    ['mine', '/book/other'],
    ['mine', '/book-apart'],
  ] as const) {
    const answer = await send(key, name, path);
    expect([answer.status, answer.json.code]).toEqual([409, 'idempotency.key_reused']);
  }
  expect(await booked('other')).toBe(0);
});

it("a key is the workspace's own", async () => {
  const other = await api.newWorkspace('Other');
  const key = fresh();
  await send(key, 'shared');
  const answer = await api.call('POST', '/book/main', {
    key: other.key,
    body: { name: 'shared' },
    headers: { 'Idempotency-Key': key },
  });
  expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
});

it("a key is its sender's own: nobody is answered with what another made", async () => {
  const colleague = await api.newMember(workspace.id, 'admin');
  const key = fresh();
  expect((await send(key, 'first of two')).status).toBe(201);
  const answer = await api.call('POST', '/book/main', {
    key: colleague.key,
    body: { name: 'first of two' },
    headers: { 'Idempotency-Key': key },
  });
  expect([answer.status, answer.json.code]).toEqual([409, 'idempotency.key_reused']);
});

it('a machine that got a new API key in between is answered as before', async () => {
  const key = fresh();
  const first = await send(key, 'before the new API key');
  const another = await api.newKey(workspace.id, ['*']);
  const answer = await api.call('POST', '/book/main', {
    key: another,
    body: { name: 'before the new API key' },
    headers: { 'Idempotency-Key': key },
  });
  expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
  expect(answer.json).toEqual(first.json);
});

it('a failure of ours is not kept: the repeat runs, and only then it happened', async () => {
  const key = fresh();
  midway = () => Promise.reject(new Error('broken'));
  expect((await send(key, 'after failure')).status).toBe(500);
  expect(await booked('after failure')).toBe(0);
  midway = () => Promise.resolve();
  const answer = await send(key, 'after failure');
  expect([answer.status, answer.headers.get('idempotency-replayed')]).toEqual([201, null]);
  expect(await booked('after failure')).toBe(1);
});

it('a refusal is kept, one that says "later" is not', async () => {
  const [kept, later] = [fresh(), fresh()];
  midway = () => Promise.reject(new Refusal({ code: 'book.closed', message: 'The books are closed.' }));
  const first = await send(kept, 'refused');
  midway = () => Promise.reject(new Refusal({ code: 'book.busy', message: 'Busy.', retryAfterSeconds: 1 }));
  await send(later, 'busy');
  midway = () => Promise.resolve();
  const second = await send(kept, 'refused');
  expect([second.status, second.text]).toEqual([409, first.text]);
  expect(second.headers.get('content-type')).toContain('application/problem+json');
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect((await send(later, 'busy')).status).toBe(201);
});

it('a request that is not valid uses up no key', async () => {
  const key = fresh();
  const wrong = await api.call('POST', '/book/main', {
    key: workspace.key,
    body: { nam: 'x' },
    headers: { 'Idempotency-Key': key },
  });
  expect(wrong.status).toBe(422);
  expect((await send(key, 'corrected')).status).toBe(201);
});

it('a process that hangs loses its claim: the repeat runs, and the late one changes nothing', async () => {
  const key = fresh();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  midway = () => held;
  const hanging = send(key, 'taken over');
  while (runs === 0 || !(await isClaimed(key))) await sleep(10);
  expect((await send(key, 'taken over')).json.code).toBe('idempotency.in_flight');
  await sleep(1100);
  midway = () => Promise.resolve();
  const repeat = await send(key, 'taken over');
  expect(repeat.status).toBe(201);
  letGo();
  const late = await hanging;
  expect([late.status, late.json.code]).toEqual([409, 'idempotency.claim_lost']);
  expect(await booked('taken over')).toBe(1);
  expect((await send(key, 'taken over')).text).toBe(repeat.text);
});

async function isClaimed(key: string): Promise<boolean> {
  const row = await api.test.database.inWorkspace(workspace.id, (tx) =>
    tx.row('select 1 from idempotency_keys where key = $1', [key]),
  );
  return row !== null;
}

it.each([
  ['missing', undefined],
  ['201 characters long', 'x'.repeat(201)],
  ['with a space in it', 'a b'],
])('a key that is %s is a 400 where money moves', async (_, idempotencyKey) => {
  const answer = await api.call('POST', '/book/main', {
    key: workspace.key,
    body: { name: 'never' },
    headers: idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey },
  });
  expect(answer.status).toBe(400);
  expect(answer.json.code).toMatch(/^idempotency\.key_(required|invalid)$/);
});

it('the kept answer of a new API key does not hold the key', async () => {
  const whole = await startApi();
  try {
    const { id, key } = await whole.newWorkspace();
    const make = () =>
      whole.call('POST', '/api-keys', {
        key,
        body: { name: 'Once', scopes: ['clients.read'] },
        headers: { 'Idempotency-Key': 'make-key' },
      });
    const first = await make();
    const second = await make();
    expect(first.json.key).toMatch(/^slk_/);
    expect(second.json).toEqual({ ...first.json, key: null });
    const kept = await whole.test.database.inWorkspace(id, (tx) =>
      tx.row<{ text: string }>('select response::text as text from idempotency_keys'),
    );
    expect(kept?.text).not.toContain(`slk_${first.json.key.slice(12)}`);
    expect(kept?.text).not.toContain(first.json.key);
    const list = await whole.call('GET', '/api-keys', { key });
    expect(list.json.items).toHaveLength(2);
  } finally {
    await whole.stop();
  }
});
