import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Decimal } from '../domain/money.ts';
import { plainArray, textArray } from '../store/arrays.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { newId } from '../store/new-id.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { newWorkspace, sleep } from './support/loops.ts';

// The bound of the database itself, below the store's own refusals: Σ applications ≤ the payment.
let scratch: TestDatabase;
let workspaceId: string;
beforeAll(async () => {
  scratch = await createTestDatabase();
  workspaceId = await newWorkspace(scratch.database);
});
afterAll(() => scratch.drop());

const inside = <T>(work: (tx: WorkspaceTx) => Promise<T>) => scratch.database.inWorkspace(workspaceId, work);

async function paymentOf(amount: string): Promise<string> {
  const id = newId();
  await inside((tx) =>
    tx.run(
      `insert into payments (workspace_id, id, direction, currency, amount, value_date, recorded_by)
       values ($1, $2, 'incoming', 'GBP', $3, '2026-04-01', 'test')`,
      [workspaceId, id, amount],
    ),
  );
  return id;
}

interface Row {
  payment: string;
  amount: string;
  kind?: string;
}
/** All in one statement. */
const apply = (tx: WorkspaceTx, rows: Row[]) =>
  tx.run(
    `insert into payment_applications (workspace_id, payment_id, kind, document_id, amount, posting_date)
     select $1, r.payment, r.kind, $1, r.amount, '2026-04-01' from unnest($2::uuid[], $3::text[], $4::numeric[]) as r(payment, kind, amount)`,
    [
      workspaceId,
      plainArray(rows.map((row) => row.payment)),
      textArray(rows.map((row) => row.kind ?? 'invoice')),
      plainArray(rows.map((row) => row.amount)),
    ],
  );
const applied = async (payment: string) => {
  const row = await inside((tx) =>
    tx.row<{ sum: string }>(
      'select coalesce(sum(amount), 0) as sum from payment_applications where workspace_id = $1 and payment_id = $2',
      [workspaceId, payment],
    ),
  );
  return new Decimal(row!.sum).toFixed(2);
};
const beyond = { code: '23514', message: expect.stringContaining('cannot have') };

test('a payment is applied up to its amount, and no penny beyond it', async () => {
  const payment = await paymentOf('100.00');
  await inside((tx) => apply(tx, [{ payment, amount: '60.00' }]));
  await expect(inside((tx) => apply(tx, [{ payment, amount: '40.01' }]))).rejects.toMatchObject(beyond);
  await inside((tx) => apply(tx, [{ payment, amount: '40.00', kind: 'on_account' }]));
  await expect(inside((tx) => apply(tx, [{ payment, amount: '0.01' }]))).rejects.toMatchObject(beyond);
  expect(await applied(payment)).toBe('100.00');
});

test('of a statement over several payments, one beyond its amount refuses the whole', async () => {
  const payments = await Promise.all(['10.00', '20.00', '30.00'].map(paymentOf));
  const rows = payments.map((payment) => ({ payment, amount: '10.00' }));
  await expect(
    inside((tx) => apply(tx, [...rows, { payment: payments[1]!, amount: '10.01' }])),
  ).rejects.toMatchObject(beyond);
  expect(await Promise.all(payments.map(applied))).toEqual(['0.00', '0.00', '0.00']);
  await inside((tx) => apply(tx, rows));
  expect(await Promise.all(payments.map(applied))).toEqual(['10.00', '10.00', '10.00']);
});

test('a countering row passes and frees what it counters', async () => {
  const payment = await paymentOf('100.00');
  await inside((tx) => apply(tx, [{ payment, amount: '100.00', kind: 'on_account' }]));
  await inside(async (tx) => {
    await apply(tx, [{ payment, amount: '-70.00', kind: 'on_account' }]);
    await apply(tx, [{ payment, amount: '70.00' }]);
  });
  expect(await applied(payment)).toBe('100.00');
  await expect(
    inside(async (tx) => {
      await apply(tx, [{ payment, amount: '-30.00', kind: 'on_account' }]);
      await apply(tx, [{ payment, amount: '30.01' }]);
    }),
  ).rejects.toMatchObject(beyond);
});

test('a discount lets more be settled than was paid, in one statement with its invoice', async () => {
  const payment = await paymentOf('95.00');
  const invoice = { payment, amount: '100.00' };
  const discount = { payment, amount: '-5.00', kind: 'early_payment_discount' };
  await expect(inside((tx) => apply(tx, [invoice]))).rejects.toMatchObject(beyond);
  await inside((tx) => apply(tx, [invoice, discount]));
  expect(await applied(payment)).toBe('95.00');
});

test('a reversed payment gives back and takes nothing more, and what was paid is never rewritten', async () => {
  const payment = await paymentOf('100.00');
  await inside((tx) => apply(tx, [{ payment, amount: '80.00' }]));
  const change = (set: string) =>
    inside((tx) =>
      tx.run(`update payments set ${set} where workspace_id = $1 and id = $2`, [workspaceId, payment]),
    );
  for (const set of ["amount = '79.99'", "amount = '200.00'", "currency = 'EUR'", "direction = 'outgoing'"])
    await expect(change(set), set).rejects.toThrow('reverse it instead');
  await change("status = 'reversed'");
  await expect(inside((tx) => apply(tx, [{ payment, amount: '10.00' }]))).rejects.toMatchObject(beyond);
  await inside((tx) => apply(tx, [{ payment, amount: '-80.00' }]));
  await expect(inside((tx) => apply(tx, [{ payment, amount: '0.01' }]))).rejects.toMatchObject(beyond);
  expect(await applied(payment)).toBe('0.00');
});

test('of many at once that each fit alone, as many are taken as fit together', async () => {
  const payment = await paymentOf('100.00');
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () =>
      inside(async (tx) => {
        await apply(tx, [{ payment, amount: '30.00' }]);
        // The others come while this one is not committed: none of them sees its row.
        await sleep(20);
      }),
    ),
  );
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(3);
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(beyond);
  expect(await applied(payment)).toBe('90.00');
});

test('a reversal at once with an application: whichever comes first, nothing is applied to what is reversed', async () => {
  for (let round = 0; round < 8; round += 1) {
    const payment = await paymentOf('50.00');
    const [took] = await Promise.allSettled([
      inside(async (tx) => {
        if (round % 2) await sleep(5);
        await apply(tx, [{ payment, amount: '50.00' }]);
      }),
      inside(async (tx) => {
        if (round % 2 === 0) await sleep(5);
        await tx.run("update payments set status = 'reversed' where workspace_id = $1 and id = $2", [
          workspaceId,
          payment,
        ]);
        const open = await tx.row<{ sum: string | null }>(
          'select sum(amount) as sum from payment_applications where workspace_id = $1 and payment_id = $2',
          [workspaceId, payment],
        );
        if (open!.sum) await apply(tx, [{ payment, amount: `-${open!.sum}` }]);
        await sleep(10);
      }),
    ]);
    if (took.status === 'rejected') expect(took.reason).toMatchObject(beyond);
    expect(await applied(payment)).toBe('0.00');
  }
});

test('statements over the same payments in opposite orders do not block each other', async () => {
  const payments = await Promise.all(Array.from({ length: 12 }, () => paymentOf('100.00')));
  await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      inside((tx) =>
        apply(
          tx,
          (index % 2 ? payments : payments.toReversed()).map((payment) => ({ payment, amount: '4.00' })),
        ),
      ),
    ),
  );
  expect(new Set(await Promise.all(payments.map(applied)))).toEqual(new Set(['96.00']));
  await sleep(200);
  const row = await scratch.database.inSystem((tx) =>
    tx.row<{ deadlocks: number }>(
      'select deadlocks from pg_stat_database where datname = current_database()',
    ),
  );
  expect(row!.deadlocks).toBe(0);
});

test('any sequence of applications and counters is taken exactly when it takes nothing, or there is room', async () => {
  const cents = fc.integer({ min: -8_000, max: 8_000 }).filter((amount) => amount !== 0);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(cents, { minLength: 1, maxLength: 3 }), { maxLength: 8 }),
      async (statements) => {
        const payment = await paymentOf('100.00');
        let held = 0;
        for (const statement of statements) {
          const delta = statement.reduce((sum, amount) => sum + amount, 0);
          const done = inside((tx) =>
            apply(
              tx,
              statement.map((amount) => ({ payment, amount: new Decimal(amount).div(100).toFixed(2) })),
            ),
          );
          if (delta > 0 && held + delta > 10_000) await expect(done).rejects.toMatchObject(beyond);
          else {
            await done;
            held += delta;
          }
        }
        expect(await applied(payment)).toBe(new Decimal(held).div(100).toFixed(2));
      },
    ),
    { numRuns: 20 },
  );
});
