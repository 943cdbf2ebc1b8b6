/** Owns the reports of the finance team over HTTP: worked out by hand, tied to each other, and true of a past day for ever. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { localDay } from '../../domain/day.ts';
import { type Books, bill, entryOf, expectBalanced, invoicesOf, take, totalOf } from '../support/books.ts';
import { openContractorFirm } from '../support/contractors.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours } from '../support/tickets.ts';

let api: TestApi;
const opened: Books[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'Europe/London');
type Row = Record<string, string | number | null>;
interface Report {
  rows: Row[];
  totals: Row[];
}
const report = async (firm: Pick<Firm, 'get'>, name: string, query = ''): Promise<Report> => {
  const answer = await firm.get(`/reports/finance/${name}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json as Report;
};
/** Money as numbers that a hand can write, in the order of the keys; null as 0. */
const figures = (rows: Row[], ...keys: string[]) =>
  rows.map((row) =>
    keys
      .map((key) => (/^-?\d+(\.\d+)?$/.test(String(row[key] ?? 0)) ? Number(row[key] ?? 0) : row[key]))
      .join(' '),
  );

/** The clock of the workspace's commands; null: the real one. */
const setClock = (books: Books, at: string | null) =>
  books.in((tx) => tx.run('update workspaces set clock_at = $2 where id = $1', [books.workspaceId, at]));

/** Three invoices of 100.00 + 20 % tax, issued on 15 September and due on 15 October. */
async function firmOfSeptember(): Promise<{ firm: Firm; ids: string[] }> {
  const codes = ['P1', 'P2', 'P3'];
  const firm = await openFirm(api, {
    projects: codes,
    rate: '100.00',
    contract: {
      grouping: { invoice: 'project', line: 'project' },
      tax: { category: 'standard', rate: '20' },
    },
  });
  opened.push(firm.books);
  await setClock(firm.books, '2026-09-15T12:00:00Z');
  await take(
    firm.books,
    codes.map((code) => entryOf(code, { project: { externalId: null, code, name: code } })),
  );
  await bill(api.test.database, firm.books);
  await setClock(firm.books, null);
  return { firm, ids: (await invoicesOf(firm.books)).map(({ id }) => id) };
}
const pay = async (firm: Firm, amount: string, valueDate: string, applications: unknown[] = []) => {
  const made = await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'GBP',
    amount,
    valueDate,
    applications,
  });
  expect(made.status, made.text).toBe(201);
  return made.json as { id: string };
};

test('a report of last month stays as it was, whatever is paid, given up and refunded after it', async () => {
  const { firm, ids } = await firmOfSeptember();
  await pay(firm, '70.00', '2026-10-10', [{ invoiceId: ids[0], amount: '40.00' }]);
  const october = '?startsOn=2026-09-01&asOf=2026-10-31';
  const names = [
    'aged-receivables',
    'aged-receivables&by=document',
    'revenue',
    'revenue&by=status',
    'revenue&by=project',
    'tax',
    'journal',
    'unapplied-cash',
    'exchange-differences',
  ];
  const readAll = async () => {
    const all: Record<string, unknown> = {};
    for (const name of names)
      all[name] = await report(
        firm,
        `${name.split('&')[0]}${october}`,
        name.includes('&') ? `&${name.split('&')[1]}` : '',
      );
    all.statement = (await firm.get(`/clients/${firm.books.clientId}/statement${october}`)).json;
    return all;
  };
  const before = await readAll();
  // 80 + 120 + 120 of three times 120.00, 16 days over.
  expect(figures((before['aged-receivables'] as Report).totals, 'notDue', 'days1To30', 'open')).toEqual([
    '0 320 320',
  ]);

  await pay(firm, '80.00', today, [{ invoiceId: ids[0], amount: '80.00' }]);
  await firm.post(`/invoices/${ids[1]}/write-off-bad-debt`, { reason: 'Insolvent' });
  const onAccount = await pay(firm, '500.00', today);
  await firm.post(`/payments/${onAccount.id}/refund`, {
    amount: '200.00',
    method: 'wire',
    valueDate: today,
    reason: 'Too much',
  });
  expect(await readAll()).toEqual(before);

  // Today: only the third is open, and what was on account is less what went back.
  expect(
    figures((await report(firm, 'aged-receivables', `?asOf=${today}`)).totals, 'days31To60', 'open'),
  ).toEqual(['120 120']);
  expect(await totalOf(firm.books, 'receivable', 'GBP')).toBe('120');
  expect(figures((await report(firm, 'unapplied-cash')).totals, 'onAccount')).toEqual(['330']);
});

test('the journal balances document by document, and its accounts tie to the other reports', async () => {
  const { firm, ids } = await firmOfSeptember();
  await pay(firm, '118.00', '2026-10-10', [
    {
      invoiceId: ids[0],
      amount: '108.00',
      deductions: { bank_fee: '2.00', early_payment_discount: '10.00' },
    },
  ]);
  await firm.post(`/invoices/${ids[1]}/write-off-bad-debt`, { reason: 'Insolvent' });
  const query = `?startsOn=2026-01-01&asOf=${today}`;
  const { rows } = await report(firm, 'journal', query);
  const documents = Map.groupBy(
    rows,
    (row) => `${row.documentType} ${row.documentId} ${row.day} ${row.currency}`,
  );
  expect(documents.size).toBe(5);
  for (const [name, postings] of documents) {
    const sum = (side: string) =>
      postings.reduce((total, row) => total + Math.round(Number(row[side]) * 100), 0);
    expect(sum('debit'), name).toBe(sum('credit'));
  }
  const byAccount = (await report(firm, 'journal', `${query}&by=account`)).rows;
  const balances = Object.fromEntries(
    byAccount.map((row) => [row.account, Number(row.debit) - Number(row.credit)]),
  );
  expect(balances).toEqual({
    receivable: 120,
    cash: 118,
    bank_fees: 2,
    discounts_given: 10,
    client_credits: -10,
    bad_debt: 120,
    revenue: -300,
    tax_payable: -60,
  });
  expect(figures((await report(firm, 'aged-receivables', `?asOf=${today}`)).totals, 'open')).toEqual(['120']);
  expect(figures((await report(firm, 'revenue', query)).totals, 'revenue')).toEqual(['300']);
  expect(
    figures((await report(firm, 'tax', query)).rows, 'category', 'rate', 'documents', 'net', 'tax'),
  ).toEqual(['standard 20 3 300 60']);
  // The firm's own numbers.
  await firm.patch('/workspace', { settings: { ledgerAccounts: { receivable: '1100' } } });
  const named = (await report(firm, 'journal', `${query}&by=account`)).rows.find(
    (row) => row.account === 'receivable',
  );
  expect(named?.accountNumber).toBe('1100');
});

test('revenue by month, client, project and status is one sum, and status is that of the day', async () => {
  const { firm, ids } = await firmOfSeptember();
  await pay(firm, '120.00', '2026-10-10', [{ invoiceId: ids[0], amount: '120.00' }]);
  await pay(firm, '20.00', '2026-10-11', [{ invoiceId: ids[1], amount: '20.00' }]);
  const query = '?startsOn=2026-09-01&asOf=2026-10-31';
  const by = async (what: string) =>
    figures((await report(firm, 'revenue', `${query}&by=${what}`)).rows, what, 'invoices', 'revenue');
  expect(await by('month')).toEqual(['2026-09 3 300']);
  expect(await by('project')).toEqual(['P1 1 100', 'P2 1 100', 'P3 1 100']);
  expect(await by('client')).toEqual(['Northern Ferries 3 300']);
  expect(await by('status')).toEqual(['overdue 1 100', 'partially_paid 1 100', 'settled 1 100']);
  const september = (await report(firm, 'revenue', '?startsOn=2026-09-01&asOf=2026-09-30&by=status')).rows;
  expect(figures(september, 'status', 'invoices')).toEqual(['issued 3']);
  const wrong = await firm.get('/reports/finance/revenue?by=colour');
  expect([wrong.status, wrong.json.code]).toEqual([422, 'report.grouping_unknown']);
  expect((await firm.get('/reports/finance/revenue?startsOn=2026-02-01&asOf=2026-01-01')).json.code).toBe(
    'report.period_empty',
  );
  expect((await firm.get('/reports/finance/gossip')).status).toBe(404);
});

test('a statement of account opens with what was owed, shows each movement, and closes with what is', async () => {
  const { firm, ids } = await firmOfSeptember();
  await pay(firm, '150.00', '2026-10-10', [{ invoiceId: ids[0], amount: '120.00' }]);
  const path = `/clients/${firm.books.clientId}/statement`;
  const statement = (await firm.get(`${path}?startsOn=2026-10-01&asOf=2026-10-31`)).json;
  expect(statement.accounts).toMatchObject([
    {
      currency: 'GBP',
      opening: '360.00',
      rows: [{ day: '2026-10-10', kind: 'payment', amount: '-150.00', balance: '210.00' }],
      closing: '210.00',
      overdue: '240.00',
    },
  ]);
  const csv = await api.call('GET', `${path}/export?startsOn=2026-10-01&asOf=2026-10-31`, { key: firm.key });
  expect(csv.text.split('\r\n')[2]).toContain('2026-10-10,payment,,,,-150.00,210.00');
});

test('work in progress rolls forward: opening, earned, billed and written off make the closing, item by item', async () => {
  const firm = await openFirm(api, { projects: ['P1'], rate: '100.00' });
  opened.push(firm.books);
  // Forty days ago, by the clock of the workspace.
  await setClock(firm.books, new Date(Date.now() - 40 * 86_400_000).toISOString());
  await take(firm.books, [entryOf('A'), entryOf('B', { quantity: 7200, workDate: '2026-03-03' })]);
  await firm.run('draft');
  await setClock(firm.books, null);
  const earlier = localDay(new Date(Date.now() - 10 * 86_400_000), 'UTC');
  const start = localDay(new Date(Date.now() - 60 * 86_400_000), 'UTC');
  const columns = ['opening', 'earned', 'adjusted', 'billed', 'drawn', 'writtenOff', 'closing'];
  const last = await report(firm, 'wip', `?startsOn=${start}&asOf=${earlier}`);
  expect(figures(last.totals, ...columns)).toEqual(['0 300 0 0 0 0 300']);
  expect(figures((await report(firm, 'wip')).totals, ...columns).every((line) => line.endsWith(' 300'))).toBe(
    true,
  );

  const [draft] = await invoicesOf(firm.books);
  expect((await firm.post(`/invoices/${draft!.id}/issue`, {})).status).toBe(200);
  await take(firm.books, [entryOf('C', { quantity: 1800 })]);
  await firm.run('draft');
  const now = await report(firm, 'wip', `?startsOn=${today}&asOf=${today}&by=project`);
  expect(figures(now.totals, ...columns)).toEqual(['300 50 0 300 0 0 50']);
  expect(figures(now.rows, 'project', 'closing')).toEqual(['P1 50']);
  expect(await report(firm, 'wip', `?startsOn=${start}&asOf=${earlier}`)).toEqual(last);
  expect(await totalOf(firm.books, 'drafted_net', 'GBP')).toBe('50');
});

test('what contractors are owed is aged, and approved work that nobody has invoiced is accrued', async () => {
  const firm = await openContractorFirm(api);
  opened.push(firm.books);
  const [billed, waiting] = [await firm.approvedTicket(), await firm.approvedTicket([hours(3)])];
  const invoice = await firm.approvedInvoice([billed]);
  expect(
    figures((await report(firm.admin, 'accrued-contractor-cost')).rows, 'contractor', 'tickets', 'cost'),
  ).toEqual(['Ola Vik 1 126']);
  expect(figures((await report(firm.admin, 'aged-payables')).rows, 'contractor', 'notDue', 'open')).toEqual([
    'Ola Vik 84 84',
  ]);
  expectStatus(await firm.pay([{ contractorInvoiceId: invoice.id, amount: '50.00' }]), 201);
  expect(figures((await report(firm.admin, 'aged-payables', '?by=document')).rows, 'number', 'open')).toEqual(
    [`${invoice.number} 34`],
  );
  const { rows } = await report(firm.admin, 'journal', `?startsOn=${today}&by=account`);
  const balances = Object.fromEntries(
    rows.map((row) => [row.account, Number(row.debit) - Number(row.credit)]),
  );
  expect(balances).toEqual({ contractor_cost: 84, payable: -34, cash: -50 });
  // Yesterday there was neither.
  const yesterday = localDay(new Date(Date.now() - 86_400_000), 'Europe/London');
  expect((await report(firm.admin, 'aged-payables', `?asOf=${yesterday}`)).rows).toEqual([]);
  expect((await report(firm.admin, 'accrued-contractor-cost', `?asOf=${yesterday}`)).rows).toEqual([]);
  expect(waiting).toBeTruthy();
});

test('a report is exported with its sums, and own company and other currencies stay apart', async () => {
  const { firm } = await firmOfSeptember();
  await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'EUR',
    amount: '10.00',
    valueDate: today,
  });
  const csv = await api.call('GET', `/reports/finance/unapplied-cash/export?asOf=${today}`, {
    key: firm.key,
  });
  expect(csv.status).toBe(200);
  expect(csv.text.trim().split('\r\n').at(-1)).toMatch(/total.*EUR,10/);
  await firm.patch(`/clients/${firm.books.clientId}`, { internal: true });
  // Invoices keep what they were issued as.
  expect(figures((await report(firm, 'aged-receivables', `?asOf=${today}`)).totals, 'open')).toEqual(['360']);
  const others = await firm.withScopes(['clients.read']);
  expect((await others.get('/reports/finance/revenue')).status).toBe(403);
});
