import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainArray } from '../store/arrays.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace, sleep } from './support/loops.ts';

let scratch: TestDatabase;
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterAll(() => scratch.drop());

/** A small generator with a seed, so that a failing run can be repeated. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Deadlocks that Postgres had to break since this database was made; the store repeats them, but none should happen. */
async function deadlocks(): Promise<number> {
  await sleep(200);
  const row = await scratch.database.inSystem((tx) =>
    tx.row<{ deadlocks: number }>(
      'select deadlocks from pg_stat_database where datname = current_database()',
    ),
  );
  return row!.deadlocks;
}

async function makeEntries(tx: WorkspaceTx, quantities: number[]): Promise<string[]> {
  const ids = quantities.map(() => newId());
  await tx.run(
    `insert into entry_balance (workspace_id, entry_id, version, work_date, quantity)
     select $1, r.id, 1, '2026-03-02', r.quantity from unnest($2::uuid[], $3::bigint[]) as r(id, quantity)`,
    [tx.workspaceId, plainArray(ids), plainArray(quantities)],
  );
  return ids;
}
async function makeItems(tx: WorkspaceTx, quantities: string[]): Promise<string[]> {
  const ids = quantities.map(() => newId());
  await tx.run(
    `insert into item_balance (workspace_id, item_id, contract_id, quantity)
     select $1, r.id, $1, r.quantity from unnest($2::uuid[], $3::numeric[]) as r(id, quantity)`,
    [tx.workspaceId, plainArray(ids), plainArray(quantities)],
  );
  return ids;
}
const claim = (tx: WorkspaceTx, entries: string[], quantities: number[]) =>
  tx.run(
    `insert into claims (workspace_id, entry_id, version, item_id, quantity)
     select $1, r.id, 1, $4, r.quantity from unnest($2::uuid[], $3::bigint[]) as r(id, quantity)`,
    [tx.workspaceId, plainArray(entries), plainArray(quantities), newId()],
  );
interface Allocation {
  item: string;
  kind: string;
  target: string;
  quantity: number;
}
const allocate = (tx: WorkspaceTx, rows: Allocation[]) =>
  tx.run(
    `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount)
     select $1, r.*, 0 from unnest($2::uuid[], $3::text[], $4::uuid[], $5::numeric[]) as r`,
    [
      tx.workspaceId,
      plainArray(rows.map((row) => row.item)),
      plainArray(rows.map((row) => row.kind)),
      plainArray(rows.map((row) => row.target)),
      plainArray(rows.map((row) => row.quantity)),
    ],
  );

/** True when it went in, false when a bound refused it. Anything else is thrown. */
async function accepted(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === '23514') return false;
    throw error;
  }
}

test('many writers at once claim and return overlapping entries: never beyond an entry, and no deadlock', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  const sizes = Array.from({ length: 40 }, (_, index) => (index % 5 === 4 ? -3600 : 28_800));
  const entries = await database.inWorkspace(workspaceId, (tx) => makeEntries(tx, sizes));
  let refused = 0;
  let taken = 0;
  const writer = async (seed: number) => {
    const random = randomOf(seed);
    for (let round = 0; round < 25; round += 1) {
      const chosen = Array.from({ length: 1 + random(15) }, () => random(entries.length));
      // A third are returns; a claim of the same entry may stand several times in one statement.
      const quantities = chosen.map((index) => {
        const part = (1 + random(4)) * (sizes[index]! / 8);
        return random(3) === 0 ? -part : part;
      });
      const done = await accepted(
        database.inWorkspace(workspaceId, (tx) =>
          claim(
            tx,
            chosen.map((index) => entries[index]!),
            quantities,
          ),
        ),
      );
      if (done) taken += 1;
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index + 1)));
  const rows = await database.inWorkspace(workspaceId, (tx) =>
    tx.rows<{ quantity: number; claimed: number; ledger: number }>(
      `select b.quantity, b.claimed, coalesce((select sum(c.quantity) from claims c where c.workspace_id = $1 and c.entry_id = b.entry_id), 0)::bigint as ledger
       from entry_balance b where b.workspace_id = $1`,
      [workspaceId],
    ),
  );
  expect(rows).toHaveLength(40);
  for (const { quantity, claimed, ledger } of rows) {
    expect(claimed).toBe(ledger);
    expect(claimed).toBeGreaterThanOrEqual(Math.min(0, quantity));
    expect(claimed).toBeLessThanOrEqual(Math.max(0, quantity));
  }
  // Both happened, or the test proves nothing.
  expect(taken).toBeGreaterThan(10);
  expect(refused).toBeGreaterThan(10);
  expect(await deadlocks()).toBe(0);
});

test('many writers at once allocate and return overlapping items: never beyond an item or a line, and no deadlock', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  const sizes = Array.from({ length: 40 }, (_, index) => (index % 5 === 4 ? '-2.50' : '8.00'));
  const items = await database.inWorkspace(workspaceId, (tx) => makeItems(tx, sizes));
  const targets = Array.from({ length: 6 }, () => newId());
  let refused = 0;
  let taken = 0;
  const writer = async (seed: number) => {
    const random = randomOf(seed);
    for (let round = 0; round < 25; round += 1) {
      const rows = Array.from({ length: 1 + random(15) }, () => {
        const index = random(items.length);
        const part = (1 + random(4)) * 0.5 * Math.sign(Number(sizes[index]));
        const back = random(3) === 0;
        return {
          item: items[index]!,
          target: targets[random(targets.length)]!,
          kind: back ? 'discard' : 'draft',
          quantity: back ? -part : part,
        };
      });
      if (await accepted(database.inWorkspace(workspaceId, (tx) => allocate(tx, rows)))) taken += 1;
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index + 101)));
  const rows = await database.inWorkspace(workspaceId, (tx) =>
    tx.rows<{ right: boolean }>(
      `select b.allocated = coalesce(a.total, 0) and coalesce(a.total, 0) between least(0, b.quantity) and greatest(0, b.quantity)
         and coalesce(a.least, 0) >= least(0, b.quantity) and coalesce(a.most, 0) <= greatest(0, b.quantity) as right
       from item_balance b
       left join (select item_id, sum(quantity) as total, min(quantity) as least, max(quantity) as most from (
           select item_id, target_id, sum(quantity) as quantity from allocations where workspace_id = $1 group by 1, 2) l group by 1) a on a.item_id = b.item_id
       where b.workspace_id = $1`,
      [workspaceId],
    ),
  );
  expect(rows).toEqual(Array.from({ length: 40 }, () => ({ right: true })));
  expect(taken).toBeGreaterThan(10);
  expect(refused).toBeGreaterThan(10);
  expect(await deadlocks()).toBe(0);
});

test('of many that want the whole of one item at once, one gets it', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  const items = await database.inWorkspace(workspaceId, (tx) =>
    makeItems(
      tx,
      Array.from({ length: 30 }, () => '7.25'),
    ),
  );
  const attempts = Array.from({ length: 12 }, (_, seed) => {
    const target = newId();
    const random = randomOf(seed + 1);
    const rows = items
      .map((item) => ({ item, target, kind: 'draft', quantity: 7.25 }))
      .sort(() => random(2) - 0.5);
    return accepted(database.inWorkspace(workspaceId, (tx) => allocate(tx, rows)));
  });
  expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1);
});

const kinds = ['draft', 'discard', 'write_off', 'write_off_reversal', 'credit', 'void'] as const;
const steps = fc.array(
  fc.record({
    kind: fc.constantFrom(...kinds),
    target: fc.nat(2),
    /** In quarters of an hour, of either sign: a wrong sign must be refused too. */
    quarters: fc.integer({ min: -12, max: 12 }).filter((value) => value !== 0),
  }),
  { minLength: 1, maxLength: 14 },
);

test('any sequence of draft, discard, write-off, credit and void is taken exactly when item and line have room', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  const targets = [newId(), newId(), newId()];
  const within = (sum: number, quantity: number) =>
    sum >= Math.min(0, quantity) && sum <= Math.max(0, quantity);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(8, -8, 3), steps, async (quarters, sequence) => {
      const [item] = await database.inWorkspace(workspaceId, (tx) =>
        makeItems(tx, [(quarters / 4).toFixed(2)]),
      );
      const onTarget = [0, 0, 0];
      let total = 0;
      for (const step of sequence) {
        const fits =
          within(total + step.quarters, quarters) && within(onTarget[step.target]! + step.quarters, quarters);
        const done = await accepted(
          database.inWorkspace(workspaceId, (tx) =>
            allocate(tx, [
              { item: item!, kind: step.kind, target: targets[step.target]!, quantity: step.quarters / 4 },
            ]),
          ),
        );
        expect(
          done,
          `${step.kind} of ${step.quarters} where ${total} of ${quarters} is out, ${onTarget[step.target]} there`,
        ).toBe(fits);
        if (!fits) continue;
        total += step.quarters;
        onTarget[step.target]! += step.quarters;
      }
      const balance = await database.inWorkspace(workspaceId, (tx) =>
        tx.row<{ allocated: string }>(
          'select trim_scale(allocated)::text as allocated from item_balance where workspace_id = $1 and item_id = $2',
          [workspaceId, item],
        ),
      );
      expect(Number(balance!.allocated)).toBe(total / 4);
    }),
    { numRuns: 60 },
  );
});

test('any sequence of claims and returns of an entry version is taken exactly when it has room', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(3600, -3600, 0),
      fc.array(
        fc.integer({ min: -4000, max: 4000 }).filter((q) => q !== 0),
        { minLength: 1, maxLength: 8 },
      ),
      async (quantity, sequence) => {
        const [entry] = await database.inWorkspace(workspaceId, (tx) => makeEntries(tx, [quantity]));
        let total = 0;
        for (const part of sequence) {
          const fits = total + part >= Math.min(0, quantity) && total + part <= Math.max(0, quantity);
          expect(await accepted(database.inWorkspace(workspaceId, (tx) => claim(tx, [entry!], [part])))).toBe(
            fits,
          );
          if (fits) total += part;
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('a claim or an allocation of something that has no balance is refused, whole', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  const other = await newWorkspace(database);
  const [entry] = await database.inWorkspace(other, (tx) => makeEntries(tx, [3600]));
  const [item] = await database.inWorkspace(other, (tx) => makeItems(tx, ['1.00']));
  const [own] = await database.inWorkspace(workspaceId, (tx) => makeEntries(tx, [3600]));
  await expect(
    database.inWorkspace(workspaceId, (tx) => claim(tx, [own!, entry!], [60, 60])),
  ).rejects.toThrow('without a balance');
  await expect(
    database.inWorkspace(workspaceId, (tx) =>
      allocate(tx, [{ item: item!, kind: 'draft', target: newId(), quantity: 1 }]),
    ),
  ).rejects.toThrow('without a balance');
  const row = await database.inWorkspace(workspaceId, (tx) =>
    tx.row<{ count: number }>('select count(*) as count from claims where workspace_id = $1', [workspaceId]),
  );
  expect(row!.count).toBe(0);
});

test('ledger rows are never changed or removed, and a zero is no movement', async () => {
  const { database } = scratch;
  const workspaceId = await newWorkspace(database);
  await database.inWorkspace(workspaceId, async (tx) => {
    const [entry] = await makeEntries(tx, [3600]);
    const [item] = await makeItems(tx, ['1.00']);
    await claim(tx, [entry!], [3600]);
    await allocate(tx, [{ item: item!, kind: 'draft', target: newId(), quantity: 1 }]);
  });
  for (const table of ['claims', 'allocations'])
    for (const sql of [`update ${table} set quantity = 1`, `delete from ${table}`])
      await expect(database.inWorkspace(workspaceId, (tx) => tx.run(sql))).rejects.toThrow(
        'permission denied',
      );
  const [entry] = await database.inWorkspace(workspaceId, (tx) => makeEntries(tx, [3600]));
  await expect(database.inWorkspace(workspaceId, (tx) => claim(tx, [entry!], [0]))).rejects.toMatchObject({
    code: '23514',
  });
});
