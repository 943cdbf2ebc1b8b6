import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../store/database.ts';
import {
  claimSubjects,
  deleteLooks,
  enqueueLook,
  enqueueLooks,
  type Look,
  releaseSubjects,
  takeLooks,
} from '../store/outbox.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let scratch: TestDatabase;
let database: Database;
let workspaceId: string;

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});
beforeEach(async () => {
  // A look that every claim of an earlier test left behind would be claimed here too.
  if (workspaceId) {
    await database.inWorkspace(workspaceId, (tx) => tx.run('delete from outbox'));
  }
  workspaceId = await newWorkspace(database);
});

const look = (subjectId: string, more: Partial<Look> = {}): Look => ({
  subjectType: 'client_invoice',
  subjectId,
  lane: 'interactive',
  reason: 'test',
  ...more,
});
const add = (...looks: Look[]) => database.inWorkspace(workspaceId, (tx) => enqueueLooks(tx, looks));
const claim = (more: Partial<Parameters<typeof claimSubjects>[1]> = {}) =>
  database.inSystem((tx) =>
    claimSubjects(tx, { lane: 'interactive', limit: 100, resignalAfterMs: 5_000, afterId: '0', ...more }),
  );
const take = (subjectId: string) =>
  database.inWorkspace(workspaceId, (tx) => takeLooks(tx, 'client_invoice', subjectId));
const drop = (ids: string[]) => database.inWorkspace(workspaceId, (tx) => deleteLooks(tx, ids));
const age = (createdAgoMs: number, signalledAgoMs: number) =>
  database.inWorkspace(workspaceId, async (tx) => {
    const rows = await tx.rows<{ subjectId: string }>('delete from outbox returning subject_id');
    for (const row of rows) {
      await tx.run(
        `insert into outbox (workspace_id, subject_type, subject_id, reason, created_at, signalled_at)
         values ($1, 'client_invoice', $2, 'test', now() - $3::interval, now() - $4::interval)`,
        [workspaceId, row.subjectId, `${createdAgoMs} milliseconds`, `${signalledAgoMs} milliseconds`],
      );
    }
  });

test('many rows of a subject, in both lanes, are one signal', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId), look(subjectId), look(subjectId, { lane: 'bulk' }));
  const claimed = await claim();
  expect(claimed).toMatchObject([{ workspaceId, subjectType: 'client_invoice', subjectId }]);
  expect(claimed[0]?.ids).toHaveLength(3);
  expect(await claim()).toEqual([]);
  expect(await claim({ lane: 'bulk' })).toEqual([]);
});

test('a row added while a look is on its way waits for it, and is signalled at once when that look left it', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId));
  await claim();
  const taken = await take(subjectId);
  await add(look(subjectId));
  expect(await claim()).toEqual([]);
  await drop(taken);
  const again = await claim();
  expect(again).toHaveLength(1);
  expect(again[0]?.ids).toEqual(await take(subjectId));
});

test('a row added while a look is on its way goes with it when that look reads later', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId));
  await claim();
  await add(look(subjectId));
  await drop(await take(subjectId));
  expect(await take(subjectId)).toEqual([]);
  expect(await claim()).toEqual([]);
});

test('an unanswered look is signalled again after 5 s, then ever later', async () => {
  await add(look(randomUUID()));
  await age(4_900, 4_900);
  expect(await claim()).toEqual([]);
  await age(5_100, 5_100);
  expect(await claim()).toHaveLength(1);
  // Signalled last at the age of 20 s: again at 40 s.
  await age(39_000, 19_000);
  expect(await claim()).toEqual([]);
  await age(41_000, 21_000);
  expect(await claim()).toHaveLength(1);
  // Never later than a minute.
  await age(86_400_000, 61_000);
  expect(await claim()).toHaveLength(1);
});

test('a new row waits at most 5 s for an answer that does not come', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId));
  await age(60_000, 6_000);
  expect(await claim()).toEqual([]);
  await add(look(subjectId));
  expect((await claim())[0]?.ids).toHaveLength(2);
});

test('what could not be sent is given back and claimed again', async () => {
  await add(look(randomUUID()));
  const [first] = await claim();
  await database.inSystem((tx) => releaseSubjects(tx, first!.ids));
  expect(await claim()).toEqual([first]);
});

test('a subject whose rows are just being deleted is neither waited for nor signalled', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId));
  await database.inWorkspace(workspaceId, async (tx) => {
    await deleteLooks(tx, await takeLooks(tx, 'client_invoice', subjectId));
    expect(await claim()).toEqual([]);
  });
});

test('relays that claim at the same time never claim the same subject', async () => {
  await add(...Array.from({ length: 300 }, () => look(randomUUID())));
  const claims = await Promise.all(Array.from({ length: 12 }, () => claim({ limit: 40 })));
  const subjects = claims.flat().map((subject) => subject.subjectId);
  expect(subjects).toHaveLength(300);
  expect(new Set(subjects).size).toBe(300);
});

test('the oldest go first, at most as many as asked for', async () => {
  const ids = Array.from({ length: 5 }, () => randomUUID());
  await add(...ids.map((id) => look(id)));
  expect((await claim({ limit: 3 })).map((subject) => subject.subjectId)).toEqual(ids.slice(0, 3));
  expect((await claim({ limit: 3 })).map((subject) => subject.subjectId)).toEqual(ids.slice(3));
});

test('a workspace neither sees nor deletes the looks of another', async () => {
  const subjectId = randomUUID();
  await add(look(subjectId));
  const ids = await take(subjectId);
  const other = await newWorkspace(database, 'Other Yard');
  await database.inWorkspace(other, async (tx) => {
    expect(await takeLooks(tx, 'client_invoice', subjectId)).toEqual([]);
    await deleteLooks(tx, ids);
  });
  expect(await take(subjectId)).toEqual(ids);
});

test('a command that fails asks for nothing, and wakes nobody', async () => {
  const topics: string[] = [];
  const off = database.onTouched((touched) => topics.push(...touched));
  const subjectId = randomUUID();
  await expect(
    database.inWorkspace(workspaceId, async (tx) => {
      await enqueueLook(tx, look(subjectId));
      throw new Error('refused');
    }),
  ).rejects.toThrow('refused');
  expect(topics).toEqual([]);
  await add(look(subjectId));
  off();
  expect(topics).toEqual(['outbox']);
  expect(await take(subjectId)).toHaveLength(1);
});
