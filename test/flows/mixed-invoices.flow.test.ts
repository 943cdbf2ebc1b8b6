/** Owns invoices that have everything at once, taken back bit by bit: whatever the order, what is left at the end is exactly nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { reversePayment } from '../../store/reverse-payment.ts';
import { series } from '../../store/series.ts';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) {
    await expectJournalBalanced(firm);
    await expectBalanced(api.test.database, firm.books);
  }
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'Europe/London');
const ok = (answer: Answered, status: number) => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json;
};
const sum = (values: readonly (string | null)[]) =>
  values.reduce((total, value) => total.plus(value ?? 0), new Decimal(0));

/** Every document in every currency: debits are credits. */
async function expectJournalBalanced(firm: Firm): Promise<void> {
  const { rows } = ok(await firm.get(`/reports/finance/journal?startsOn=2026-01-01&asOf=${today}`), 200) as {
    rows: Record<string, string>[];
  };
  const documents = Map.groupBy(rows, (row) => `${row.documentId} ${row.currency}`);
  for (const [document, ofDocument] of documents)
    expect(
      sum(ofDocument.map((row) => new Decimal(row.debit!).minus(row.credit!).toFixed())).toFixed(),
      document,
    ).toBe('0');
}

interface Kind {
  currency: string;
  rate: string;
  inclusive: boolean;
  perLine?: boolean;
  /** Into pounds, where the invoice is in another currency. */
  toBooks: string;
}

/** A contract with tax, a retention and, where asked for, prices with the tax in them; three entries, a line each. */
async function newFirm({ currency, rate, inclusive, perLine, toBooks }: Kind): Promise<Firm> {
  const firm = await openFirm(api, {
    rate: null,
    contract: {
      currency,
      tax: { category: 'standard', rate: '19' },
      grouping: { invoice: 'one_line', line: 'entry' },
    },
  });
  opened.push(firm);
  const { books } = firm;
  await books.in((tx) =>
    series.insert(tx, {
      sellerId: books.sellerId,
      documentType: 'credit_note',
      pattern: '{CLIENT}-CN-{NNNN}',
    }),
  );
  const scope = { scopeType: 'contract', scopeId: books.contractId };
  ok(await firm.post('/strategies', { ...scope, category: 'labor', method: 'service_rates' }), 201);
  ok(await firm.post('/rate-cards', { ...scope, position: '*', regularRate: rate, currency }), 201);
  const contract = (await firm.get(`/contracts/${books.contractId}`)).json;
  ok(
    await firm.patch(`/contracts/${books.contractId}`, {
      clauses: { retentionPercentage: '7.5' },
      ...(perLine && { rounding: { ...contract.rounding, taxPer: 'line' } }),
    }),
    200,
  );
  if (inclusive) {
    ok(await firm.patch(`/clients/${books.clientId}`, { address: { country: 'DE' } }), 200);
    ok(await firm.post('/tax-rates', { region: 'DE', category: 'standard', rate: '19', inclusive }), 201);
  }
  if (currency !== 'GBP')
    ok(
      await firm.post('/currency-rates', {
        rateOn: today,
        source: 'ECB',
        base: currency,
        quote: 'GBP',
        rate: toBooks,
      }),
      201,
    );
  await take(books, [
    entryOf('A', { quantity: 5_000 }),
    entryOf('B', { quantity: 12_345, workDate: '2026-03-03' }),
    entryOf('C', { quantity: 777, workDate: '2026-03-04' }),
  ]);
  return firm;
}

async function issued(firm: Firm): Promise<string> {
  const { books } = firm;
  const run = ok(await firm.post('/billing-runs', runOf(books, { finishAt: 'draft' })), 202);
  await carryOut(api.test.database, books, run);
  const [draft] = await invoicesOf(books);
  const id = draft!.id;
  const { lines } = ok(await firm.get(`/invoices/${id}`), 200);
  ok(
    await firm.post(`/invoices/${id}/discounts`, { lineId: lines[0].id, percentage: '3.3', reason: 'First' }),
    201,
  );
  ok(await firm.post(`/invoices/${id}/discounts`, { percentage: '12.7', reason: 'All' }), 201);
  expect(ok(await firm.post(`/invoices/${id}/issue`, {}), 200)).toMatchObject({ status: 'issued' });
  return id;
}

const inFull = (firm: Firm, id: string) =>
  firm.post(`/invoices/${id}/credit-notes`, { by: 'full', reason: 'All of it' });
const pay = (firm: Firm, id: string, currency: string, amount: string) =>
  firm.post('/payments', {
    clientId: firm.books.clientId,
    currency,
    amount,
    valueDate: today,
    applications: [{ invoiceId: id, amount }],
  });

/** What stands in the ledgers of an invoice that was credited whole, against the invoice itself. */
async function expectExactlyNothing(firm: Firm, id: string): Promise<void> {
  const row = await firm.books.in((tx) =>
    tx.row<Record<string, string>>(
      `select i.status, (i.total - i.credited)::text as total_left, i.applied::text, (i.net - n.net)::text as net, (i.tax - n.tax)::text as tax,
         (i.total - i.net - i.tax - n.rounding)::text as rounding, (i.functional_total - n.functional_total)::text as functional_total,
         (i.functional_net - n.functional_net)::text as functional_net, (i.functional_tax - n.functional_tax)::text as functional_tax
       from client_invoices i cross join lateral (
         select sum(x.net) as net, sum(x.tax) as tax, sum(x.rounding) as rounding, sum(x.functional_total) as functional_total,
           sum(x.functional_net) as functional_net, sum(x.functional_tax) as functional_tax
         from credit_notes x where x.workspace_id = $1 and x.invoice_id = i.id and x.status = 'issued') n
       where i.workspace_id = $1 and i.id = $2`,
      [firm.books.workspaceId, id],
    ),
  );
  const { status, ...left } = row!;
  expect(Object.entries(left).filter(([, value]) => value === null || !new Decimal(value).isZero())).toEqual(
    [],
  );
  expect(status).toBe('credited');
}

const kinds: Kind[] = [
  { currency: 'GBP', rate: '33.37', inclusive: false, toBooks: '1' },
  { currency: 'GBP', rate: '33.37', inclusive: true, toBooks: '1' },
  { currency: 'EUR', rate: '99.99', inclusive: false, perLine: true, toBooks: '0.8611' },
  { currency: 'EUR', rate: '99.99', inclusive: true, toBooks: '0.8611' },
  { currency: 'JPY', rate: '12345', inclusive: false, toBooks: '0.00523' },
  { currency: 'JPY', rate: '12345', inclusive: true, toBooks: '0.00523' },
  { currency: 'KWD', rate: '7.333', inclusive: false, toBooks: '2.4567' },
  { currency: 'KWD', rate: '7.333', inclusive: true, toBooks: '2.4567' },
];
const saysKind = ({ currency, inclusive, perLine }: Kind) =>
  `in ${currency}, ${inclusive ? 'tax in its prices' : perLine ? 'tax line by line' : 'tax on top'}`;

describe.each(kinds.map((kind) => [saysKind(kind), kind] as const))('an invoice %s', (_, kind) => {
  test('with tax, discounts and a retention is credited in full at once, to nothing', async () => {
    const firm = await newFirm(kind);
    const id = await issued(firm);
    ok(await inFull(firm, id), 201);
    await expectExactlyNothing(firm, id);
  });

  test('part paid, then credited by line, by hours and by an amount, comes to nothing with the rest', async () => {
    const firm = await newFirm(kind);
    const id = await issued(firm);
    const { lines, total } = ok(await firm.get(`/invoices/${id}`), 200);
    const places = total.split('.')[1]?.length ?? 0;
    const part = new Decimal(total).times('0.61').toDecimalPlaces(places).toFixed(places);
    ok(await pay(firm, id, kind.currency, part), 201);
    const money = new Decimal(lines[1].amount)
      .div(7)
      .toDecimalPlaces(places, Decimal.ROUND_DOWN)
      .toFixed(places);
    const credit = (body: object) => firm.post(`/invoices/${id}/credit-notes`, { reason: 'A part', ...body });
    ok(await credit({ by: 'lines', lines: [{ kind: 'price', lineId: lines[1].id, amount: money }] }), 201);
    ok(await credit({ by: 'amount', amount: money }), 201);
    ok(
      await credit({ by: 'lines', lines: [{ kind: 'quantity', lineId: lines[1].id, quantity: '0.5' }] }),
      201,
    );
    ok(await credit({ by: 'amount', amount: money }), 201);
    ok(await credit({ by: 'lines', lines: [{ kind: 'quantity', lineId: lines[0].id }] }), 201);
    await expectBalanced(api.test.database, firm.books);
    ok(await inFull(firm, id), 201);
    await expectExactlyNothing(firm, id);
    const [payment] = ok(await firm.get('/payments'), 200).items;
    expect(new Decimal(payment.onAccount).toFixed()).toBe(new Decimal(part).toFixed());
    // A void after it has nothing left to void, and leaves no trace.
    expect((await firm.post(`/invoices/${id}/void`, { reason: 'Wrong' })).status).toBe(409);
    ok(await firm.post(`/payments/${payment.id}/reverse`, { reason: 'It bounced' }), 200);
    await expectExactlyNothing(firm, id);
  });
});

const openQuantities = async (firm: Firm) =>
  (
    await firm.books.in((tx) =>
      tx.rows<{ open: string; held: boolean }>(
        `select (b.quantity - b.allocated)::float8::text as open, i.held_reason is not null as held from billable_items i
         join item_balance b on b.workspace_id = $1 and b.item_id = i.id where i.workspace_id = $1 and b.quantity <> b.allocated order by i.id`,
        [firm.books.workspaceId],
      ),
    )
  ).map(({ open, held }) => `${open}${held ? ' held' : ''}`);

/** Pounds, 20 % tax, a line an entry, and credit notes. */
async function poundFirm(hours: number[]): Promise<Firm> {
  const firm = await openFirm(api, {
    contract: { tax: { category: 'standard', rate: '20' }, grouping: { invoice: 'entry', line: 'entry' } },
  });
  opened.push(firm);
  const { books } = firm;
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
  return firm;
}

/** Two hours on one invoice, of which half an hour is credited to be billed again. */
async function partlyCredited() {
  const firm = await poundFirm([2]);
  const { books } = firm;
  await firm.run('issue');
  const [invoice] = await invoicesOf(books);
  const { lines } = ok(await firm.get(`/invoices/${invoice!.id}`), 200);
  const half = { kind: 'quantity', lineId: lines[0].id, quantity: '0.5' };
  const credit = { by: 'lines', reason: 'Half an hour too much', lines: [half] };
  ok(await firm.post(`/invoices/${invoice!.id}/credit-notes`, credit), 201);
  const item = await books.in((tx) =>
    tx.row<{ id: string }>('select id from billable_items where workspace_id = $1', [books.workspaceId]),
  );
  return { firm, itemId: item!.id, invoiceId: invoice!.id };
}

describe('half an hour of an item, credited to be billed again', () => {
  test('is held, and billed once somebody releases it', async () => {
    const { firm, itemId } = await partlyCredited();
    await firm.run('issue');
    expect(await openQuantities(firm)).toEqual(['0.5 held']);
    const choice = { itemIds: [itemId], reason: 'Agreed after all' };
    expect(ok(await firm.post('/billable-items/release', choice), 200)).toEqual({ items: 1 });
    await firm.run('issue');
    expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['160.00', '40.00']);
    expect(await openQuantities(firm)).toEqual([]);
  });

  test('is written off by what is open of it, and held again when that is taken back', async () => {
    const { firm, itemId } = await partlyCredited();
    const choice = { itemIds: [itemId], reason: 'Let it be' };
    const gone = ok(await firm.post('/billable-items/write-off', { ...choice, reasonCode: 'goodwill' }), 200);
    expect(gone).toMatchObject({ items: 1, amounts: [{ currency: 'GBP' }] });
    expect(Number(gone.amounts[0].amount)).toBe(40);
    expect(await openQuantities(firm)).toEqual([]);
    const again = await firm.post('/billable-items/write-off', { ...choice, reasonCode: 'goodwill' });
    expect([again.status, again.json.code]).toEqual([409, 'item.not_open']);
    ok(await firm.post(`/write-offs/${gone.id}/reverse`, { reason: 'It was worked' }), 200);
    await firm.run('issue');
    expect(await openQuantities(firm)).toEqual(['0.5 held']);
    ok(await firm.post('/billable-items/release', choice), 200);
    await firm.run('issue');
    expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['160.00', '40.00']);
  });

  test('is decided on before the rest is made anew, so that no hour is missing from the new draft', async () => {
    const { firm, itemId, invoiceId } = await partlyCredited();
    const anew = () => firm.post(`/invoices/${invoiceId}/reissue`, { reason: 'Another address' });
    const refused = await anew();
    expect([refused.status, refused.json.code]).toEqual([409, 'credit_note.items_held']);
    expect(await openQuantities(firm)).toEqual(['0.5 held']);
    ok(await firm.post('/billable-items/release', { itemIds: [itemId], reason: 'Bill it' }), 200);
    const made = await anew();
    expect(made.status, made.text).toBeLessThan(300);
    const [run] = ok(await firm.get('/billing-runs'), 200).items;
    await carryOut(api.test.database, firm.books, run);
    expect((await invoicesOf(firm.books)).map(({ net, status }) => `${net} ${status}`)).toEqual([
      '160.00 credited',
      '160.00 draft',
    ]);
  });

  test('on a draft is held back off it, while the rest stays issued', async () => {
    const { firm, itemId } = await partlyCredited();
    ok(await firm.post('/billable-items/release', { itemIds: [itemId], reason: 'Bill it' }), 200);
    await firm.run('draft');
    expect((await invoicesOf(firm.books)).map(({ net, status }) => `${net} ${status}`)).toEqual([
      '160.00 issued',
      '40.00 draft',
    ]);
    ok(await firm.post('/billable-items/hold', { itemIds: [itemId], reason: 'Not yet' }), 200);
    expect(await openQuantities(firm)).toEqual(['0.5 held']);
    expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['160.00']);
  });
});

const account = async (firm: Firm, amount: string) =>
  ok(
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'GBP',
      amount,
      valueDate: today,
    }),
    201,
  ).id as string;

test('money finer than its currency goes is neither applied nor given back, and leaves no trace', async () => {
  const firm = await poundFirm([1]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  const invoiceId = invoice!.id;
  const payment = await account(firm, '50.00');
  const applied = (application: object) =>
    firm.post(`/payments/${payment}/apply`, {
      applications: [{ invoiceId, amount: '1.00', ...application }],
    });
  for (const refused of [
    await applied({ amount: '0.005' }),
    await applied({ deductions: { bank_fee: '0.001' } }),
    await applied({ deductions: { exchange_difference: '-0.005' } }),
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'JPY',
      amount: '200',
      valueDate: today,
      applications: [{ invoiceId, amount: '200', documentAmount: '1.005' }],
    }),
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'JPY',
      amount: '1',
      valueDate: today,
      applications: [{ invoiceId, amount: '1', rate: '0.004' }],
    }),
    await firm.post(`/payments/${payment}/refund`, {
      amount: '0.005',
      method: 'wire',
      valueDate: today,
      reason: 'Half a penny',
      ownReason: 'Nobody else is here',
    }),
  ])
    expect([refused.status, refused.json.code]).toEqual([422, 'payment.finer_than_currency']);
  expect(ok(await firm.get(`/payments/${payment}`), 200)).toMatchObject({ onAccount: '50.00' });
  expect(ok(await firm.get('/payments'), 200).items).toHaveLength(1);
  expect(ok(await firm.get(`/invoices/${invoiceId}`), 200)).toMatchObject({ applied: '0.00' });
});

test('a payment that is applied elsewhere while it is taken back settles nothing any more', async () => {
  const firm = await poundFirm([1, 1]);
  await firm.run('issue');
  const [first, second] = await invoicesOf(firm.books);
  const payment = await account(firm, '192.00');
  const apply = (invoiceId: string) =>
    firm.post(`/payments/${payment}/apply`, { applications: [{ invoiceId, amount: '96.00' }] });
  ok(await apply(first!.id), 200);
  // The other application comes in once the reversal has read what the payment settles.
  let isFirst = true;
  const reversed = firm.books.in((tx) =>
    reversePayment(
      {
        ...tx,
        rows: async <T>(sql: string, params?: unknown[]) => {
          const rows = await tx.rows<T>(sql, params);
          if (isFirst && JSON.stringify(rows).includes(first!.id)) {
            isFirst = false;
            ok(await apply(second!.id), 200);
          }
          return rows;
        },
      },
      payment,
      'key:ada',
      'It bounced',
    ),
  );
  await expect(reversed).rejects.toMatchObject({ code: 'payment.applied_meanwhile' });
  await expectBalanced(api.test.database, firm.books);
  ok(await firm.post(`/payments/${payment}/reverse`, { reason: 'It bounced' }), 200);
  expect((await invoicesOf(firm.books)).map(({ status, applied }) => `${status} ${Number(applied)}`)).toEqual(
    ['issued 0', 'issued 0'],
  );
});

test('what is credited counts for no purchase order any more: the same work goes out on it again', async () => {
  const firm = await poundFirm([1]);
  const { books } = firm;
  await books.in((tx) =>
    tx.run(
      `with o as (insert into purchase_orders (workspace_id, client_id, number, currency, limit_amount) values ($1, $2, 'PO-7', 'GBP', 100) returning id)
       update contracts k set purchase_order_id = o.id from o where k.workspace_id = $1 and k.id = $3`,
      [books.workspaceId, books.clientId, books.contractId],
    ),
  );
  await firm.run('issue');
  const [invoice] = await invoicesOf(books);
  ok(
    await firm.post(`/invoices/${invoice!.id}/credit-notes`, {
      by: 'full',
      reason: 'Wrong address',
      disposition: 'bill_again',
    }),
    201,
  );
  const held = await books.in((tx) =>
    tx.rows<{ id: string }>('select id from billable_items where workspace_id = $1', [books.workspaceId]),
  );
  ok(
    await firm.post('/billable-items/release', { itemIds: held.map(({ id }) => id), reason: 'Right now' }),
    200,
  );
  await firm.run('issue');
  expect((await invoicesOf(books)).map(({ status, net, holdReason }) => [status, net, holdReason])).toEqual([
    ['credited', '80.00', null],
    ['issued', '80.00', null],
  ]);
});

test('a credit of nothing but a correction downwards asks for no more than the invoice did', async () => {
  const firm = await poundFirm([3]);
  const { books } = firm;
  await books.in((tx) =>
    tx.run(
      `update contracts set grouping = '{"invoice": "one_line", "line": "entry"}' where workspace_id = $1 and id = $2`,
      [books.workspaceId, books.contractId],
    ),
  );
  await firm.run('issue');
  const [before] = await invoicesOf(books);
  // One hour less, and new work beside it: 240 − … on one invoice.
  await take(books, [entryOf('0', { quantity: 7200 }), entryOf('9', { quantity: 14_400 })]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'key:ada', 'agreed'));
  await firm.run('issue');
  const after = (await invoicesOf(books)).find(({ id }) => id !== before!.id);
  expect(after).toMatchObject({ status: 'issued', net: '240.00', total: '288.00' });
  const { lines } = ok(await firm.get(`/invoices/${after!.id}`), 200);
  const down = lines.find((line: { amount: string }) => line.amount.startsWith('-'));
  expect(down.amount).toBe('-80.00');
  const credit = await firm.post(`/invoices/${after!.id}/credit-notes`, {
    by: 'lines',
    reason: 'The hour was right after all',
    lines: [{ kind: 'quantity', lineId: down.id }],
  });
  expect([credit.status, credit.json.code]).toEqual([409, 'credit_note.below_zero']);
  ok(await inFull(firm, after!.id), 201);
  await expectExactlyNothing(firm, after!.id);
});

test('an invoice that is credited by an amount down to nothing is settled, by no money, while its hours stay billed', async () => {
  const firm = await poundFirm([1]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  const id = invoice!.id;
  ok(
    await firm.post(`/invoices/${id}/credit-notes`, { by: 'amount', reason: 'Goodwill', amount: '80.00' }),
    201,
  );
  expect(ok(await firm.get(`/invoices/${id}`), 200)).toMatchObject({
    status: 'settled',
    credited: '96.00',
    applied: '0.00',
    paidBy: null,
  });
  expect(await openQuantities(firm)).toEqual([]);
  ok(await inFull(firm, id), 201);
  await expectExactlyNothing(firm, id);
  expect(await openQuantities(firm)).toEqual(['1 held']);
});

test('what a payment gained in the books is taken back with the invoice that it settled, part by part', async () => {
  const firm = await newFirm({ currency: 'EUR', rate: '99.99', inclusive: false, toBooks: '0.8611' });
  const day = addDays(today, -1);
  const rate = { rateOn: day, source: 'ECB', base: 'EUR', quote: 'GBP', rate: '0.9377' };
  ok(await firm.post('/currency-rates', rate), 201);
  const id = await issued(firm);
  const { total, lines } = ok(await firm.get(`/invoices/${id}`), 200);
  const payment = ok(
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'EUR',
      amount: total,
      valueDate: day,
      applications: [{ invoiceId: id, amount: total }],
    }),
    201,
  );
  const gained = async () => {
    const { applications } = ok(await firm.get(`/payments/${payment.id}`), 200);
    return sum(applications.map((row: { exchangeDifference: string | null }) => row.exchangeDifference));
  };
  const whole = await gained();
  expect(whole.toNumber()).toBeGreaterThan(10);
  ok(
    await firm.post(`/invoices/${id}/credit-notes`, {
      by: 'lines',
      reason: 'One line',
      lines: [{ kind: 'quantity', lineId: lines[0].id }],
    }),
    201,
  );
  const rest = await gained();
  expect(rest.toNumber()).toBeGreaterThan(0);
  expect(rest.toNumber()).toBeLessThan(whole.toNumber());
  ok(await inFull(firm, id), 201);
  expect((await gained()).toFixed()).toBe('0');
  await expectExactlyNothing(firm, id);
  // Put on another invoice, what is on account gains there by its own rate; given back whole, nothing is left of it.
  ok(await firm.post(`/payments/${payment.id}/reverse`, { reason: 'It bounced' }), 200);
  expect((await gained()).toFixed()).toBe('0');
});

test('money that was paid twice settles the next invoice, and all of it comes back open when it bounces', async () => {
  const firm = await poundFirm([1, 1]);
  await firm.run('issue');
  const [first, second] = await invoicesOf(firm.books);
  ok(await pay(firm, first!.id, 'GBP', '96.00'), 201);
  const twice = await account(firm, '120.00');
  const apply = (invoiceId: string, amount: string) =>
    firm.post(`/payments/${twice}/apply`, { applications: [{ invoiceId, amount }] });
  expect((await apply(first!.id, '0.01')).json.code).toBe('payment.beyond_balance');
  ok(await apply(second!.id, '96.00'), 200);
  ok(
    await firm.post(`/invoices/${second!.id}/credit-notes`, {
      by: 'amount',
      reason: 'Late',
      amount: '10.00',
    }),
    201,
  );
  expect(ok(await firm.get(`/payments/${twice}`), 200)).toMatchObject({ onAccount: '36.00' });
  const refund = ok(
    await firm.post(`/payments/${twice}/refund`, {
      amount: '36.00',
      method: 'wire',
      valueDate: today,
      reason: 'Too much',
      ownReason: 'Nobody else is here',
    }),
    201,
  );
  const blocked = await firm.post(`/payments/${twice}/reverse`, { reason: 'It bounced' });
  expect([blocked.status, blocked.json.code]).toEqual([409, 'payment.refunded']);
  ok(await firm.post(`/payments/${refund.id}/reverse`, { reason: 'It came back' }), 200);
  ok(await firm.post(`/payments/${twice}/reverse`, { reason: 'It bounced' }), 200);
  const after = ok(await firm.get(`/invoices/${second!.id}`), 200);
  expect(after).toMatchObject({ status: 'issued', applied: '0.00', credited: '12.00' });
  const aged = ok(await firm.get(`/reports/finance/aged-receivables?asOf=${today}`), 200);
  expect(aged.totals.map((row: { open: string }) => Number(row.open))).toEqual([84]);
});

test('bad debt that a credit would go beyond is taken back first, and money recovers it', async () => {
  const firm = await poundFirm([1]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  const id = invoice!.id;
  ok(await pay(firm, id, 'GBP', '40.00'), 201);
  ok(await firm.post(`/invoices/${id}/write-off-bad-debt`, { reason: 'Insolvent' }), 200);
  const refused = await inFull(firm, id);
  expect([refused.status, refused.json.code]).toEqual([409, 'credit_note.beyond_invoice']);
  const recovered = ok(await pay(firm, id, 'GBP', '20.00'), 201);
  expect(ok(await firm.get(`/invoices/${id}`), 200)).toMatchObject({
    status: 'uncollectible',
    applied: '60.00',
    badDebt: '36.00',
  });
  ok(await firm.post(`/payments/${recovered.id}/reverse`, { reason: 'It bounced' }), 200);
  expect(ok(await firm.get(`/invoices/${id}`), 200)).toMatchObject({ applied: '40.00', badDebt: '36.00' });
  ok(await firm.post(`/invoices/${id}/reverse-bad-debt`, { reason: 'All of it anew' }), 200);
  ok(await inFull(firm, id), 201);
  await expectExactlyNothing(firm, id);
});

/** Three hours on a retainer of one hour a month: two are beyond it, and wait for somebody. */
async function beyondRetainer() {
  const firm = await poundFirm([3]);
  const model = { type: 'retainer', measure: 'hours', quantity: '1', period: 'month', rollOver: 'none' };
  ok(
    await firm.patch(`/contracts/${firm.books.contractId}`, {
      clauses: { billingModel: { ...model, overage: 'exception' } },
    }),
    200,
  );
  await firm.run('issue');
  expect(await openQuantities(firm)).toEqual(['2']);
  const item = await firm.books.in((tx) =>
    tx.row<{ id: string }>('select id from billable_items where workspace_id = $1', [tx.workspaceId]),
  );
  return { firm, itemId: item!.id };
}

test('hours beyond a retainer are billed though the contract was amended for their day since', async () => {
  const { firm } = await beyondRetainer();
  ok(
    await firm.post(`/contracts/${firm.books.contractId}/amendments`, {
      startsOn: '2026-02-01',
      clauses: { retentionPercentage: '5' },
      reason: 'Agreed late',
    }),
    201,
  );
  await firm.books.in((tx) =>
    releaseWarnings(tx, { rules: ['retainer.used_up'] }, 'key:ada', 'the client agreed'),
  );
  await firm.run('issue');
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['160.00']);
  expect(await openQuantities(firm)).toEqual([]);
});

test('hours beyond a retainer are written off, while what it covered stays drawn', async () => {
  const { firm, itemId } = await beyondRetainer();
  const choice = { itemIds: [itemId], reason: 'Not agreed', reasonCode: 'goodwill' };
  const gone = ok(await firm.post('/billable-items/write-off', choice), 200);
  expect(Number(gone.amounts[0].amount)).toBe(160);
  expect(await openQuantities(firm)).toEqual([]);
});
