/** Owns the terms that were agreed, from the contract to the invoice: mileage, receipts, overtime of tickets, days, dates that press. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { doDaily } from '../../store/daily.ts';
import { watchLatestDates } from '../../store/latest-invoice-dates.ts';
import type { Run } from '../../store/runs.ts';
import { carryOut, entryOf, exceptionsOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { runOf } from '../support/pipeline.ts';
import { pdf } from '../support/sample-files.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours, openTicketFirm, type TicketFirm } from '../support/tickets.ts';

let api: TestApi;
const opened: TicketFirm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'UTC');

async function openFirm(clauses: Record<string, unknown> = {}): Promise<TicketFirm> {
  const firm = await openTicketFirm(api);
  opened.push(firm);
  if (Object.keys(clauses).length > 0)
    expectStatus(await firm.admin.patch(`/contracts/${firm.books.contractId}`, { clauses }), 200);
  return firm;
}
const approve = async (firm: TicketFirm, id: string) =>
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
async function run(firm: TicketFirm, finishAt: 'draft' | 'issue' = 'issue'): Promise<Run> {
  const wanted = runOf(firm.books, { finishAt, cutoffOn: addDays(today, 1) });
  const asked = expectStatus(await firm.admin.post('/billing-runs', wanted), 202);
  return carryOut(api.test.database, firm.books, asked as Run);
}
const itemsOf = async (firm: TicketFirm) =>
  (
    await firm.books.in((tx) =>
      tx.rows<{ text: string }>(
        `select kind || ' ' || quantity || ' ' || unit || ' × ' || unit_price || ', ' || price_source as text from billable_items
         where workspace_id = $1 and withdrawn_at is null order by id`,
        [firm.books.workspaceId],
      ),
    )
  ).map((row) => row.text);
const openFindings = async (firm: TicketFirm) =>
  (await exceptionsOf(firm.books)).map(({ rule, detail }) => `${rule}: ${String(detail.figure)}`);
const drive = { kind: 'mileage', metres: 120_000, transportSeconds: 5400 };

test("a ticket's mileage costs what its client agreed, and what the contract agreed before that", async () => {
  const firm = await openFirm();
  const clause = (facts: Record<string, unknown>) =>
    firm.admin.post('/mileage-clauses', { scopeId: firm.books.clientId, ...facts });
  expectStatus(await clause({ kind: 'distance', rate: '0.65', currency: 'GBP' }), 201);
  expectStatus(await clause({ kind: 'time', percentage: '10' }), 201);
  const wrong = await clause({ kind: 'time', percentage: '10', rate: '5', currency: 'GBP' });
  expect([wrong.status, wrong.json.code]).toEqual([422, 'mileage_clause.one_price']);
  expect((await clause({ kind: 'time', rate: '5' })).json.code).toBe('mileage_clause.currency');
  expectStatus(
    await firm.admin.post('/cost-rates', {
      personId: firm.contractor.personId,
      kind: 'mileage_time',
      currency: 'GBP',
      regularRate: '30.00',
      validFrom: '2020-01-01',
    }),
    201,
  );
  await approve(firm, await firm.submitted([drive]));
  await run(firm);
  expect(await itemsOf(firm)).toEqual([
    'transport_distance 120.00 km × 0.65, client mileage rate',
    'transport_time 1.50 hour × 33.0000, client mileage markup on cost',
  ]);
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['127.50']);
  const mileage = { distanceRate: '0.50' };
  const amended = await firm.admin.post(`/contracts/${firm.books.contractId}/amendments`, {
    startsOn: addDays(firm.workDate, 1),
    clauses: { mileage },
    reason: 'cheaper by agreement',
  });
  expectStatus(amended, 201);
  await approve(firm, await firm.submitted([drive], { workDate: addDays(firm.workDate, 1) }));
  await run(firm);
  expect((await itemsOf(firm)).slice(2)).toEqual([
    'transport_distance 120.00 km × 0.50, contract mileage rate',
    'transport_time 1.50 hour × 33.0000, client mileage markup on cost',
  ]);
});

test('the first invoice with the built-in transport prices waits until somebody confirms them, once a currency', async () => {
  const firm = await openFirm();
  await approve(firm, await firm.submitted([drive]));
  await run(firm);
  const [held] = await invoicesOf(firm.books);
  // 120 km at 5.0 and 1.5 h at 1000.0.
  expect([held!.status, held!.net]).toEqual(['held', '2100.00']);
  expect(held!.holdReason).toContain(
    'the built-in 5.0 a km and 1000.0 an hour, which nobody has confirmed for GBP',
  );
  // Nobody lets it go by another word.
  const released = await firm.admin.post(`/invoices/${held!.id}/issue`, { releaseReason: 'never mind' });
  expect(released.status).toBe(409);
  expectStatus(await firm.admin.post('/built-in-prices/confirm', { currency: 'EUR' }), 200);
  expect((await firm.admin.post(`/invoices/${held!.id}/issue`, { releaseReason: 'in euros' })).status).toBe(
    409,
  );
  const answers = await Promise.all(
    [1, 2, 3].map(() => firm.admin.post('/built-in-prices/confirm', { currency: 'GBP' })),
  );
  expect(new Set(answers.map((one) => expectStatus(one, 200).confirmedAt)).size).toBe(1);
  expectStatus(await firm.admin.post(`/invoices/${held!.id}/issue`, { releaseReason: 'confirmed' }), 200);
  await approve(firm, await firm.submitted([drive], { workDate: addDays(firm.workDate, 1) }));
  await run(firm);
  expect((await invoicesOf(firm.books)).map(({ status, net }) => `${status} ${net}`)).toEqual([
    'issued 2100.00',
    'issued 2100.00',
  ]);
  expect((await firm.admin.get('/built-in-prices')).json).toMatchObject({
    distance: '5.0',
    time: '1000.0',
    items: [{ currency: 'EUR' }, { currency: 'GBP', confirmedBy: expect.any(String) }],
  });
});

test('an expense without the receipt that the contract asks for waits, and those beside it go on', async () => {
  const firm = await openFirm({ receiptFromAmount: '100.00' });
  const upload = await api.call('POST', '/attachments?subjectType=ticket_line&name=ferry.pdf', {
    key: firm.contractor.key,
    raw: new Uint8Array(pdf()),
    headers: { 'Content-Type': 'application/octet-stream' },
  });
  const expense = (amount: string, facts = {}) => ({
    kind: 'expense',
    amount,
    currency: 'GBP',
    category: 'Travel',
    ...facts,
  });
  const lines = [
    expense('99.99'),
    expense('150.00'),
    expense('180.00', { receiptId: expectStatus(upload, 201).id }),
  ];
  await approve(firm, await firm.submitted(lines));
  await run(firm);
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['279.99']);
  expect(await openFindings(firm)).toEqual([
    'contract.receipt_missing: 150.00 GBP without a receipt, needed from 100.00 GBP',
  ]);
  const [found] = await exceptionsOf(firm.books);
  const released = await firm.admin.post('/exceptions/release', { ids: [found!.id], reason: 'paid in cash' });
  expectStatus(released, 200);
  await run(firm);
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['279.99', '150.00']);
});

test('a ticket that calls other hours overtime than the contract waits for a person, line by line or not', async () => {
  const firm = await openFirm({ overtime: { dailyAfterSeconds: 27_000, multiplier: '1.5' } });
  // The same day: first as the contract has it, with its overtime written first; then nine hours that know of none.
  await approve(firm, await firm.submitted([hours(1.5, { overtime: true }), hours(7.5)]));
  await approve(firm, await firm.submitted([hours(9)], { workDate: addDays(firm.workDate, 1) }));
  await run(firm);
  // 7.5 h at 80.00 and 1.5 h at 120.00.
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['780.00']);
  const figure = 'item.overtime_split_differs: 0 h of overtime that day on tickets, 1.5 h by the contract';
  expect(await openFindings(firm)).toEqual([figure]);
  // Looked at again it is still there, as one exception.
  await run(firm);
  expect(await openFindings(firm)).toEqual([figure]);
  const [found] = await exceptionsOf(firm.books);
  expectStatus(await firm.admin.post('/exceptions/release', { ids: [found!.id], reason: 'agreed' }), 200);
  await run(firm);
  expect((await invoicesOf(firm.books)).map(({ net }) => net)).toEqual(['780.00', '780.00']);
});

test('a day rate bills days, its entry keeps its seconds, and a day without hours has no price', async () => {
  const firm = await openFirm({ workCalendar: { hoursPerDay: '7.5' } });
  await firm.books.in((tx) =>
    tx.run("update rate_cards set unit = 'day', regular_rate = 900 where workspace_id = $1", [
      firm.books.workspaceId,
    ]),
  );
  await approve(firm, await firm.submitted([hours(3.75), hours(3.75)]));
  await run(firm);
  expect(await itemsOf(firm)).toEqual([
    'labor 0.50 day × 900, contract rate card',
    'labor 0.50 day × 900, contract rate card',
  ]);
  const [invoice] = await invoicesOf(firm.books);
  expect([invoice!.net, invoice!.quantitySeconds]).toEqual(['900.00', 27_000]);
  const amended = await firm.admin.post(`/contracts/${firm.books.contractId}/amendments`, {
    startsOn: addDays(firm.workDate, 1),
    clauses: { workCalendar: null },
    reason: 'a mistake',
  });
  expectStatus(amended, 201);
  await approve(firm, await firm.submitted([hours(7.5)], { workDate: addDays(firm.workDate, 1) }));
  await run(firm);
  expect((await itemsOf(firm)).at(-1)).toBe('labor 7.50 hour × 0.00, service_rates: no price');
  expect((await invoicesOf(firm.books)).at(-1)!.status).toBe('held');
});

test('at the gate a rule is as severe as the version of the contract on the day of the work has it', async () => {
  const outcome = async (severity: 'off' | 'E') => {
    const firm = await openFirm();
    const amended = await firm.admin.post(`/contracts/${firm.books.contractId}/amendments`, {
      startsOn: addDays(today, -10),
      clauses: { severities: { 'contract.outside_dates': severity } },
      reason: 'work may run on',
    });
    expectStatus(amended, 201);
    await approve(firm, await firm.submitted([hours(2)]));
    await run(firm, 'draft');
    // The contract turns out to have ended before the work.
    await firm.books.in((tx) =>
      tx.run('update contracts set ends_before = $2 where workspace_id = $1', [
        firm.books.workspaceId,
        addDays(today, -5),
      ]),
    );
    const [draft] = await invoicesOf(firm.books);
    return (await firm.admin.post(`/invoices/${draft!.id}/issue`, {})).status;
  };
  expect([await outcome('off'), await outcome('E')]).toEqual([200, 409]);
});

test('a minimum gives way before the latest invoice date, and what else waits is told once', async () => {
  const firm = await openFirm({ minimumInvoiceAmount: '500.00' });
  const { books } = firm;
  expectStatus(await firm.admin.patch(`/sellers/${books.sellerId}`, { latestInvoiceDays: 30 }), 200);
  const worked = (daysAgo: number, facts = {}) => {
    const workDate = addDays(today, -daysAgo);
    return entryOf(workDate, { workDate, ...facts });
  };
  // 30 days after 22 days ago is more than a week away: it waits for more.
  await take(books, [worked(22)]);
  await run(firm);
  expect(await invoicesOf(books)).toEqual([]);
  await books.in((tx) => watchLatestDates(tx, today));
  expect(await openFindings(firm)).toEqual([]);
  // Of 23 days ago it is a week: both go out, with 160.00.
  await take(books, [worked(23)]);
  await books.in((tx) => watchLatestDates(tx, today));
  expect(await openFindings(firm)).toEqual([
    `contract.latest_invoice_date: work of ${addDays(today, -23)} must be invoiced by ${addDays(today, 7)}, 7 days from now: 1 entry`,
  ]);
  await run(firm);
  expect((await invoicesOf(books)).map(({ net }) => net)).toEqual(['160.00']);
  await books.in((tx) => watchLatestDates(tx, today));
  expect(await openFindings(firm)).toEqual([]);
  // Unapproved work waits for a person, whatever its minimum: told once a day and date, also when it is too late.
  await take(books, [worked(31, { approval: 'submitted' })]);
  await doDaily(api.test.database);
  for (let again = 0; again < 2; again += 1) await books.in((tx) => watchLatestDates(tx, today));
  const told = (await firm.admin.get('/notifications')).json.items.filter(
    ({ kind }: { kind: string }) => kind === 'contract.latest_invoice_date',
  );
  expect(told.map(({ body }: { body: string }) => body)).toEqual(
    [
      expect.stringContaining(`must be invoiced by ${addDays(today, 7)}, 7 days from now: 1 entry`),
      expect.stringContaining(`must be invoiced by ${addDays(today, -1)}, 1 day ago: 1 entry`),
    ].reverse(),
  );
});

test('work that a minimum keeps open and a draft that waits are told of alike, until they are out', async () => {
  const firm = await openFirm({ minimumInvoiceAmount: '100.00' });
  const { books } = firm;
  expectStatus(await firm.admin.patch(`/sellers/${books.sellerId}`, { latestInvoiceDays: 30 }), 200);
  const watch = async (day: string) => {
    await books.in((tx) => watchLatestDates(tx, day));
    return (await openFindings(firm)).map((one) => one.slice(one.lastIndexOf(':') + 2));
  };
  const workDate = addDays(today, -20);
  await take(books, [entryOf('small', { workDate })]);
  await run(firm);
  // 80.00 is kept open by the minimum; three days from now it presses.
  expect([await watch(today), await watch(addDays(today, 3))]).toEqual([[], ['1 item']]);
  await take(books, [entryOf('more', { workDate })]);
  await run(firm, 'draft');
  expect(await watch(addDays(today, 3))).toEqual(['1 draft']);
  const [draft] = await invoicesOf(books);
  expectStatus(await firm.admin.post(`/invoices/${draft!.id}/issue`, {}), 200);
  expect(await watch(addDays(today, 3))).toEqual([]);
});
