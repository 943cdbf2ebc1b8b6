import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase, type Tx } from '../store/database.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace } from './support/loops.ts';

let scratch: TestDatabase;
let owner: pg.Client;
let workspaceId: string;
const opened: Database[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
  owner = new pg.Client({ connectionString: scratch.url });
  await owner.connect();
  await owner.query(
    'create table shelf (n int primary key); insert into shelf values (1); grant select on shelf to public',
  );
  workspaceId = await newWorkspace(scratch.database);
});
afterAll(async () => {
  for (const database of opened) await database.close();
  await owner.end();
  await scratch.drop();
});

/** One connection, so that what it keeps can be seen. */
function open(options: Parameters<typeof openDatabase>[1] = {}): Database {
  const database = openDatabase(scratch.url, { poolSize: 1, ...options });
  opened.push(database);
  return database;
}
const keptOf = (database: Database, sql: string) =>
  database.inWorkspace(workspaceId, (tx) =>
    tx.rows<{ name: string }>('select name from pg_prepared_statements where statement = $1', [sql]),
  );
const twice = async (database: Database, work: (tx: Tx) => Promise<unknown>) => {
  for (let n = 0; n < 2; n += 1) await database.inWorkspace(workspaceId, work, 'kept');
};

test('a statement is prepared once a connection where plans are kept, and nowhere else', async () => {
  const database = open();
  const sql = 'select n from shelf where n = $1';
  await database.inWorkspace(workspaceId, (tx) => tx.rows(sql, [1]));
  expect(await keptOf(database, sql)).toEqual([]);
  await twice(database, (tx) => tx.rows(sql, [1]));
  expect(await keptOf(database, sql)).toHaveLength(1);
});

test('what names many rows is planned anew each time', async () => {
  const database = open();
  const sql = 'select n from shelf where n = any($1::int[]) order by n';
  await twice(database, (tx) => tx.rows(sql, [Array.from({ length: 500 }, (_, n) => n)]));
  expect(await keptOf(database, sql)).toEqual([]);
  await twice(database, (tx) => tx.rows(sql, [[1, 2]]));
  expect(await keptOf(database, sql)).toHaveLength(1);
});

test('behind a pooler nothing is kept: the next transaction may be in another session', async () => {
  const database = open({ directUrl: `${scratch.url}?application_name=direct` });
  const sql = 'select n + 1 as n from shelf where n = $1';
  await twice(database, (tx) => tx.rows(sql, [1]));
  expect(await keptOf(database, sql)).toEqual([]);
});

test('a migration that changes what a kept statement answers is not noticed by whoever asks', async () => {
  const database = open();
  const ask = () =>
    database.inWorkspace(workspaceId, (tx) => tx.rows('select * from shelf where n = $1', [1]), 'kept');
  expect(await ask()).toEqual([{ n: 1 }]);
  await owner.query("alter table shelf add column name text default 'top'");
  expect(await ask()).toEqual([{ n: 1, name: 'top' }]);
  expect(await ask()).toEqual([{ n: 1, name: 'top' }]);
});

test('a table that has grown since a plan was made is not read whole for one row of it', async () => {
  const database = open();
  const sql = 'select n from shelf where n = $1';
  await twice(database, (tx) => tx.rows(sql, [1]));
  const plan = await database.inWorkspace(
    workspaceId,
    (tx) => tx.rows<{ queryPlan: string }>('explain select n from shelf where n = 1'),
    'kept',
  );
  expect(JSON.stringify(plan)).toMatch(/Index/);
});
