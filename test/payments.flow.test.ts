import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { InvoiceStatus } from '../domain/invoice.ts';
import { Decimal } from '../domain/money.ts';
import { closeAgreeing, noteBalances } from '../store/balances-there.ts';
import { type NewPayment, recordPayment } from '../store/payments.ts';
import { takeInRemotePayment, takeInRemotePayments } from '../store/remote-payments.ts';
import { reversePayment } from '../store/reverse-payment.ts';
import { markSynced } from '../store/sync.ts';
import {
  type Books,
  bill,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  take,
  totalOf,
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

/** Books with one issued invoice of 100.00 per project, and a connection that payments come from. */
async function invoiced(count = 1) {
  const codes = Array.from({ length: count }, (_, index) => `P${index + 1}`);
  const books = await openBooks(scratch.database, {
    projects: codes,
    rate: '100.00',
    contract: { grouping: { invoice: 'project', line: 'project' } },
  });
  opened.push(books);
  await take(
    books,
    codes.map((code) => entryOf(code, { project: { externalId: null, code, name: code } })),
  );
  await bill(scratch.database, books);
  const connection = await books.in((tx) =>
    tx.row<{ id: string }>(
      "insert into connections (workspace_id, connector, name, go_live_on) values ($1, 'quickbooks', 'books', '2026-01-01') returning id",
      [books.workspaceId],
    ),
  );
  const ids = (await invoicesOf(books)).map((invoice) => invoice.id);
  return { books, ids, id: ids[0]!, connectionId: connection!.id };
}

const pay = (
  books: Books,
  amount: string,
  applications: NewPayment['applications'],
  facts: Partial<NewPayment> = {},
) =>
  books.in((tx) =>
    recordPayment(tx, {
      clientId: books.clientId,
      currency: 'GBP',
      amount,
      valueDate: '2026-04-01',
      reference: null,
      connectionId: null,
      externalId: null,
      actor: 'test',
      applications,
      ...facts,
    }),
  );
const reverse = (books: Books, paymentId: string) =>
  books.in((tx) => reversePayment(tx, paymentId, 'test', 'a mistake'));

type Remote = Parameters<typeof takeInRemotePayment>[2];
const readBack = (
  books: Books,
  connectionId: string,
  remote: Partial<Remote> & Pick<Remote, 'applications'>,
) =>
  books.in((tx) =>
    takeInRemotePayment(
      tx,
      connectionId,
      {
        externalId: 'pay-1',
        amount: '100.00',
        currency: 'GBP',
        valueDate: '2026-04-01',
        reference: null,
        deleted: false,
        ...remote,
      },
      'test',
    ),
  );
const stateOf = async (books: Books) =>
  (await invoicesOf(books)).map(({ status, applied }) => `${status} ${new Decimal(applied).toFixed(2)}`);
/** Back from void, the invoice is as if it had never been: the journal counters what has a day of its void. */
const setStatus = (books: Books, id: string, status: InvoiceStatus) =>
  books.in((tx) =>
    tx.run(
      `update client_invoices set status = $3, voided_on = case when $3 = 'void' then voided_on end where workspace_id = $1 and id = $2`,
      [books.workspaceId, id, status],
    ),
  );
const paymentCount = async (books: Books) =>
  (await books.in((tx) => tx.rows('select 1 from payments where workspace_id = $1', [books.workspaceId])))
    .length;

test('part payments add up, the last one settles, and a reversal opens the invoice again', async () => {
  const { books, id } = await invoiced();
  await pay(books, '40.00', [{ invoiceId: id, amount: '40.00' }]);
  expect(await stateOf(books)).toEqual(['partially_paid 40.00']);
  const last = await pay(books, '60.00', [{ invoiceId: id, amount: '60.00' }]);
  expect(await stateOf(books)).toEqual(['settled 100.00']);
  expect(await totalOf(books, 'receivable', 'GBP')).toBe('0');
  await reverse(books, last);
  expect(await stateOf(books)).toEqual(['partially_paid 40.00']);
  expect(await totalOf(books, 'receivable', 'GBP')).toBe('60');
  expect(await totalOf(books, 'paid', 'GBP')).toBe('40');
});

test('a reversal done twice, or twice at once, takes the money back once; what was on account goes too', async () => {
  const { books, id } = await invoiced();
  const payment = await pay(books, '150.00', [{ invoiceId: id, amount: '100.00' }]);
  await Promise.all([reverse(books, payment), reverse(books, payment), reverse(books, payment)]);
  await reverse(books, payment);
  expect(await stateOf(books)).toEqual(['issued 0.00']);
  expect(await totalOf(books, 'paid', 'GBP')).toBe('0');
});

test('one wire settles several invoices, and the rest stays on account', async () => {
  const { books, ids } = await invoiced(3);
  await pay(
    books,
    '260.00',
    ids.map((invoiceId, index) => ({ invoiceId, amount: index === 2 ? '50.00' : '100.00' })),
  );
  expect(await stateOf(books)).toEqual(['settled 100.00', 'settled 100.00', 'partially_paid 50.00']);
  const kinds = await books.in((tx) =>
    tx.rows(
      'select kind, trim_scale(sum(amount))::text as amount from payment_applications where workspace_id = $1 group by 1 order by 1',
      [books.workspaceId],
    ),
  );
  expect(kinds).toEqual([
    { kind: 'invoice', amount: '250' },
    { kind: 'on_account', amount: '10' },
  ]);
});

test.each<[code: string, amount: string, applied: string[], facts: Partial<NewPayment>]>([
  ['payment.beyond_balance', '200.00', ['100.01'], {}],
  ['payment.beyond_balance', '200.00', ['60.00', '40.01'], {}],
  ['payment.applied_beyond_amount', '50.00', ['50.01'], {}],
  ['payment.application_not_positive', '100.00', ['110.00', '-10.00'], {}],
  ['payment.application_not_positive', '100.00', ['0'], {}],
  ['payment.currency_differs', '100.00', ['100.00'], { currency: 'EUR' }],
])('%s: refused, and nothing is recorded (%s, applied %j)', async (code, amount, applied, facts) => {
  const { books, id } = await invoiced();
  const applications = applied.map((part) => ({ invoiceId: id, amount: part }));
  await expect(pay(books, amount, applications, facts)).rejects.toMatchObject({ code });
  expect(await stateOf(books)).toEqual(['issued 0.00']);
  expect(await paymentCount(books)).toBe(0);
});

test('a draft, an unknown invoice and one that a credit or void has ended take no payment', async () => {
  const { books, id } = await invoiced();
  const applications = [{ invoiceId: id, amount: '10.00' }];
  await expect(pay(books, '10.00', [{ invoiceId: books.clientId, amount: '10.00' }])).rejects.toMatchObject({
    code: 'payment.invoice_not_issued',
  });
  for (const status of ['void', 'credited'] as const) {
    await setStatus(books, id, status);
    await expect(pay(books, '10.00', applications)).rejects.toMatchObject({ code: 'payment.invoice_closed' });
  }
  await setStatus(books, id, 'issued');
  expect(await paymentCount(books)).toBe(0);
});

test('payments at once on one invoice never exceed it: as many as fit are taken, the others are refused', async () => {
  const { books, id } = await invoiced();
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, () => pay(books, '30.00', [{ invoiceId: id, amount: '30.00' }])),
  );
  const codes = results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code: string }).code] : [],
  );
  expect(codes).toEqual(Array.from({ length: 9 }, () => 'payment.beyond_balance'));
  expect(await stateOf(books)).toEqual(['partially_paid 90.00']);
});

test('payments at once over the same invoices in opposite orders do not block each other', async () => {
  const { books, ids } = await invoiced(4);
  const each = (order: string[]) => order.map((invoiceId) => ({ invoiceId, amount: '5.00' }));
  await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      pay(books, '20.00', each(index % 2 === 0 ? ids : ids.toReversed())),
    ),
  );
  expect(await stateOf(books)).toEqual(ids.map(() => 'partially_paid 80.00'));
});

test('the same payment read back twice, and at once, counts once', async () => {
  const { books, id, connectionId } = await invoiced();
  const remote = { applications: [{ invoiceId: id, amount: '100.00' }] };
  const outcomes = await Promise.all([1, 2, 3, 4].map(() => readBack(books, connectionId, remote)));
  expect(outcomes.sort()).toEqual(['known', 'known', 'known', 'recorded']);
  expect(await readBack(books, connectionId, remote)).toBe('known');
  expect(await stateOf(books)).toEqual(['settled 100.00']);
  expect(await paymentCount(books)).toBe(1);
  expect(await exceptionsOf(books)).toEqual([]);
});

test('a payment deleted at the platform opens the invoice again, once; one never seen is ignored', async () => {
  const { books, id, connectionId } = await invoiced();
  const remote = { applications: [{ invoiceId: id, amount: '100.00' }] };
  await readBack(books, connectionId, remote);
  expect(await readBack(books, connectionId, { ...remote, deleted: true })).toBe('reversed');
  expect(await readBack(books, connectionId, { ...remote, deleted: true })).toBe('known');
  expect(await readBack(books, connectionId, { ...remote, externalId: 'never-seen', deleted: true })).toBe(
    'ignored',
  );
  expect(await stateOf(books)).toEqual(['issued 0.00']);
});

test('what the platform applied beyond our balance stays on account and asks a person, once', async () => {
  const { books, id, connectionId } = await invoiced();
  await pay(books, '80.00', [{ invoiceId: id, amount: '80.00' }]);
  const remote = { applications: [{ invoiceId: id, amount: '100.00' }] };
  expect(await readBack(books, connectionId, remote)).toBe('recorded');
  expect(await readBack(books, connectionId, remote)).toBe('known');
  expect(await stateOf(books)).toEqual(['settled 100.00']);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'payment.beyond_balance', detail: { applied: '20', appliedThere: '100' } },
  ]);
});

test.each<[string, Partial<Remote>]>([
  ['in another currency', { currency: 'EUR' }],
  ['of an invoice that was voided', {}],
])('a payment %s is kept on account with an exception, and stops no read-back', async (what, facts) => {
  const { books, id, connectionId } = await invoiced();
  if (what.includes('voided')) await setStatus(books, id, 'void');
  expect(
    await readBack(books, connectionId, { applications: [{ invoiceId: id, amount: '100.00' }], ...facts }),
  ).toBe('recorded');
  if (what.includes('voided')) await setStatus(books, id, 'issued');
  expect(await stateOf(books)).toEqual(['issued 0.00']);
  expect(await exceptionsOf(books)).toMatchObject([{ rule: 'payment.beyond_balance' }]);
});

test('a payment that a credit there helps to apply settles with its own money, and a person is asked, once', async () => {
  const { books, id, connectionId } = await invoiced();
  // 40.00 of the invoice were settled with a credit memo that only the platform knows.
  const remote = { amount: '60.00', applications: [{ invoiceId: id, amount: '100.00' }] };
  expect(await readBack(books, connectionId, remote)).toBe('recorded');
  expect(await readBack(books, connectionId, remote)).toBe('known');
  expect(await stateOf(books)).toEqual(['partially_paid 60.00']);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'payment.beyond_balance', detail: { applied: '60', appliedThere: '100' } },
  ]);
});

test('money that the platform applied to an invoice of before is on account only with a person asked', async () => {
  const { books, id, connectionId } = await invoiced();
  const remote = {
    applications: [
      { invoiceId: id, amount: '30.00' },
      { invoiceId: null, amount: '70.00' },
    ],
  };
  expect(await readBack(books, connectionId, remote)).toBe('recorded');
  expect(await stateOf(books)).toEqual(['partially_paid 30.00']);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'payment.beyond_balance', detail: { applied: '30', appliedThere: '100' } },
  ]);
});

test.each<[string, string, Partial<Remote>]>([
  ['an amount finer than its currency', 'payment.finer_than_currency', { amount: '33.333', currency: 'GBP' }],
  ['words that no database keeps', 'payment.unkeepable', { reference: 'wire \u0000 7' }],
])('a payment with %s is put before a person, and holds up no other', async (_, reason, odd) => {
  const { books, ids, connectionId } = await invoiced(2);
  const facts = { currency: 'GBP', valueDate: '2026-04-01', reference: null, deleted: false };
  const of = (externalId: string, invoiceId: string, more: Partial<Remote>) => ({
    ...facts,
    externalId,
    amount: '100.00',
    ...more,
    applications: [{ invoiceId, amount: more.amount ?? '100.00' }],
  });
  const refused = await books.in((tx) =>
    takeInRemotePayments(tx, connectionId, [of('odd', ids[0]!, odd), of('even', ids[1]!, {})], 'test'),
  );
  expect(refused).toMatchObject([{ position: 'payment odd', reason }]);
  expect(await stateOf(books)).toEqual(['issued 0.00', 'settled 100.00']);
  expect(await paymentCount(books)).toBe(1);
});

test('a payment that went from the platform without a trace shows in the balance there, until it is reversed here', async () => {
  const { books, id, connectionId } = await invoiced();
  await books.in((tx) =>
    markSynced(tx, {
      ...{ connectionId, subjectType: 'client_invoice', subjectId: id, externalId: '238' },
      ...{ versionToken: null, total: '100.00', actor: 'test' },
    }),
  );
  const seen = (balance: string) =>
    books.in((tx) => noteBalances(tx, connectionId, [{ externalId: '238', total: '100.00', balance }]));
  await seen('100.00');
  await readBack(books, connectionId, {
    amount: '60.00',
    applications: [{ invoiceId: id, amount: '60.00' }],
  });
  await seen('40.00');
  // Money that was recorded by hand may not be there yet.
  await pay(books, '10.00', [{ invoiceId: id, amount: '10.00' }]);
  await seen('40.00');
  expect(await exceptionsOf(books)).toEqual([]);
  await seen('100.00');
  expect(await exceptionsOf(books)).toMatchObject([
    {
      rule: 'payment.balance_differs',
      detail: { openHere: '30.00', openThere: '100.00', readFromThere: '60.00' },
    },
  ]);
  await readBack(books, connectionId, { deleted: true, amount: '0.00', applications: [] });
  await books.in((tx) => closeAgreeing(tx, connectionId));
  expect(await exceptionsOf(books)).toEqual([]);
});

test('payments of documents that are not ours are left alone', async () => {
  const { books, id, connectionId } = await invoiced();
  expect(await readBack(books, connectionId, { applications: [{ invoiceId: null, amount: '100.00' }] })).toBe(
    'ignored',
  );
  expect(await readBack(books, connectionId, { applications: [] })).toBe('ignored');
  // Applied to ours later on: now it is taken.
  expect(
    await readBack(books, connectionId, {
      applications: [
        { invoiceId: null, amount: '70.00' },
        { invoiceId: id, amount: '30.00' },
      ],
    }),
  ).toBe('recorded');
  expect(await stateOf(books)).toEqual(['partially_paid 30.00']);
});

test.each<[string, (ids: string[]) => Partial<Remote> & Pick<Remote, 'applications'>]>([
  ['another amount', ([a]) => ({ amount: '90.00', applications: [{ invoiceId: a!, amount: '60.00' }] })],
  [
    'more applied to another invoice',
    ([a, b]) => ({
      applications: [
        { invoiceId: a!, amount: '60.00' },
        { invoiceId: b!, amount: '40.00' },
      ],
    }),
  ],
  ['taken from our invoice', () => ({ applications: [] })],
])(
  'a known payment that changes at the platform (%s) is an exception, not a second payment',
  async (_, changed) => {
    const { books, ids, connectionId } = await invoiced(2);
    await readBack(books, connectionId, { applications: [{ invoiceId: ids[0]!, amount: '60.00' }] });
    expect(await readBack(books, connectionId, changed(ids))).toBe('differs');
    expect(await exceptionsOf(books)).toMatchObject([{ rule: 'payment.changed_at_platform', severity: 'W' }]);
    expect(await stateOf(books)).toEqual(['partially_paid 60.00', 'issued 0.00']);
    expect(await paymentCount(books)).toBe(1);
  },
);

test('a payment reversed here that still stands at the platform is a difference', async () => {
  const { books, id, connectionId } = await invoiced();
  const remote = { applications: [{ invoiceId: id, amount: '100.00' }] };
  await readBack(books, connectionId, remote);
  const [payment] = await books.in((tx) =>
    tx.rows<{ id: string }>('select id from payments where workspace_id = $1', [books.workspaceId]),
  );
  await reverse(books, payment!.id);
  expect(await readBack(books, connectionId, remote)).toBe('differs');
  expect(await stateOf(books)).toEqual(['issued 0.00']);
});

test('applications cannot be changed or removed', async () => {
  const { books, id } = await invoiced();
  await pay(books, '10.00', [{ invoiceId: id, amount: '10.00' }]);
  for (const sql of [
    'update payment_applications set amount = 1 where workspace_id = $1',
    'delete from payment_applications where workspace_id = $1',
  ])
    await expect(books.in((tx) => tx.run(sql, [books.workspaceId]))).rejects.toThrow(
      /permission denied|append-only/,
    );
});

test('any sequence of payments and reversals keeps each invoice between nothing and its total', async () => {
  const { books, ids } = await invoiced(2);
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('pay' as const),
      invoice: fc.nat(1),
      cents: fc.integer({ min: 1, max: 12_000 }),
    }),
    fc.record({ kind: fc.constant('reverse' as const), which: fc.nat(20) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const live: { id: string; invoice: number; cents: number }[] = [];
      const applied = [0, 0];
      for (const one of steps) {
        if (one.kind === 'pay') {
          const amount = new Decimal(one.cents).div(100).toFixed(2);
          const fits = applied[one.invoice]! + one.cents <= 10_000;
          const done = pay(books, amount, [{ invoiceId: ids[one.invoice]!, amount }]);
          if (!fits) await expect(done).rejects.toMatchObject({ code: 'payment.beyond_balance' });
          else {
            live.push({ id: await done, invoice: one.invoice, cents: one.cents });
            applied[one.invoice]! += one.cents;
          }
        } else if (live.length > 0) {
          const [gone] = live.splice(one.which % live.length, 1);
          await reverse(books, gone!.id);
          applied[gone!.invoice]! -= gone!.cents;
        }
        expect(
          (await invoicesOf(books)).map((invoice) => new Decimal(invoice.applied).times(100).toNumber()),
        ).toEqual(applied);
        const statuses = applied.map((cents) =>
          cents === 10_000 ? 'settled' : cents > 0 ? 'partially_paid' : 'issued',
        );
        expect((await invoicesOf(books)).map((invoice) => invoice.status)).toEqual(statuses);
      }
      for (const { id } of live) await reverse(books, id);
    }),
    { numRuns: 15 },
  );
});
