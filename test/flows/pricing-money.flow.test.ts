/** What becomes of money on its way: the seller's books, costs and margins, rates that are missing, rates of platforms. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays } from '../../domain/day.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { ensureSource } from '../../store/intake.ts';
import type { Run } from '../../store/runs.ts';
import { carryOut, entryOf, exceptionsOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, openTicketFirm } from '../support/tickets.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const { books } of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

async function newFirm(options: Parameters<typeof openFirm>[1] = {}): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}
const today = () => new Date().toISOString().slice(0, 10);
const enterRate = async (firm: Firm, facts: object) => {
  const answer = await firm.post('/currency-rates', { rateOn: today(), source: 'ECB', ...facts });
  expect(answer.status, answer.text).toBe(201);
};
const onBooks = (firm: Firm) =>
  firm.books.in((tx) =>
    tx.row<Record<string, unknown>>(
      `select i.functional_currency, i.functional_net, i.functional_tax, i.functional_total, c.rate, c.source, c.date_rule, i.snapshot -> 'rates' as used,
         i.tax_currency, i.tax_in_tax_currency
       from client_invoices i left join conversions c on c.workspace_id = $1 and c.id = i.functional_conversion_id where i.workspace_id = $1`,
      [firm.books.workspaceId],
    ),
  );
/** A contract in euros of a seller whose books are in pounds: 10 hours at 99.99 and 19 % tax. */
async function inEuros(): Promise<Firm> {
  const firm = await newFirm({
    rate: null,
    contract: { currency: 'EUR', tax: { rate: '19', category: 'standard' } },
  });
  const scope = { scopeType: 'contract', scopeId: firm.books.contractId };
  await firm.post('/strategies', { ...scope, category: 'labor', method: 'service_rates' });
  await firm.post('/rate-cards', { ...scope, position: '*', regularRate: '99.99', currency: 'EUR' });
  await take(firm.books, [entryOf('1', { quantity: 36_000 })]);
  return firm;
}

test('an invoice in another currency waits for the rate into the books, and keeps it whatever is entered later', async () => {
  const firm = await inEuros();
  await firm.run('issue');
  expect(await invoicesOf(firm.books)).toMatchObject([
    {
      status: 'held',
      holdReason: `there is no rate from EUR to GBP on ${today()}: enter it, then issue again`,
    },
  ]);
  const [held] = await invoicesOf(firm.books);
  // Not even a person with a reason posts at a rate that nobody knows.
  const released = await firm.post(`/invoices/${held!.id}/issue`, { releaseReason: 'It is urgent' });
  expect(released.status, released.text).not.toBe(200);
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.8611' });
  const issued = await firm.post(`/invoices/${held!.id}/issue`, { releaseReason: 'The rate is there' });
  expect(issued.status, issued.text).toBe(200);
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.9' });
  expect(await onBooks(firm)).toEqual({
    functionalCurrency: 'GBP',
    // 999.90 + 189.98 = 1189.88 EUR; × 0.8611 = 1024.605668; the tax × 0.8611 = 163.591778; the net is what is left.
    functionalTotal: '1024.61',
    functionalTax: '163.59',
    functionalNet: '861.02',
    rate: '0.8611',
    source: 'ECB',
    dateRule: 'issue_date',
    used: [{ purpose: 'functional', from: 'EUR', to: 'GBP', rate: '0.8611', rateOn: today(), source: 'ECB' }],
    taxCurrency: null,
    taxInTaxCurrency: null,
  });
});

test('a part payment in another currency settles by the rate of its day, and the books say what that gained', async () => {
  const firm = await inEuros();
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.8611' });
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  expect(invoice).toMatchObject({ status: 'issued', total: '1189.88' });
  const pounds = {
    currency: 'GBP',
    amount: '500.00',
    valueDate: today(),
    applications: [{ invoiceId: invoice!.id, amount: '500.00' }],
  };
  // The rate that is there turns euros into pounds, and nobody said that it holds the other way round.
  const refused = await firm.post('/payments', pounds);
  expect(refused.status, refused.text).toBe(409);
  await enterRate(firm, { base: 'GBP', quote: 'EUR', rate: '1.16' });
  const paid = await firm.post('/payments', pounds);
  expect(paid.status, paid.text).toBe(201);
  // 500.00 × 1.16 = 580.00 EUR, posted at 1024.61 × 580.00 / 1189.88 = 499.44 GBP; 500.00 came in.
  expect(paid.json.applications).toMatchObject([
    {
      documentCurrency: 'EUR',
      documentAmount: '580.00',
      rate: '1.16',
      rateSource: 'ECB',
      exchangeDifference: '0.56',
    },
  ]);
  expect((await firm.get(`/invoices/${invoice!.id}`)).json).toMatchObject({
    status: 'partially_paid',
    applied: '580.00',
  });
});

test('the tax is shown in the currency of the tax office, at the rate of the tax point', async () => {
  const firm = await inEuros();
  await firm.books.in((tx) =>
    tx.run("update sellers set functional_currency = 'EUR', tax_currency = 'GBP' where workspace_id = $1", [
      tx.workspaceId,
    ]),
  );
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.85', rateOn: '2026-03-02' });
  await firm.run('issue');
  expect(await onBooks(firm)).toMatchObject({
    functionalCurrency: 'EUR',
    functionalTotal: '1189.88',
    functionalNet: '999.90',
    // 189.98 × 0.85 = 161.483
    taxCurrency: 'GBP',
    taxInTaxCurrency: '161.48',
    used: [{ purpose: 'tax', rate: '0.85', rateOn: '2026-03-02' }],
  });
});

test('an expense without a rate of its day is an exception, and is billed once the rate is entered', async () => {
  const firm = await newFirm();
  const receipt = { on: '2026-02-27', net: '100.00', inputTax: '0' };
  await take(firm.books, [entryOf('1', { kind: 'expense', quantity: 10_000, currency: 'EUR', receipt })]);
  // Of the day on which it was booked, which is not that of the receipt.
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.90', rateOn: '2026-03-02' });
  await firm.run('draft');
  expect(await invoicesOf(firm.books)).toEqual([]);
  expect(await exceptionsOf(firm.books)).toMatchObject([
    { rule: 'item.currency_without_rate', severity: 'E' },
  ]);
  await enterRate(firm, { base: 'EUR', quote: 'GBP', rate: '0.86', rateOn: '2026-02-27' });
  await firm.run('draft');
  expect(await invoicesOf(firm.books)).toMatchObject([{ net: '86.00' }]);
  expect(await exceptionsOf(firm.books)).toEqual([]);
});

test("a ticket's expense is charged by its net, at the rate of its receipt, and its contractor gets what they paid", async () => {
  const firm = await openTicketFirm(api);
  const { books, workDate } = firm;
  const receiptOn = addDays(workDate, -3);
  expectStatus(
    await firm.admin.post('/currency-rates', {
      base: 'EUR',
      quote: 'GBP',
      rateOn: receiptOn,
      rate: '0.86',
      source: 'ECB',
    }),
    201,
  );
  const paid = {
    kind: 'expense',
    amount: '119.00',
    currency: 'EUR',
    category: 'Tools',
    receiptOn,
    inputTax: '19',
  };
  const id = await firm.submitted([paid]);
  const shown = expectStatus(await firm.admin.get(`/tickets/${id}`), 200);
  expect(shown.lines).toMatchObject([{ amount: '119.00', inputTax: '19.00', receiptOn }]);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  const wanted = runOf(books, { finishAt: 'draft', cutoffOn: addDays(workDate, 1) });
  await carryOut(
    api.test.database,
    books,
    expectStatus(await firm.admin.post('/billing-runs', wanted), 202) as Run,
  );
  expect(await invoicesOf(books)).toMatchObject([{ net: '86.00' }]);
  const [invoice] = await invoicesOf(books);
  const [line] = (await firm.admin.get(`/invoices/${invoice!.id}/lines`)).json.items as {
    formulaText: string;
  }[];
  expect(line!.formulaText).toBe(
    `11900 cents → 86.00 amount × 1 GBP (cost: 100.00 EUR net of 119.00 EUR at 0.86 (ECB, ${receiptOn}, receipt date)) = 86.00 GBP → tax 0 % exempt`,
  );
  await expectBalanced(api.test.database, books);
});

test('a margin counts contractors, employees and what was paid abroad, and says whose cost nobody knows', async () => {
  const firm = await newFirm({ rate: '80.00' });
  const ann = await firm.post('/people', { name: 'Ann Berg', kind: 'employee' });
  await firm.post('/cost-rates', {
    personId: ann.json.id,
    currency: 'GBP',
    regularRate: '44.00',
    validFrom: '2026-01-01',
  });
  await enterRate(firm, { base: 'USD', quote: 'GBP', rate: '0.80', rateOn: '2026-03-02' });
  const by = (name: string): Partial<SourceEntry> => ({
    person: { externalId: null, code: null, name, email: null },
  });
  await take(firm.books, [
    // 2 h at 80, cost 2 × 44
    entryOf('1', { quantity: 7_200 }),
    // 1 h at 80, cost 50 USD = 40
    entryOf('2', { ...by('Lee Moss'), cost: '50', currency: 'USD' }),
    // 1 h at 80, nobody knows at what cost
    entryOf('3', by('Kim Hale')),
    // 100.00 net of 120.00 at cost
    entryOf('4', {
      ...by('Lee Moss'),
      kind: 'expense',
      quantity: 12_000,
      receipt: { on: null, net: '100.00', inputTax: '20.00' },
    }),
  ]);
  await firm.patch(`/contracts/${firm.books.contractId}`, {
    grouping: { invoice: 'client', line: 'person' },
  });
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  const whole = {
    currency: 'GBP',
    revenue: '420.00',
    // 88 + 40 + 100
    cost: '228.00',
    margin: '192.00',
    percentage: '45.7',
    itemsWithoutCost: 1,
  };
  expect((await firm.get(`/invoices/${invoice!.id}/margin`)).json).toEqual(whole);
  const lines = (await firm.get(`/invoices/${invoice!.id}/margin/lines`)).json.items as Record<
    string,
    unknown
  >[];
  expect(
    lines.map(({ revenue, cost, margin, percentage }) => [revenue, cost, margin, percentage].join(' ')),
  ).toEqual(['160.00 88.00 72.00 45.0', '180.00 140.00 40.00 22.2', '80.00 0.00 80.00 100.0']);
  const ofClient = `/clients/${firm.books.clientId}/margin`;
  expect((await firm.get(ofClient)).json).toEqual({ currencies: [{ ...whole, includedCost: '0.00' }] });
  expect((await firm.get(`${ofClient}?before=2026-01-01`)).json).toEqual({ currencies: [] });
  const reader = await firm.withScopes(['invoices.read', 'clients.read']);
  expect((await reader.get(`/invoices/${invoice!.id}/margin`)).status).toBe(403);
  expect((await reader.get(ofClient)).status).toBe(403);
});

test("hours under a fixed price cost their client what they cost, and earn through the price's own lines", async () => {
  const firm = await newFirm({ rate: '80.00' });
  await firm.patch(`/contracts/${firm.books.contractId}`, {
    clauses: { billingModel: { type: 'fixed_price', price: '1000.00', by: 'percentage' } },
  });
  await take(firm.books, [entryOf('1', { quantity: 36_000, cost: '30' })]);
  await firm.run('issue');
  expect((await firm.get(`/clients/${firm.books.clientId}/margin`)).json).toMatchObject({
    currencies: [
      { revenue: '0.00', cost: '300.00', margin: '-300.00', percentage: null, includedCost: '300.00' },
    ],
  });
});

test("a platform's rate is information: ours prices, and a difference is told and holds nothing back", async () => {
  const firm = await newFirm({ rate: '80.00' });
  await take(firm.books, [
    entryOf('1', { rate: '75.00' }),
    entryOf('2', { rate: '80', workDate: '2026-03-03' }),
  ]);
  await firm.run('issue');
  expect(await invoicesOf(firm.books)).toMatchObject([{ status: 'issued', net: '160.00' }]);
  const told = await exceptionsOf(firm.books);
  expect(told.map(({ rule, severity, detail }) => `${rule} ${severity} ${String(detail.figure)}`)).toEqual([
    'item.platform_rate_differs W 80.00 GBP an hour, 75.00 at its source',
  ]);
});

test("a platform's rate prices where its ownership card says so and no strategy says otherwise", async () => {
  const firm = await newFirm({ rate: null });
  const made = await firm.post('/connections', {
    connector: 'harvest',
    name: 'Harvest',
    goLiveOn: '2026-01-01',
    settings: { accountId: '1' },
    secrets: { accessToken: 'token' },
  });
  expect(made.status, made.text).toBe(201);
  const connectionId = made.json.id as string;
  const sourceId = await firm.books.in((tx) =>
    ensureSource(tx, { kind: 'connection', name: 'Harvest', connectionId }),
  );
  const drafted = async () => (await invoicesOf(firm.books)).map(({ net }) => net);
  await take(firm.books, [entryOf('1', { rate: '75.00' })], { sourceId });
  await firm.run('draft');
  expect(await drafted()).toEqual(['0.00']);
  expect((await firm.patch(`/connections/${connectionId}`, { ownership: { prices: true } })).status).toBe(
    200,
  );
  await take(firm.books, [entryOf('2', { rate: '75.00', workDate: '2026-03-03' })], { sourceId });
  await firm.run('draft');
  expect(await drafted()).toEqual(['0.00', '75.00']);
});
