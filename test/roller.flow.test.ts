import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Decimal } from '../domain/money.ts';
import { startRoller } from '../runtime/roller.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { addDeltas, type Delta, foldDeltas, readTotals } from '../store/totals.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { keepLog, newWorkspace, sleep, until } from './support/loops.ts';

let scratch: TestDatabase;
let database: Database;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  scratch = await createTestDatabase();
  database = openDatabase(scratch.url);
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  await database.close();
  await scratch.drop();
});

const metric = 'client_invoices.issued_amount';
const add = (workspaceId: string, ...deltas: Delta[]) =>
  database.inWorkspace(workspaceId, (tx) => addDeltas(tx, deltas));
const read = (workspaceId: string) => database.inWorkspace(workspaceId, (tx) => readTotals(tx, metric));
const fold = (limit: number) => database.inSystem((tx) => foldDeltas(tx, limit));
const openDeltas = async () => {
  const row = await database.inSystem((tx) =>
    tx.row<{ n: number }>('select count(*) as n from total_deltas'),
  );
  return row!.n;
};

test('deltas of one change are grouped, exactly, and what cancels out is not written', async () => {
  const workspaceId = await newWorkspace(database);
  await add(
    workspaceId,
    { metric, key: 'EUR', value: '0.1' },
    { metric, key: 'EUR', value: '0.2' },
    { metric, key: 'USD', value: '123456789012345.678901' },
    { metric, key: 'GBP', value: '5.00' },
    { metric, key: 'GBP', value: '-5' },
    { metric: 'hours', key: 'EUR', value: '7' },
  );
  expect(await openDeltas()).toBe(3);
  const totals = new Map([
    ['EUR', '0.3'],
    ['USD', '123456789012345.678901'],
  ]);
  expect(await read(workspaceId)).toEqual(totals);
  expect(await fold(100)).toBe(3);
  expect(await openDeltas()).toBe(0);
  expect(await read(workspaceId)).toEqual(totals);
});

test('folding takes the oldest deltas, at most as many as it is told', async () => {
  const workspaceId = await newWorkspace(database);
  for (const value of ['1', '2', '4']) await add(workspaceId, { metric, key: 'EUR', value });
  expect(await fold(2)).toBe(2);
  expect(await openDeltas()).toBe(1);
  expect(await read(workspaceId)).toEqual(new Map([['EUR', '7']]));
  expect(await fold(2)).toBe(1);
  expect(await fold(2)).toBe(0);
});

test('a workspace reads only its own totals, open or folded', async () => {
  const [one, other] = [await newWorkspace(database), await newWorkspace(database, 'Other Yard')];
  await add(one, { metric, key: 'EUR', value: '1' });
  expect(await read(other)).toEqual(new Map());
  await fold(100);
  expect(await read(other)).toEqual(new Map());
  expect(await read(one)).toEqual(new Map([['EUR', '1']]));
});

test('every read is exact while many write and several rollers fold', async () => {
  const workspaceId = await newWorkspace(database);
  for (let n = 0; n < 3; n += 1) {
    const roller = startRoller({ database, logger: keepLog().logger, everyMs: 1 });
    stops.push(() => roller.stop());
  }
  // Each change moves an amount from one key to another, so at every moment they add up to nothing; `changes` only
  // grows, and is at least what was committed before the read began, at most what was begun before it ended.
  let begun = 0;
  let committed = 0;
  let writing = true;
  const keys = ['EUR', 'USD', 'GBP', 'NOK'];
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let n = 0; n < 80; n += 1) {
      const value = new Decimal(writer * 1_000 + n).plus('0.01');
      begun += 1;
      await database.inWorkspace(workspaceId, async (tx) => {
        await addDeltas(tx, [
          { metric, key: keys[(writer + n) % 4]!, value: value.toFixed() },
          { metric, key: keys[(writer + n + 1) % 4]!, value: value.negated().toFixed() },
          { metric, key: 'changes', value: '1' },
        ]);
        if (n % 16 === 0) await sleep(20);
      });
      committed += 1;
    }
  });
  let reads = 0;
  let last = 0;
  const reader = (async () => {
    while (writing) {
      const atLeast = committed;
      const totals = await read(workspaceId);
      const atMost = begun;
      const changes = Number(totals.get('changes') ?? '0');
      expect(changes).toBeGreaterThanOrEqual(Math.max(atLeast, last));
      expect(changes).toBeLessThanOrEqual(atMost);
      const sum = keys.reduce((total, key) => total.plus(totals.get(key) ?? 0), new Decimal(0));
      expect(sum.toFixed()).toBe('0');
      last = changes;
      reads += 1;
    }
  })();
  await Promise.all(writers);
  writing = false;
  await reader;
  expect(reads).toBeGreaterThan(20);
  expect((await read(workspaceId)).get('changes')).toBe('480');
  const before = await read(workspaceId);
  await until('all is folded', async () => (await openDeltas()) === 0);
  expect(await read(workspaceId)).toEqual(before);
});
