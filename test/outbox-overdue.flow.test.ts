import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sweepOverdue } from '../runtime/sweeper.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { type Due, doneDue, nextDue, overdue, setDue } from '../store/due.ts';
import { deleteLooks, takeLooks } from '../store/outbox.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let scratch: TestDatabase;
let database: Database;
let admin: pg.Client;
let workspaceId: string;

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
  admin = new pg.Client(scratch.url);
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await database.close();
  await scratch.drop();
});
beforeEach(async () => {
  await admin.query('truncate due, outbox');
  workspaceId = await newWorkspace(database);
});

const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
const minutesMs = 60_000;
const due = (more: Partial<Due> = {}): Due => ({
  subjectType: 'billing_policy',
  subjectId: randomUUID(),
  kind: 'bill',
  period: '2026-01',
  dueAt: ago(5 * minutesMs),
  ...more,
});
const set = (row: Due) => database.inWorkspace(workspaceId, (tx) => setDue(tx, row));
const done = (row: Due) => database.inWorkspace(workspaceId, (tx) => doneDue(tx, row));
const next = (row: Due) =>
  database.inWorkspace(workspaceId, (tx) => nextDue(tx, row.subjectType, row.subjectId));
const listOverdue = (limit = 100) => database.inSystem((tx) => overdue(tx, { limit, graceMs: 0 }));
const lookAt = (row: Due) =>
  database.inWorkspace(workspaceId, async (tx) => {
    const taken = await takeLooks(tx, row.subjectType, row.subjectId);
    await deleteLooks(tx, taken);
    return taken.length;
  });

test('a period comes up once: moved while open, never again once done', async () => {
  const row = due();
  expect(await set(row)).toBe(true);
  const later = { ...row, dueAt: '2040-01-01T00:00:00.000Z' };
  expect(await set(later)).toBe(true);
  expect(await next(row)).toEqual(later);
  expect(await done(row)).toBe(true);
  expect(await done(row)).toBe(false);
  expect(await set(row)).toBe(false);
  expect(await next(row)).toBeNull();
  expect(await listOverdue()).toEqual([]);
});

test('of many that finish a period at once, one did', async () => {
  const row = due();
  await set(row);
  const answers = await Promise.all(Array.from({ length: 8 }, () => done(row)));
  expect(answers.filter(Boolean)).toHaveLength(1);
});

test('a look sleeps until the earliest open row of its subject', async () => {
  const subjectId = randomUUID();
  const rows = ['2040-03-01', '2040-01-01', '2040-02-01'].map((day) =>
    due({ subjectId, period: day, dueAt: `${day}T00:00:00.000Z` }),
  );
  for (const row of rows) await set(row);
  expect((await next(rows[0]!))?.period).toBe('2040-01-01');
  await done(rows[1]!);
  expect((await next(rows[0]!))?.period).toBe('2040-02-01');
});

test('a sweep wakes each overdue subject once, however many periods it missed and however often it runs', async () => {
  const subjectId = randomUUID();
  for (const period of ['2026-01', '2026-02', '2026-03']) await set(due({ subjectId, period }));
  await set(due({ dueAt: '2040-01-01T00:00:00.000Z' }));
  const [a, b] = [due(), due()];
  await set(a);
  await set(b);
  expect(await sweepOverdue(database)).toBe(3);
  expect(await sweepOverdue(database)).toBe(0);
  expect(await lookAt(due({ subjectId }))).toBe(1);
  // That look did not settle it, so the next sweep asks again.
  expect(await sweepOverdue(database)).toBe(1);
});

test('a subject on its way does not hide those behind it', async () => {
  const [first, second] = [due({ dueAt: ago(60 * minutesMs) }), due()];
  await set(first);
  await set(second);
  expect(await listOverdue(1)).toMatchObject([{ workspaceId, subjectId: first.subjectId }]);
  await sweepOverdue(database);
  await lookAt(second);
  expect(await listOverdue(1)).toMatchObject([{ subjectId: second.subjectId }]);
});

test('a timer that fires right now is left alone', async () => {
  await set(due({ dueAt: ago(1_000) }));
  expect(await sweepOverdue(database)).toBe(0);
  expect(await sweepOverdue(database, { graceMs: 0 })).toBe(1);
});

test('in a sandbox its own clock decides', async () => {
  const [past, future] = [due(), due({ dueAt: '2040-01-01T00:00:00.000Z' })];
  await set(past);
  await set(future);
  const clock = (at: string) =>
    admin.query('update workspaces set clock_at = $2 where id = $1', [workspaceId, at]);
  await clock('2020-01-01T00:00:00Z');
  expect(await listOverdue()).toEqual([]);
  await clock('2040-01-01T00:00:00Z');
  expect((await listOverdue()).map((row) => row.subjectId)).toEqual([past.subjectId, future.subjectId]);
});

test('a workspace cannot finish the periods of another', async () => {
  const row = due();
  await set(row);
  workspaceId = await newWorkspace(database, 'Other Yard');
  expect(await done(row)).toBe(false);
  expect(await next(row)).toBeNull();
  expect(await listOverdue()).toHaveLength(1);
});
