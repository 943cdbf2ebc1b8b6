/** Owns retainers from their fee to their last hour: billed once a period, drawn, given back, carried over, lost, refunded. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClauseChange, readClauses } from '../domain/contract-terms.ts';
import { amendContract, lockContract, readTimeline } from '../store/contract-versions.ts';
import { contracts } from '../store/contracts.ts';
import { discardDraft } from '../store/draft.ts';
import { listRetainerPeriods, refund, topUp } from '../store/retainer-periods.ts';
import { returnDraws } from '../store/retainers.ts';
import { sellers } from '../store/sellers.ts';
import { series } from '../store/series.ts';
import { voidInvoice } from '../store/void-invoice.ts';
import {
  type Books,
  bill,
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
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterAll(() => scratch.drop());

type Model = Record<string, unknown>;
async function booksWith(model: Model, more: Partial<ClauseChange> = {}): Promise<Books> {
  const billingModel = { type: 'retainer', measure: 'hours', quantity: '10', period: 'month', ...model };
  const clauses = readClauses({ billingModel, ...more } as ClauseChange);
  return openBooks(scratch.database, { projects: ['P1', 'P2'], contract: { clauses } });
}
const hours = (workDate: string, count: number, code = 'P1') =>
  entryOf(`${workDate} ${code}`, {
    workDate,
    quantity: count * 3600,
    project: { externalId: null, code, name: code },
  });
const run = (books: Books, wanted: Parameters<typeof requestBilling>[1]) =>
  requestBilling(books, wanted).then((asked) => carryOut(scratch.database, books, asked));
const periodsOf = async (books: Books) =>
  (await books.in((tx) => listRetainerPeriods(tx, books.contractId)))
    .map(({ startsOn, broughtIn, carriedOver, drawn, expired, refunded, balance }) =>
      [startsOn, broughtIn, carriedOver, drawn, expired, refunded, balance].join(' '),
    )
    .reverse();
const netsOf = async (books: Books) => (await invoicesOf(books)).map(({ net }) => net);
const linesOf = (books: Books) =>
  books.in((tx) =>
    tx.rows<{ line: string }>(
      `select concat_ws(' ', l.kind, l.quantity, '×', l.unit_price, l.description) as line from invoice_lines l
       join client_invoices i on i.workspace_id = $1 and i.id = l.invoice_id and i.status <> 'discarded'
       where l.workspace_id = $1 order by l.service_from, l.kind, l.line_no`,
      [books.workspaceId],
    ),
  );
const underLock = <T>(books: Books, work: (tx: Parameters<typeof topUp>[0]) => Promise<T>) =>
  books.in(async (tx) => {
    await lockContract(tx, books.contractId);
    return work(tx);
  });

test('each period is billed at its fee once, its hours are drawn, and what is beyond them is billed by rate', async () => {
  const books = await booksWith({ fee: '700.00' });
  await take(books, [hours('2026-01-05', 4), hours('2026-02-03', 12)]);
  await run(books, { cutoffOn: '2026-03-01' });
  await run(books, { cutoffOn: '2026-03-01' });
  // Two fees, and two hours of twelve at 80.00.
  expect(await netsOf(books)).toEqual(['1560.00']);
  expect((await linesOf(books)).map(({ line }) => line)).toEqual(
    expect.arrayContaining([expect.stringContaining('retainer')]),
  );
  expect(await periodsOf(books)).toEqual(['2026-01-01 10 0 4 6 0 0', '2026-02-01 10 0 10 0 0 0']);
  await run(books, { cutoffOn: '2026-03-02' });
  expect(await netsOf(books)).toEqual(['1560.00', '700.00']);
  await expectBalanced(scratch.database, books);
});

test('a draft that is discarded gives back what was drawn for it, and the next run draws it again', async () => {
  const books = await booksWith({ rollOver: 'all' });
  await take(books, [hours('2026-03-02', 14), hours('2026-03-03', 2, 'P2')]);
  await run(books, { finishAt: 'draft' });
  const [draft] = await invoicesOf(books);
  expect(draft!.net).toBe('480.00');
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 10 0 0 0']);
  await books.in((tx) => discardDraft(tx, draft!.id, 'test', 'wrong month'));
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await expectBalanced(scratch.database, books);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['480.00']);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 10 0 0 0']);
  await expectBalanced(scratch.database, books);
});

test('split by project, a discarded draft gives back its own hours and not those of the other', async () => {
  const books = await booksWith({ quantity: '5' });
  await books.in((tx) =>
    contracts.update(tx, books.contractId, { grouping: { invoice: 'project', line: 'project' } }),
  );
  await take(books, [hours('2026-03-02', 4), hours('2026-03-03', 4, 'P2')]);
  await run(books, { finishAt: 'draft' });
  // Four hours of P1 and one of P2 are prepaid; only P2 has an invoice.
  expect(await netsOf(books)).toEqual(['240.00']);
  const [draft] = await invoicesOf(books);
  await books.in((tx) => discardDraft(tx, draft!.id, 'test', 'not now'));
  expect(await periodsOf(books)).toEqual(['2026-03-01 5 0 4 0 0 1']);
  await expectBalanced(scratch.database, books);
});

test('a run that is cancelled gives back all that it drew, also where nothing was left to invoice', async () => {
  const books = await booksWith({});
  await take(books, [hours('2026-03-02', 6)]);
  const asked = await requestBilling(books, { finishAt: 'draft' });
  await carryOut(scratch.database, books, asked);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 6 0 0 4']);
  // As it is cancelled in the middle: the run is open again, and asked to stop.
  await books.in((tx) =>
    tx.run(
      "update runs set status = 'running', cancel_requested = true, finished_at = null where workspace_id = $1 and id = $2",
      [books.workspaceId, asked.id],
    ),
  );
  await carryOut(scratch.database, books, asked);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await expectBalanced(scratch.database, books);
});

test('what is given back is given back once, and held where it must not be billed again by itself', async () => {
  const books = await booksWith({});
  await take(books, [hours('2026-03-02', 12)]);
  await bill(scratch.database, books);
  const [invoice] = await invoicesOf(books);
  await Promise.all(
    [1, 2, 3].map(() => books.in((tx) => returnDraws(tx, invoice!.id, { heldReason: 'voided' }))),
  );
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await bill(scratch.database, books);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await expectBalanced(scratch.database, books);
});

test.each([
  ['voided', true],
  ['credited', false],
])('an invoice that is %s in full gives its drawn hours back, held', async (expected, voidAllowed) => {
  const books = await booksWith({});
  await take(books, [hours('2026-03-02', 12)]);
  await bill(scratch.database, books);
  const [invoice] = await invoicesOf(books);
  expect(invoice!.net).toBe('160.00');
  await books.in(async (tx) => {
    await sellers.update(tx, books.sellerId, { voidAllowed });
    await series.insert(tx, { sellerId: books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
  });
  const doer = { id: 'key:ada', name: 'Ada', memberId: null, personId: null, role: null };
  const now = new Date().toISOString();
  const { outcome } = await books.in((tx) =>
    voidInvoice(tx, invoice!.id, { doer, ownReason: null }, { reason: 'wrong month', now }),
  );
  expect(outcome).toBe(expected);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await bill(scratch.database, books);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 0 0 0 10']);
  await expectBalanced(scratch.database, books);
});

test('a late hour is drawn from what its period left to the next, and not from what that brings itself', async () => {
  const books = await booksWith({ rollOver: 'all' });
  await take(books, [hours('2026-01-05', 4)]);
  await bill(scratch.database, books);
  await take(books, [hours('2026-02-03', 2)]);
  await bill(scratch.database, books);
  expect(await periodsOf(books)).toEqual(['2026-01-01 10 -6 4 0 0 0', '2026-02-01 10 6 2 0 0 14']);
  // Six hours of January are left in February's fourteen: the seventh is billed.
  await take(books, [hours('2026-01-20', 7)]);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['80.00']);
  expect(await periodsOf(books)).toEqual(['2026-01-01 10 -6 4 0 0 0', '2026-02-01 10 6 8 0 0 8']);
  await expectBalanced(scratch.database, books);
});

test('two runs at once draw no hour twice and bill each fee once', async () => {
  for (let round = 0; round < 5; round += 1) {
    const books = await booksWith({ quantity: '3', fee: '100.00', period: 'quarter' });
    await take(books, [hours('2026-01-05', 2), hours('2026-02-05', 2), hours('2026-03-05', 2)]);
    const runs = await Promise.all([1, 2].map(() => requestBilling(books, { cutoffOn: '2026-04-01' })));
    await Promise.all(runs.map((one) => carryOut(scratch.database, books, one)));
    const nets = await netsOf(books);
    // One fee, and three hours of six at 80.00.
    expect(nets.reduce((sum, net) => sum + Number(net), 0)).toBe(340);
    expect(await periodsOf(books)).toEqual(['2026-01-01 3 0 3 0 0 0']);
    await expectBalanced(scratch.database, books);
  }
});

test('days of 7.5 hours are drawn by their hours', async () => {
  const books = await booksWith({ quantity: '10' }, { workCalendar: { hoursPerDay: '7.5' } });
  await books.in((tx) =>
    tx.run("update rate_cards set unit = 'day', regular_rate = 900 where workspace_id = $1", [
      books.workspaceId,
    ]),
  );
  await take(books, [hours('2026-03-02', 15)]);
  await bill(scratch.database, books);
  // Two days; 10 h are 1.33 of them, and 0.67 are billed.
  expect(await netsOf(books)).toEqual(['603.00']);
  expect(await periodsOf(books)).toEqual(['2026-03-01 10 0 9.975 0 0 0.025']);
  await expectBalanced(scratch.database, books);
});

test('a fee that an amendment changes before it is on a document is billed as amended', async () => {
  const books = await booksWith({ fee: '700.00' });
  await run(books, { cutoffOn: '2026-02-01' });
  await run(books, { cutoffOn: '2026-02-02', finishAt: 'draft' });
  const drafts = (await invoicesOf(books)).filter(({ number }) => number === null);
  await books.in((tx) => discardDraft(tx, drafts[0]!.id, 'test', 'amended'));
  await books.in(async (tx) => {
    const contract = (await contracts.lock(tx, books.contractId))!;
    const billingModel = {
      type: 'retainer',
      measure: 'hours',
      quantity: '10',
      period: 'month',
      fee: '750.00',
    } as const;
    await amendContract(tx, contract, {
      startsOn: '2026-02-01',
      change: { billingModel },
      reason: 'agreed',
      actor: 'test',
    });
  });
  await run(books, { cutoffOn: '2026-02-02' });
  expect(await netsOf(books)).toEqual(['700.00', '750.00']);
  await expectBalanced(scratch.database, books);
});

test('hours that are bought in between are billed by the next run, and a refund never goes beyond what is left', async () => {
  const books = await booksWith({ quantity: '2' });
  const timeline = await books.in((tx) => readTimeline(tx, books.contractId));
  const contract = { id: books.contractId, clientId: books.clientId, currency: 'GBP' };
  await underLock(books, (tx) =>
    topUp(tx, contract, timeline, {
      on: '2026-03-15',
      quantity: '3',
      amount: '210.00',
      reason: 'three more',
    }),
  );
  await take(books, [hours('2026-03-02', 4)]);
  await run(books, { cutoffOn: '2026-04-01' });
  expect(await netsOf(books)).toEqual(['210.00']);
  const give = (quantity: string) =>
    underLock(books, (tx) => refund(tx, timeline, { on: '2026-03-02', quantity, reason: 'ends' }));
  await expect(give('1.01')).rejects.toThrow(
    '1.01 is more than the 1 that is left of the period from 2026-03-01',
  );
  const answers = await Promise.allSettled([give('1'), give('1')]);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await periodsOf(books)).toEqual(['2026-03-01 5 0 4 0 1 0']);
  await expectBalanced(scratch.database, books);
});
