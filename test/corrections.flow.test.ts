import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays } from '../domain/day.ts';
import type { Doer } from '../domain/duties.ts';
import { type CreditNote, lockCreditable, readCreditNote } from '../store/credit-notes.ts';
import type { Database } from '../store/database.ts';
import { readInvoice, readInvoiceLines } from '../store/invoices.ts';
import { issueCreditNote } from '../store/issue-credit-note.ts';
import { discardCreditNote, draftCreditNote, type WantedCreditNote } from '../store/make-credit-note.ts';
import { recordPayment } from '../store/payments.ts';
import { movePeriod, openPeriod } from '../store/periods.ts';
import { sellers } from '../store/sellers.ts';
import { series } from '../store/series.ts';
import { voidInvoice } from '../store/void-invoice.ts';
import {
  type Books,
  bill,
  entryOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  take,
  totalOf,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let database: Database;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
  database = scratch.database;
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(database, books);
});
afterAll(() => scratch.drop());

const ada: Doer = { id: 'key:ada', name: 'Ada', memberId: null, personId: null, role: null };
const issuer = { doer: ada, ownReason: null };
const now = () => new Date().toISOString();
const taxed = { tax: { rate: '20', category: 'standard' } };

/** Books with one issued invoice: a line an entry, each of an hour at 80.00, and 20 % tax. */
async function billed(
  hours: number[] = [1, 2],
  contract: NonNullable<Parameters<typeof openBooks>[1]>['contract'] = {},
) {
  const books = await openBooks(database, {
    contract: { ...taxed, grouping: { invoice: 'one_line', line: 'entry' }, ...contract },
  });
  opened.push(books);
  await books.in((tx) =>
    series.insert(tx, {
      sellerId: books.sellerId,
      documentType: 'credit_note',
      pattern: '{CLIENT}-CN-{NNNN}',
    }),
  );
  await take(
    books,
    hours.map((hour, index) => entryOf(String(index), { quantity: hour * 3600 })),
  );
  await bill(database, books);
  const [invoice] = await invoicesOf(books);
  const lines = await books.in((tx) => readInvoiceLines(tx, invoice!.id, 0, 100));
  return { books, invoiceId: invoice!.id, lines };
}
const credit = (
  books: Books,
  invoiceId: string,
  wanted: WantedCreditNote,
  by = issuer,
): Promise<CreditNote> =>
  books.in(async (tx) => {
    const invoice = await lockCreditable(tx, invoiceId);
    const note = await draftCreditNote(tx, invoice!, { wanted, reason: 'test', actor: by.doer.id });
    return issueCreditNote(tx, note.id, by, now());
  });
const full: WantedCreditNote = { by: 'full', disposition: 'bill_again' };
const end = (books: Books, invoiceId: string) =>
  books.in((tx) => voidInvoice(tx, invoiceId, issuer, { reason: 'wrong client', now: now() }));
const invoiceOf = async (books: Books, id: string) => (await books.in((tx) => readInvoice(tx, id)))!;
const pay = (books: Books, invoiceId: string, amount: string) =>
  books.in((tx) =>
    recordPayment(tx, {
      clientId: books.clientId,
      currency: 'GBP',
      amount,
      valueDate: now().slice(0, 10),
      reference: null,
      connectionId: null,
      externalId: null,
      actor: 'test',
      applications: [{ invoiceId, amount }],
    }),
  );
const itemsOf = (books: Books) =>
  books.in((tx) =>
    tx.rows<{ heldReason: string | null; allocated: string; quantity: string; writeOffId: string | null }>(
      `select i.held_reason, b.allocated, b.quantity, i.write_off_id from billable_items i join item_balance b on b.workspace_id = $1 and b.item_id = i.id
       where i.workspace_id = $1 order by i.id`,
      [books.workspaceId],
    ),
  );
const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );

test('a void returns exactly its entries, held: no run bills them before they are released', async () => {
  const { books, invoiceId } = await billed([1, 2]);
  expect(await end(books, invoiceId)).toEqual({ outcome: 'voided' });
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'void', number: 'NFE-0001' });
  const items = await itemsOf(books);
  expect(items.map(({ allocated }) => Number(allocated))).toEqual([0, 0]);
  expect(items.every(({ heldReason }) => heldReason?.startsWith('invoice NFE-0001 was voided'))).toBe(true);
  expect(Number(await totalOf(books, 'receivable', 'GBP'))).toBe(0);
  expect(Number(await totalOf(books, 'issued_net', 'GBP'))).toBe(0);
  expect(Number(await totalOf(books, 'pending_amount', 'GBP'))).toBe(240);
  await bill(database, books);
  expect(await invoicesOf(books)).toHaveLength(1);
  await books.in((tx) =>
    tx.run('update billable_items set held_reason = null where workspace_id = $1', [books.workspaceId]),
  );
  await bill(database, books);
  expect((await invoicesOf(books)).map(({ number, status }) => `${number} ${status}`)).toEqual([
    'NFE-0001 void',
    'NFE-0002 issued',
  ]);
  expect(await codeOf(end(books, invoiceId))).toBe('invoice.already_void');
});

test('what somebody outside has is credited in full by the same command, dated today, and it says why', async () => {
  const { books, invoiceId } = await billed([1]);
  await books.in((tx) => sellers.update(tx, books.sellerId, { voidAllowed: false }));
  const outcome = await end(books, invoiceId);
  expect(outcome).toMatchObject({
    outcome: 'credited',
    because: ['the seller keeps every document that it has numbered'],
    creditNote: { status: 'issued', number: 'NFE-CN-0001', net: '80.00', tax: '16.00', total: '96.00' },
  });
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'credited', credited: '96.00' });
  expect(await itemsOf(books)).toMatchObject([{ allocated: '0.00' }]);
  expect(await codeOf(end(books, invoiceId))).toBe('credit_note.nothing_left');
});

test('closed books take no void: the credit posts today and refers to the original', async () => {
  const { books, invoiceId } = await billed([1]);
  const { issueDate, serviceTo } = await invoiceOf(books, invoiceId);
  const later = addDays(issueDate!, 40);
  await books.in(async (tx) => {
    const month = { startsOn: issueDate!, endsBefore: addDays(issueDate!, 30) };
    const period = await openPeriod(tx, { sellerId: books.sellerId, area: 'billing', ...month });
    await movePeriod(tx, period, { status: 'closed' });
  });
  const outcome = await books.in((tx) =>
    voidInvoice(tx, invoiceId, issuer, { reason: 'too late', now: `${later}T12:00:00Z` }),
  );
  expect(outcome).toMatchObject({
    because: [expect.stringMatching(/^the seller's billing period .* is closed$/)],
    creditNote: { issueDate: later, postingDate: later, taxPoint: serviceTo },
  });
  const kept = await books.in((tx) =>
    tx.row<{ snapshot: { creditOf: { number: string } } }>(
      'select snapshot from credit_notes where workspace_id = $1',
      [books.workspaceId],
    ),
  );
  expect(kept!.snapshot.creditOf.number).toBe('NFE-0001');
});

test('credits by line, by a part of a line and by an amount together never take more than the invoice', async () => {
  const { books, invoiceId, lines } = await billed([1, 2, 3]);
  const one = await credit(books, invoiceId, {
    by: 'lines',
    disposition: 'bill_again',
    lines: [{ kind: 'quantity', lineId: lines[0]!.id }],
  });
  expect([one.number, one.total]).toEqual(['NFE-CN-0001', '96.00']);
  const part = await credit(books, invoiceId, {
    by: 'lines',
    disposition: 'write_off',
    writeOffReason: 'goodwill',
    lines: [
      { kind: 'quantity', lineId: lines[1]!.id, quantity: '0.5' },
      { kind: 'price', lineId: lines[2]!.id, amount: '40.00' },
    ],
  });
  expect(part.total).toBe('96.00');
  const amount = await credit(books, invoiceId, { by: 'amount', amount: '100.00' });
  expect([amount.net, amount.tax]).toEqual(['100.00', '20.00']);
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'issued', credited: '312.00' });
  expect(await codeOf(credit(books, invoiceId, { by: 'amount', amount: '220.01' }))).toBe(
    'credit_note.beyond_invoice',
  );
  expect(
    (await itemsOf(books)).map(({ allocated, writeOffId }) => [Number(allocated), writeOffId !== null]),
  ).toEqual([
    [0, false],
    [2, false],
    [3, false],
  ]);
  await expectBalanced(database, books);
  const rest = await credit(books, invoiceId, full);
  expect(rest.total).toBe('264.00');
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'credited', credited: '576.00' });
  expect((await itemsOf(books)).map(({ allocated }) => Number(allocated))).toEqual([0, 0.5, 0]);
  expect(Number(await totalOf(books, 'credited_net', 'GBP'))).toBe(480);
  expect(Number(await totalOf(books, 'issued_net', 'GBP'))).toBe(480);
});

test('once anything is credited an invoice is not voided any more', async () => {
  const { books, invoiceId } = await billed([1, 2]);
  await credit(books, invoiceId, { by: 'amount', amount: '10.00' });
  const outcome = await end(books, invoiceId);
  expect(outcome).toMatchObject({
    outcome: 'credited',
    because: ['some of it is credited'],
    creditNote: { net: '230.00', total: '276.00' },
  });
});

test('a paid invoice that is credited gives its money back on account', async () => {
  const { books, invoiceId } = await billed([1, 2]);
  const paymentId = await pay(books, invoiceId, '288.00');
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'settled' });
  await credit(books, invoiceId, { by: 'amount', amount: '40.00' });
  expect(await invoiceOf(books, invoiceId)).toMatchObject({
    status: 'settled',
    applied: '240.00',
    credited: '48.00',
  });
  await expectBalanced(database, books);
  await credit(books, invoiceId, full);
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'credited', applied: '0.00' });
  const onAccount = await books.in((tx) =>
    tx.row<{ amount: string }>(
      `select sum(amount) as amount from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'on_account'`,
      [books.workspaceId, paymentId],
    ),
  );
  expect(onAccount!.amount).toBe('288.00');
});

test('a part paid invoice credited down to what was paid is settled', async () => {
  const { books, invoiceId } = await billed([1, 2]);
  await pay(books, invoiceId, '96.00');
  await credit(books, invoiceId, { by: 'amount', amount: '160.00' });
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'settled', applied: '96.00' });
});

test('a draft that another credit has overtaken is refused, and can be discarded', async () => {
  const { books, invoiceId } = await billed([1]);
  const draft = await books.in(async (tx) =>
    draftCreditNote(tx, (await lockCreditable(tx, invoiceId))!, {
      wanted: full,
      reason: 'test',
      actor: 'key:ada',
    }),
  );
  await credit(books, invoiceId, { by: 'amount', amount: '1.00' });
  const issue = () => books.in((tx) => issueCreditNote(tx, draft.id, issuer, now()));
  expect(await codeOf(issue())).toBe('credit_note.outdated');
  await books.in((tx) => discardCreditNote(tx, draft.id, 'key:ada'));
  expect(await codeOf(issue())).toBe('credit_note.not_draft');
  expect(await books.in((tx) => readCreditNote(tx, draft.id))).toMatchObject({
    status: 'discarded',
    number: null,
  });
});

test('of many who credit the same invoice at once one does, and numbers have no gap', async () => {
  const { books, invoiceId } = await billed([1, 1]);
  const outcomes = await Promise.all(Array.from({ length: 6 }, () => codeOf(credit(books, invoiceId, full))));
  expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set(['accepted', 'credit_note.nothing_left']));
  const { invoiceId: next } = await another(books);
  expect((await credit(books, next, full)).number).toBe('NFE-CN-0002');
});

async function another(books: Books) {
  await take(books, [entryOf('later')]);
  await bill(database, books);
  const invoices = await invoicesOf(books);
  return { invoiceId: invoices.find(({ number }) => number === 'NFE-0002')!.id };
}

test('an issued credit note cannot change, nor its lines', async () => {
  const { books, invoiceId } = await billed([1]);
  const note = await credit(books, invoiceId, full);
  const change = (sql: string) => codeOf(books.in((tx) => tx.run(sql, [books.workspaceId, note.id])));
  expect(await change('update credit_notes set total = 1 where workspace_id = $1 and id = $2')).toBe('23000');
  expect(await change('delete from credit_note_lines where workspace_id = $1 and credit_note_id = $2')).toBe(
    '23000',
  );
});

test('without a series for credit notes nothing is half done', async () => {
  const { books, invoiceId } = await billed([1]);
  await books.in((tx) =>
    tx.run(
      "update series set document_type = 'ticket' where workspace_id = $1 and document_type = 'credit_note'",
      [books.workspaceId],
    ),
  );
  expect(await codeOf(credit(books, invoiceId, full))).toBe('credit_note.no_series');
  expect(await invoiceOf(books, invoiceId)).toMatchObject({ status: 'issued', credited: '0.00' });
});
