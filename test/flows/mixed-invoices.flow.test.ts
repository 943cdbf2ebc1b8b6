/** Owns invoices that have everything at once, taken back bit by bit: whatever the order, what is left at the end is exactly nothing. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { localDay } from '../../domain/day.ts';
import { Decimal } from '../../domain/money.ts';
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

const plain: Kind = { currency: 'GBP', rate: '80.00', inclusive: false, toBooks: '1' };
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

/** Two hours on one invoice, of which half an hour is credited to be billed again. */
async function partlyCredited() {
  const firm = await openFirm(api, { contract: { tax: { category: 'standard', rate: '20' } } });
  opened.push(firm);
  const { books } = firm;
  await books.in((tx) =>
    series.insert(tx, {
      sellerId: books.sellerId,
      documentType: 'credit_note',
      pattern: '{CLIENT}-CN-{NNNN}',
    }),
  );
  await take(books, [entryOf('A', { quantity: 7200 })]);
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
