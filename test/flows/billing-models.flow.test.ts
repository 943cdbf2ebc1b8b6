/** Owns that each model of contract is billed by its runs, through the real Temporal, to the cent that is worked out here. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClauseChange, readClauses } from '../../domain/contract-terms.ts';
import {
  type Books,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  take,
} from '../support/books.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openTestWorkspace, type TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.stop());

interface Firm {
  books: Books;
  at: TestWorkspace;
  /** Billed by hand up to the day, issued, and at rest. */
  bill(cutoffOn: string): Promise<void>;
  /** Of what was issued, in the order of the numbers. */
  nets(): Promise<string[]>;
}
const rate = 80;
async function firmOn(clauses: ClauseChange): Promise<Firm> {
  const { database } = hub.test;
  const books = await openBooks(database, { contract: { clauses: readClauses(clauses) } });
  const at = await openTestWorkspace(hub.hub, database, books.workspaceId);
  return {
    books,
    at,
    bill: async (cutoffOn) => {
      const asked = await at.post<{ id: string }>('/billing-runs', {
        scope: { type: 'contract', id: books.contractId },
        cutoffOn,
        reason: 'Month end',
        finishAt: 'issue',
      });
      const read = () =>
        at.get<{ run: { status: string; error: string | null } }>(`/billing-runs/${asked.id}`);
      await until(
        'the run has ended',
        async () => !['queued', 'running'].includes((await read()).run.status),
        60_000,
      );
      expect((await read()).run).toMatchObject({ status: 'done', error: null });
      await expectBalanced(database, books);
    },
    nets: async () => (await invoicesOf(books)).filter(({ number }) => number !== null).map(({ net }) => net),
  };
}
const hours = (workDate: string, count: number) =>
  entryOf(`${workDate} ${count}`, { workDate, quantity: count * 3_600 });
/** Money of whole cents, as it is written. */
const euros = (cents: number) => (cents / 100).toFixed(2);
const worked = (...counts: number[]) => euros(counts.reduce((sum, count) => sum + count * rate * 100, 0));

test('time and materials: each month bills its hours at their rate', async () => {
  const firm = await firmOn({ billingModel: { type: 'time_and_materials' } });
  const january = [hours('2026-01-12', 7.5), hours('2026-01-13', 2)];
  const february = [hours('2026-02-03', 3)];
  await take(firm.books, [...january, ...february]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  expect(await firm.nets()).toEqual([worked(7.5, 2), worked(3)]);
});

test('not to exceed: work is billed up to the amount, what goes beyond waits, and is billed once the amount is raised', async () => {
  const limit = 1_000;
  const firm = await firmOn({ billingModel: { type: 'not_to_exceed', amount: String(limit) } });
  await take(firm.books, [hours('2026-01-12', 10), hours('2026-02-03', 2), hours('2026-02-04', 1)]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  // 800 and 160 fit; with another 80 it would be 1040.
  expect(await firm.nets()).toEqual([worked(10), worked(2)]);
  expect((await exceptionsOf(firm.books)).map(({ rule }) => rule)).toEqual(['contract.not_to_exceed']);
  await firm.at.post(`/contracts/${firm.books.contractId}/amendments`, {
    startsOn: '2026-02-04',
    clauses: { billingModel: { type: 'not_to_exceed', amount: '1040' } },
    reason: 'More work was ordered',
  });
  await firm.bill('2026-03-01');
  expect(await firm.nets()).toEqual([worked(10), worked(2), worked(1)]);
  expect(10 + 2 + 1).toBe(1_040 / rate);
});

test('a fixed price by milestones: each is billed when it is reached, and the hours under it by nobody', async () => {
  const price = 900;
  const firm = await firmOn({
    billingModel: { type: 'fixed_price', price: String(price), by: 'milestones' },
  });
  const projectId = firm.books.projects.P1!;
  await firm.at.patch(`/projects/${projectId}`, { price: '900.00' });
  await take(firm.books, [hours('2026-01-12', 9)]);
  const milestone = (name: string, worth: string) =>
    firm.at.post<{ id: string }>('/milestones', { projectId, name, kind: 'acceptance', price: worth });
  const keel = await milestone('Keel', '600.00');
  const launch = await milestone('Launch', '300.00');
  const reach = ({ id }: { id: string }) => firm.at.post(`/milestones/${id}/reach`, { reason: 'accepted' });
  const today = '2099-01-01';
  await firm.bill(today);
  expect(await firm.nets()).toEqual([]);
  await reach(keel);
  await firm.bill(today);
  await reach(launch);
  await firm.bill(today);
  await firm.bill(today);
  expect(await firm.nets()).toEqual(['600.00', '300.00']);
});

test('a fixed price by percentage: what is complete is billed, and the last step bills the rest to the cent', async () => {
  const firm = await firmOn({
    billingModel: { type: 'fixed_price', price: '1000.00', by: 'percentage' },
  });
  await take(firm.books, [hours('2026-01-12', 9)]);
  const complete = async (percentage: string, on: string) => {
    await firm.at.post(`/contracts/${firm.books.contractId}/completion`, { percentage, on });
    await firm.bill('2026-04-01');
  };
  await complete('33.333', '2026-01-31');
  await complete('66.6666', '2026-02-28');
  await complete('100', '2026-03-31');
  const first = Math.round(100_000 * 0.33333);
  const second = Math.round(100_000 * 0.666666) - first;
  expect(await firm.nets()).toEqual([euros(first), euros(second), euros(100_000 - first - second)]);
});

test('a retainer in hours: each month bills its fee and the hours beyond what it brings', async () => {
  const fee = 700;
  const firm = await firmOn({
    billingModel: { type: 'retainer', measure: 'hours', quantity: '10', period: 'month', fee: '700.00' },
  });
  await take(firm.books, [hours('2026-01-12', 4), hours('2026-02-03', 12)]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  expect(await firm.nets()).toEqual([euros(fee * 100), euros(fee * 100 + (12 - 10) * rate * 100)]);
});

test('a retainer in money: its balance is drawn at the rates, carried into the next month, and the rest is billed', async () => {
  const brings = 500;
  const firm = await firmOn({
    billingModel: {
      type: 'retainer',
      measure: 'money',
      quantity: String(brings),
      period: 'month',
      fee: '500.00',
      rollOver: 'all',
    },
  });
  await take(firm.books, [hours('2026-01-12', 4), hours('2026-02-03', 10)]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  // January leaves 500 − 320 = 180; February has 680 for 800 of work.
  const left = brings - 4 * rate;
  const beyond = 10 * rate - (left + brings);
  expect(await firm.nets()).toEqual([euros(brings * 100), euros((brings + beyond) * 100)]);
});

test('a minimum amount: too little waits for the next month, and is billed with it on one invoice', async () => {
  const firm = await firmOn({ minimumInvoiceAmount: '500.00' });
  await take(firm.books, [hours('2026-01-12', 3), hours('2026-02-03', 4), hours('2026-03-03', 1)]);
  await firm.bill('2026-02-01');
  expect(await firm.nets()).toEqual([]);
  await firm.bill('2026-03-01');
  await firm.bill('2026-04-01');
  expect(await firm.nets()).toEqual([worked(3, 4)]);
});

test('a retention: a part of each invoice is held back, and stays receivable until it is released', async () => {
  const firm = await firmOn({ retentionPercentage: '5' });
  await take(firm.books, [hours('2026-01-12', 10), hours('2026-02-03', 7)]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  const held = await firm.books.in((tx) =>
    tx.rows<{ net: string; held: string; releasedAt: string | null }>(
      `select i.net, r.amount as held, r.released_at from client_invoices i join retentions r on r.workspace_id = $1 and r.invoice_id = i.id
       where i.workspace_id = $1 order by i.sequence`,
      [firm.books.workspaceId],
    ),
  );
  const fivePercent = (count: number) => euros((count * rate * 100 * 5) / 100);
  expect(held).toEqual([
    { net: worked(10), held: fivePercent(10), releasedAt: null },
    { net: worked(7), held: fivePercent(7), releasedAt: null },
  ]);
});

test('overtime: hours beyond eight of a day are billed at time and a half, also when they come late', async () => {
  const firm = await firmOn({ overtime: { dailyAfterSeconds: 8 * 3_600, multiplier: '1.5' } });
  await take(firm.books, [hours('2026-01-12', 10), hours('2026-02-03', 7)]);
  await firm.bill('2026-02-01');
  await firm.bill('2026-03-01');
  await take(firm.books, [entryOf('late', { workDate: '2026-02-03', quantity: 3 * 3_600 })]);
  await firm.bill('2026-04-01');
  const overtime = (count: number) => count * rate * 150;
  expect(await firm.nets()).toEqual([
    euros(8 * rate * 100 + overtime(2)),
    euros(7 * rate * 100),
    // One of the three late hours still is within the eight.
    euros(1 * rate * 100 + overtime(2)),
  ]);
});
