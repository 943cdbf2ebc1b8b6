/** Owns amounts and texts that nobody means: each is refused by name, none is an error of ours, and nothing of it is kept. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../store/new-id.ts';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** No amounts of anything. */
const noAmounts: unknown[] = [
  ...[
    'NaN',
    'Infinity',
    '-Infinity',
    '1e30',
    '1E5',
    `1${'0'.repeat(30)}`,
    '0x10',
    '１２',
    '1,5',
    '1.12345678901234567',
  ],
  ...['', ' ', '--1', '1.', '.5', '+1', '1_000', '١', null, 5, 0.1, {}, [], true, ['1']],
];
/** Texts that a column, a page or an XML has no place for. */
const noTexts = ['a\u0000b', 'x'.repeat(200_000), ' \n ', ''];

interface Place {
  firm: Firm;
  draftId: string;
  issuedId: string;
  lineId: string;
  itemId: string;
  paymentId: string;
}
async function place(): Promise<Place> {
  const firm = await openFirm(api);
  const { books } = firm;
  await take(books, [entryOf('A')]);
  await firm.run('issue');
  const [issued] = await invoicesOf(books);
  await take(books, [entryOf('B', { workDate: '2026-03-03' })]);
  const run = await firm.post('/billing-runs', runOf(books, { finishAt: 'draft' }));
  await carryOut(api.test.database, books, run.json);
  const draft = (await invoicesOf(books)).find(({ status }) => status === 'draft');
  const lines = (await firm.get(`/invoices/${issued!.id}/lines`)).json.items;
  const item = await books.in((tx) =>
    tx.row<{ id: string }>(
      `select item_id as id from allocations where workspace_id = $1 and invoice_id = $2 limit 1`,
      [books.workspaceId, draft!.id],
    ),
  );
  const payment = await firm.post('/payments', {
    clientId: books.clientId,
    currency: 'GBP',
    amount: '50.00',
    valueDate: '2026-04-01',
  });
  return {
    firm,
    draftId: draft!.id,
    issuedId: issued!.id,
    lineId: lines[0].id,
    itemId: item!.id,
    paymentId: payment.json.id,
  };
}

const amounts = (at: Place): Record<string, (amount: unknown) => [string, object]> => ({
  'discount, fixed': (fixedAmount) => [`/invoices/${at.draftId}/discounts`, { fixedAmount, reason: 'x' }],
  'discount, percent': (percentage) => [`/invoices/${at.draftId}/discounts`, { percentage, reason: 'x' }],
  'item, price': (unitPrice) => [`/billable-items/${at.itemId}/adjust`, { unitPrice, reason: 'x' }],
  'item, quantity': (quantity) => [`/billable-items/${at.itemId}/adjust`, { quantity, reason: 'x' }],
  'item, amount': (amount) => [`/billable-items/${at.itemId}/adjust`, { amount, reason: 'x' }],
  'credit, amount': (amount) => [
    `/invoices/${at.issuedId}/credit-notes`,
    { by: 'amount', amount, reason: 'x', issue: false },
  ],
  'credit, line': (amount) => [
    `/invoices/${at.issuedId}/credit-notes`,
    { by: 'lines', lines: [{ kind: 'price', lineId: at.lineId, amount }], reason: 'x', issue: false },
  ],
  payment: (amount) => ['/payments', { currency: 'GBP', amount, valueDate: '2026-04-01' }],
  application: (amount) => [
    `/payments/${at.paymentId}/apply`,
    { applications: [{ invoiceId: at.issuedId, amount }] },
  ],
  'document amount': (documentAmount) => [
    `/payments/${at.paymentId}/apply`,
    { applications: [{ invoiceId: at.issuedId, amount: '1000000', documentAmount }] },
  ],
  refund: (amount) => [
    `/payments/${at.paymentId}/refund`,
    { amount, method: 'wire', valueDate: '2026-04-01', reason: 'x', ownReason: 'alone' },
  ],
  'rate card': (regularRate) => [
    '/rate-cards',
    {
      scopeType: 'contract',
      scopeId: at.firm.books.contractId,
      position: newId(),
      regularRate,
      currency: 'GBP',
    },
  ],
  'currency rate': (rate) => [
    '/currency-rates',
    { base: 'USD', quote: 'GBP', rateOn: '2026-03-02', rate, source: 'x' },
  ],
  'tax rate': (rate) => ['/tax-rates', { region: 'SE', category: newId(), rate }],
});

/** Rows of whatever a wild amount could be kept in. */
const countsOf = ({ firm: { books } }: Place) =>
  books.in((tx) =>
    tx.row<Record<string, number>>(
      `select ${[
        'invoice_discounts',
        'item_adjustments',
        'credit_notes',
        'payments',
        'payment_applications',
        'rate_cards',
        'currency_rates',
        'tax_rates',
        'payment_terms',
        'allocations',
      ]
        .map((table) => `(select count(*) from ${table} where workspace_id = $1)::int as ${table}`)
        .join(', ')}`,
      [books.workspaceId],
    ),
  );

test('what is no amount is refused wherever there is one', async () => {
  const at = await place();
  const before = await countsOf(at);
  const wrong: string[] = [];
  for (const [name, bodyOf] of Object.entries(amounts(at)))
    for (const value of noAmounts) {
      const [path, body] = bodyOf(value);
      const { status, text } = await at.firm.post(path, body);
      if (status !== 422) wrong.push(`${name} ${JSON.stringify(value)}: ${status} ${text.slice(0, 200)}`);
    }
  expect(wrong).toEqual([]);
  expect(await countsOf(at)).toEqual(before);
  await expectBalanced(api.test.database, at.firm.books);
});

test('what is no amount is refused in the clauses of a contract', async () => {
  const firm = await openFirm(api);
  const wrong: string[] = [];
  for (const value of noAmounts.filter((one) => typeof one === 'string'))
    for (const clauses of [{ workCalendar: { hoursPerDay: value } }, { retentionPercentage: value }]) {
      const { status, text } = await firm.patch(`/contracts/${firm.books.contractId}`, { clauses });
      if (status !== 422) wrong.push(`${JSON.stringify(clauses)}: ${status} ${text.slice(0, 200)}`);
    }
  expect(wrong).toEqual([]);
});

test('the largest amounts that there can be are taken or refused, and never an error of ours', async () => {
  const at = await place();
  const wrong: string[] = [];
  for (const [name, bodyOf] of Object.entries(amounts(at)))
    for (const value of ['999999999999999.999999', '-999999999999999', '0', '0.000001', '-0', '-0.01']) {
      const [path, body] = bodyOf(value);
      const { status, text } = await at.firm.post(path, body);
      if (status >= 500) wrong.push(`${name} ${value}: ${status} ${text.slice(0, 200)}`);
    }
  expect(wrong).toEqual([]);
  await expectBalanced(api.test.database, at.firm.books);
});

test('texts that nothing can hold are refused wherever there is one', async () => {
  const at = await place();
  const before = await countsOf(at);
  const wrong: string[] = [];
  const texts: Record<string, (text: string) => [string, object]> = {
    discount: (reason) => [`/invoices/${at.draftId}/discounts`, { percentage: '1', reason }],
    credit: (reason) => [`/invoices/${at.issuedId}/credit-notes`, { by: 'full', reason, issue: false }],
    'bad debt': (reason) => [`/invoices/${at.issuedId}/write-off-bad-debt`, { reason }],
    adjust: (reason) => [`/billable-items/${at.itemId}/adjust`, { unitPrice: '1', reason }],
    terms: (name) => ['/payment-terms', { name, language: 'en', message: 'x' }],
    void: (reason) => [`/invoices/${at.issuedId}/void`, { reason }],
  };
  for (const [name, bodyOf] of Object.entries(texts))
    for (const text of noTexts) {
      const [path, body] = bodyOf(text);
      const answer = await at.firm.post(path, body);
      if (![413, 422].includes(answer.status))
        wrong.push(
          `${name} ${JSON.stringify(text.slice(0, 9))}: ${answer.status} ${answer.text.slice(0, 200)}`,
        );
    }
  expect(wrong).toEqual([]);
  expect(await countsOf(at)).toEqual(before);
});

test('more items than a run takes are refused before anything is looked up', async () => {
  const { firm } = await place();
  const itemIds = Array.from({ length: 10_001 }, newId);
  for (const path of ['/billing-runs', '/billing-runs/preview']) {
    const { finishAt: _, ...body } = runOf(firm.books, { itemIds });
    const answer = await firm.post(path, path === '/billing-runs' ? { ...body, finishAt: 'draft' } : body);
    expect([413, 422]).toContain(answer.status);
  }
});
