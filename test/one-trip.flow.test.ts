/** Owns transactions whose statements leave together: all or nothing, within one workspace, and as fast as one way there and back. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../store/database.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let scratch: TestDatabase;
let ours: string;
let theirs: string;
beforeAll(async () => {
  scratch = await createTestDatabase();
  ours = await newWorkspace(scratch.database, 'Ours');
  theirs = await newWorkspace(scratch.database, 'Theirs');
});
afterAll(() => scratch.drop());

const add = (workspaceId: string, name: string) => ({
  sql: 'insert into clients (workspace_id, name, code, currency) values ($1, $2, $3, $4) returning name',
  params: [workspaceId, name, name.slice(0, 3).toUpperCase(), 'GBP'],
});
const all = { sql: 'select name from clients where $1 order by name', params: [true] };

test('each statement is answered by its rows and sees what those before it wrote', async () => {
  const answers = await scratch.database.inOneTrip(ours, [add(ours, 'Anchor'), add(ours, 'Buoy'), all]);
  expect(answers).toEqual([[{ name: 'Anchor' }], [{ name: 'Buoy' }], [{ name: 'Anchor' }, { name: 'Buoy' }]]);
  expect(await scratch.database.inOneTrip(ours, [all])).toEqual([[{ name: 'Anchor' }, { name: 'Buoy' }]]);
});

test('where one fails nothing of the others stays, its reason is told, and the connection goes on', async () => {
  const database = openDatabase(scratch.url, { poolSize: 1 });
  try {
    const before = await database.inOneTrip(ours, [all]);
    const failing = { sql: 'select 1 / $1::int as n', params: [0] };
    await expect(
      database.inOneTrip(ours, [add(ours, 'Chain'), failing, add(ours, 'Dock')]),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await database.inOneTrip(ours, [all])).toEqual(before);
  } finally {
    await database.close();
  }
});

test('one workspace neither sees nor writes what is of another', async () => {
  expect(await scratch.database.inOneTrip(theirs, [all])).toEqual([[]]);
  await expect(scratch.database.inOneTrip(theirs, [add(ours, 'Smuggled')])).rejects.toMatchObject({
    code: '42501',
  });
  await expect(scratch.database.inOneTrip("x'; select 1; --", [all])).rejects.toThrow('not a workspace id');
});

test('who waits is told once it is committed, and only of what answered rows', async () => {
  const told: string[][] = [];
  const off = scratch.database.onTouched((topics) => told.push([...topics]));
  try {
    const none = { sql: 'select name from clients where name = $1', params: ['nobody'] };
    await scratch.database.inOneTrip(ours, [{ ...none, touches: 'outbox' }]);
    expect(told).toEqual([]);
    await scratch.database.inOneTrip(ours, [
      { ...none, touches: 'events' },
      { ...add(ours, 'Eddy'), touches: 'outbox' },
    ]);
    expect(told).toEqual([['outbox']]);
    const failing = { sql: 'select 1 / $1::int as n', params: [0] };
    const touching = { ...add(ours, 'Ferry'), touches: 'outbox' as const };
    await expect(scratch.database.inOneTrip(ours, [touching, failing])).rejects.toThrow('division by zero');
    expect(told).toEqual([['outbox']]);
  } finally {
    off();
  }
});

test('a migration that changes what a kept statement answers is no failure', async () => {
  const database = openDatabase(scratch.url, { poolSize: 1 });
  const owner = new pg.Client({ connectionString: scratch.url });
  try {
    await owner.connect();
    const wide = { sql: 'select * from clients where name = $1', params: ['Anchor'] };
    expect(await database.inOneTrip(ours, [wide])).toMatchObject([[{ name: 'Anchor' }]]);
    await owner.query('alter table clients add column berth text');
    expect(await database.inOneTrip(ours, [wide])).toMatchObject([[{ name: 'Anchor', berth: null }]]);
  } finally {
    await owner.end();
    await database.close();
  }
});
