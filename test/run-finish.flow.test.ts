/** Owns where a run that nobody asked for ends: at a draft that approvals gather on, at issued invoices, or held above a limit. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Decimal } from '../domain/money.ts';
import { clients } from '../store/clients.ts';
import { discardDraft } from '../store/draft.ts';
import { addDiscount } from '../store/draft-discounts.ts';
import { finishOf } from '../store/run-finish.ts';
import { type Run, requestCancel } from '../store/runs.ts';
import {
  type Books,
  billingActivities,
  carryOut,
  entryOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  requestBilling,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(scratch.database, books);
});
afterAll(() => scratch.drop());

async function newBooks(options: Parameters<typeof openBooks>[1] = {}): Promise<Books> {
  const books = await openBooks(scratch.database, options);
  opened.push(books);
  return books;
}
const ask = (books: Books, wanted: Partial<Parameters<typeof requestBilling>[1]> = {}) =>
  requestBilling(books, {
    trigger: 'entry',
    pulledBy: 'system:billing-policy',
    finishAt: 'draft',
    ...wanted,
  });
const run = async (books: Books, wanted: Partial<Parameters<typeof requestBilling>[1]> = {}) =>
  carryOut(scratch.database, books, await ask(books, wanted));
const refOf = (books: Books, asked: Run) => ({ workspaceId: books.workspaceId, subjectId: asked.id });
const linesOf = (books: Books, invoiceId: string) =>
  books.in((tx) =>
    tx.rows<{ lineNo: number; description: string; quantity: string; amount: string; taxRate: string }>(
      `select line_no, description, quantity, amount, tax_rate from invoice_lines where workspace_id = $1 and invoice_id = $2 order by line_no`,
      [books.workspaceId, invoiceId],
    ),
  );
const headOf = (books: Books, invoiceId: string) =>
  books.in((tx) =>
    tx.row<Record<string, unknown>>(
      `select net, tax, rounding, total, tax_subtotals, service_from, service_to, quantity_seconds, line_count, item_count, terms
       from client_invoices where workspace_id = $1 and id = $2`,
      [books.workspaceId, invoiceId],
    ),
  );

test('a run ends at issue only for an active client that has auto-invoicing on, and by hand where its person says', async () => {
  const books = await newBooks();
  const contract = { clientId: books.clientId };
  const ends = (trigger: Parameters<typeof finishOf>[2]) => books.in((tx) => finishOf(tx, contract, trigger));
  expect(await ends('entry')).toBe('draft');
  await books.in((tx) => clients.update(tx, books.clientId, { autoInvoicing: true }));
  expect([await ends('entry'), await ends('period_end'), await ends('by_hand')]).toEqual([
    'issue',
    'issue',
    'draft',
  ]);
  await books.in((tx) => clients.update(tx, books.clientId, { status: 'inactive' }));
  expect(await ends('period_end')).toBe('draft');
});

test('approvals that come one by one gather on one draft, which is as one that was made at once', async () => {
  const contract = {
    tax: { rate: '7.7', category: 'standard' },
    rounding: { mode: 'half_up' as const, moneyPlaces: 2, quantityPlaces: 2 },
  };
  const facts = [
    entryOf('A', { quantity: 3_700 }),
    entryOf('B', {
      quantity: 1_234,
      workDate: '2026-03-05',
      project: { externalId: null, code: 'P2', name: 'P2' },
    }),
    entryOf('C', { quantity: 5_001, workDate: '2026-02-20' }),
  ];
  const books = await newBooks({ projects: ['P1', 'P2'], contract });
  const ends: Run[] = [];
  for (const entry of facts) {
    await take(books, [entry]);
    ends.push(await run(books));
  }
  const drafts = await invoicesOf(books);
  expect(drafts).toHaveLength(1);
  expect(ends.map(({ counts }) => [counts.drafts, counts.addedTo ?? 0, counts.draftedItems])).toEqual([
    [1, 0, 1],
    [0, 1, 1],
    [0, 1, 1],
  ]);

  const atOnce = await newBooks({ projects: ['P1', 'P2'], contract });
  await take(atOnce, facts);
  await run(atOnce);
  const [whole] = await invoicesOf(atOnce);
  expect(await headOf(books, drafts[0]!.id)).toEqual(await headOf(atOnce, whole!.id));
  expect(await linesOf(books, drafts[0]!.id)).toEqual(await linesOf(atOnce, whole!.id));
  // 1.03 h, 0.34 h and 1.39 h at 80.00: two lines of 193.60 and 27.20.
  expect(drafts[0]!.net).toBe('220.80');
});

test('nothing new leaves the open draft as it is', async () => {
  const books = await newBooks();
  await take(books, [entryOf('A')]);
  await run(books);
  const [before] = await invoicesOf(books);
  const allocations = () =>
    books.in((tx) =>
      tx.row('select count(*)::int as count from allocations where workspace_id = $1', [books.workspaceId]),
    );
  const rows = await allocations();
  expect((await run(books)).counts).not.toHaveProperty('addedTo');
  expect(await invoicesOf(books)).toEqual([before]);
  expect(await allocations()).toEqual(rows);
});

test('what a person touched gets a new draft beside it, and what comes later goes onto that one', async () => {
  const books = await newBooks();
  await take(books, [entryOf('A')]);
  await run(books);
  const [touched] = await invoicesOf(books);
  await books.in((tx) =>
    addDiscount(
      tx,
      touched!.id,
      { lineId: null, percentage: '10', fixedAmount: null, reason: 'agreed' },
      { id: 'test', name: 'Test', memberId: null, personId: null, role: null },
    ),
  );
  for (const id of ['B', 'C']) {
    await take(books, [entryOf(id, { quantity: 7_200 })]);
    await run(books);
  }
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['72.00', '320.00']);
});

test('an edit at the very moment that something comes onto the draft is not lost', async () => {
  const books = await newBooks();
  for (let round = 0; round < 6; round += 1) {
    const day = `2026-03-0${1 + round}`;
    await take(books, [entryOf(`${round} A`, { workDate: day })]);
    await run(books);
    const before = await invoicesOf(books);
    const draft = before.at(-1)!;
    await take(books, [entryOf(`${round} B`, { workDate: day })]);
    await Promise.all([
      run(books),
      books.in((tx) =>
        addDiscount(
          tx,
          draft.id,
          { lineId: null, percentage: '50', fixedAmount: null, reason: 'agreed' },
          { id: 'test', name: 'Test', memberId: null, personId: null, role: null },
        ),
      ),
    ]);
    const nets = (await invoicesOf(books)).slice(before.length - 1).map(({ net }) => net);
    // The edit first: 80.00 by half, and the other on a draft of its own. The addition first: both by half.
    if (nets.length === 1) expect(nets).toEqual(['80.00']);
    else {
      expect(nets).toEqual(['40.00', '80.00']);
      await books.in(async (tx) =>
        discardDraft(tx, (await invoicesOf(books)).at(-1)!.id, 'test', 'next round'),
      );
      await run(books, { trigger: 'by_hand' });
    }
    await expectBalanced(scratch.database, books);
  }
});

test('a draft by hand or of a period is not added to, nor does a run by hand add to one', async () => {
  const books = await newBooks();
  for (const [id, trigger] of [
    ['A', 'by_hand'],
    ['B', 'period_end'],
    ['C', 'entry'],
    ['D', 'by_hand'],
    ['E', 'entry'],
  ] as const) {
    await take(books, [entryOf(id)]);
    await run(books, { trigger });
  }
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['80.00', '80.00', '160.00', '80.00']);
});

test('work beyond the cutoff that is on the draft stays on it, also by a run that reaches less far', async () => {
  const books = await newBooks();
  await take(books, [entryOf('late', { workDate: '2026-03-31' })]);
  await run(books);
  await take(books, [entryOf('early', { workDate: '2026-03-01' })]);
  await run(books, { cutoffOn: '2026-03-10' });
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['160.00']);
});

test('a run that is cancelled takes from an older draft what it added, and leaves what was there', async () => {
  const books = await newBooks({ projects: ['P1', 'P2'] });
  await take(books, [entryOf('A')]);
  await run(books);
  await take(books, [
    entryOf('B', { quantity: 1_800 }),
    entryOf('C', { project: { externalId: null, code: 'P2', name: 'P2' } }),
  ]);
  const asked = await ask(books);
  const activities = billingActivities(scratch.database);
  await activities.compileRun(refOf(books, asked));
  await activities.draftRun(refOf(books, asked));
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['200.00']);
  await books.in((tx) => requestCancel(tx, asked.id, 'test'));
  expect((await carryOut(scratch.database, books, asked)).status).toBe('cancelled');
  const [draft] = await invoicesOf(books);
  expect([draft!.net, draft!.quantitySeconds]).toEqual(['80.00', 3_600]);
  expect(await linesOf(books, draft!.id)).toHaveLength(1);
  // And it can still be added to.
  await run(books);
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['200.00']);
});

test('what an invoice lost by its discard goes onto the next draft, not onto the discarded one', async () => {
  const books = await newBooks();
  await take(books, [entryOf('A')]);
  await run(books);
  const [first] = await invoicesOf(books);
  await books.in((tx) => discardDraft(tx, first!.id, 'test', 'not yet'));
  await take(books, [entryOf('B')]);
  await run(books);
  const drafts = await invoicesOf(books);
  expect(drafts.map(({ net }) => net)).toEqual(['160.00']);
  expect(drafts[0]!.id).not.toBe(first!.id);
});

test("above the client's limit an invoice is held with the reason, up to it they go out by themselves", async () => {
  const books = await newBooks({
    projects: ['P1', 'P2'],
    contract: {
      grouping: { invoice: 'project', line: 'project' },
      tax: { rate: '20', category: 'standard' },
    },
  });
  await books.in((tx) =>
    clients.update(tx, books.clientId, { autoInvoicing: true, autoInvoiceLimit: '96.00' }),
  );
  await take(books, [
    entryOf('A'),
    entryOf('B', { project: { externalId: null, code: 'P2', name: 'P2' }, quantity: 3_636 }),
  ]);
  await run(books, { trigger: 'period_end', finishAt: 'issue' });
  // 80.00 and 20 % are 96.00; 1.01 h are 80.80 and 96.96.
  expect(await invoicesOf(books)).toMatchObject([
    { status: 'issued', total: '96.00' },
    {
      status: 'held',
      total: '96.96',
      holdReason:
        'invoices up to 96.00 GBP go to this client by themselves, and this one comes to 96.96 GBP: a person releases it',
    },
  ]);
});

test('an invoice in another currency than the limit is held; a run by hand goes by no limit', async () => {
  const books = await newBooks();
  await books.in(async (tx) => {
    await clients.update(tx, books.clientId, {
      autoInvoicing: true,
      autoInvoiceLimit: '100000',
      currency: 'EUR',
    });
  });
  await take(books, [entryOf('A')]);
  await run(books, { finishAt: 'issue' });
  const [held] = await invoicesOf(books);
  expect([held!.status, held!.holdReason]).toEqual([
    'held',
    'invoices up to 100000 EUR go to this client by themselves, and this one is in GBP: a person releases it',
  ]);
  await take(books, [entryOf('B', { workDate: '2026-03-03' })]);
  await run(books, { trigger: 'by_hand', finishAt: 'issue' });
  const issued = (await invoicesOf(books)).filter(({ status }) => status === 'issued');
  expect(issued.map(({ net }) => new Decimal(net).toFixed(2))).toEqual(['80.00']);
});

test('what approvals bill is billed at once, repeated or asked to stop; a backlog goes step by step', async () => {
  const books = await newBooks();
  await books.in((tx) => clients.update(tx, books.clientId, { autoInvoicing: true }));
  const activities = billingActivities(scratch.database);
  await take(books, [entryOf('A')]);
  const small = await ask(books, { finishAt: 'issue' });
  expect(await activities.lookAtBillingRun(refOf(books, small))).toMatchObject({ step: 'bill_at_once' });
  await activities.compileRun(refOf(books, small));
  await Promise.all([activities.billAtOnce(refOf(books, small)), activities.billAtOnce(refOf(books, small))]);
  expect(await activities.lookAtBillingRun(refOf(books, small))).toMatchObject({ step: 'finish' });
  expect((await invoicesOf(books)).map(({ status, net }) => `${status} ${net}`)).toEqual(['issued 80.00']);
  await carryOut(scratch.database, books, small);

  await take(books, [entryOf('B')]);
  const stopped = await ask(books, { finishAt: 'issue' });
  await activities.lookAtBillingRun(refOf(books, stopped));
  await books.in((tx) => requestCancel(tx, stopped.id, 'test'));
  await activities.billAtOnce(refOf(books, stopped));
  expect((await carryOut(scratch.database, books, stopped)).status).toBe('cancelled');
  expect(await invoicesOf(books)).toHaveLength(1);

  await take(
    books,
    Array.from({ length: 1_000 }, (_, n) => entryOf(`C${n}`, { quantity: 60 })),
  );
  const large = await ask(books, { finishAt: 'issue' });
  expect(await activities.lookAtBillingRun(refOf(books, large))).toMatchObject({ step: 'compile' });
  expect((await carryOut(scratch.database, books, large)).status).toBe('done');
});
