/** Owns contracts over HTTP: clauses, amendments, what holds on a day, calendars, and what is refused. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../../store/new-id.ts';
import { entryOf, expectBalanced, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function newFirm(): Promise<Firm> {
  const firm = await openFirm(api);
  opened.push(firm);
  return firm;
}
const contractOf = (firm: Firm) => `/contracts/${firm.books.contractId}`;
const amend = (firm: Firm, startsOn: string, clauses: Record<string, unknown>) =>
  firm.post(`${contractOf(firm)}/amendments`, { startsOn, clauses, reason: 'agreed with the client' });
const amendments = async (firm: Firm) => (await firm.get(`${contractOf(firm)}/amendments`)).json.items;

test('a contract holds what it was made with, and each amendment from its day on', async () => {
  const firm = await newFirm();
  const changed = await firm.patch(contractOf(firm), {
    clauses: { signOffDays: 5, retentionPercentage: '5' },
  });
  expect(changed.status, changed.text).toBe(200);
  expect(changed.json.clauses).toMatchObject({ signOffDays: 5, retentionPercentage: '5', overtime: null });
  const first = await amend(firm, '2026-03-01', { overtime: { dailyAfterSeconds: 27_000 } });
  expect([first.status, first.json.version], first.text).toEqual([201, 1]);
  const second = await amend(firm, '2026-07-01', {
    retentionPercentage: null,
    tax: { rate: '25', category: 'standard' },
  });
  expect(second.json).toMatchObject({
    version: 2,
    clauses: { signOffDays: 5, overtime: { dailyAfterSeconds: 27_000 } },
  });
  const on = async (day: string) => (await firm.get(`${contractOf(firm)}/terms?on=${day}`)).json;
  expect(await on('2026-02-28')).toMatchObject({ version: 0, overtime: null, retentionPercentage: '5' });
  expect(await on('2026-03-01')).toMatchObject({
    version: 1,
    overtime: { dailyAfterSeconds: 27_000 },
    retentionPercentage: '5',
  });
  expect(await on('2026-07-01')).toMatchObject({
    version: 2,
    retentionPercentage: null,
    tax: { rate: '25' },
  });
  expect((await amendments(firm)).map((each: { startsOn: string }) => each.startsOn)).toEqual([
    '2026-03-01',
    '2026-07-01',
  ]);
});

test('amendments that overlap are refused, also when two are made at the same moment', async () => {
  const firm = await newFirm();
  const answers = await Promise.all(
    ['5', '6', '7'].map((retentionPercentage) => amend(firm, '2026-05-01', { retentionPercentage })),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 409, 409]);
  const earlier = await amend(firm, '2026-04-01', { signOffDays: 3 });
  expect([earlier.status, earlier.json.code]).toEqual([409, 'contract.amendments_overlap']);
  expect(earlier.json.detail).toContain('counts from 2026-05-01');
  expect((await amend(firm, '2025-12-31', { signOffDays: 3 })).json.code).toBe(
    'contract.amendment_outside_dates',
  );
  expect(await amendments(firm)).toHaveLength(1);
});

test('an amendment never reaches work that is billed or drafted, and clauses that billed are not rewritten', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A'), entryOf('B', { workDate: '2026-04-10' })]);
  await firm.run('draft');
  const drafted = await amend(firm, '2026-04-10', { signOffDays: 3 });
  expect([drafted.status, drafted.json.code]).toEqual([409, 'contract.amends_drafted_work']);
  const { items } = (await firm.get('/invoices')).json;
  expect((await firm.post(`/invoices/${items[0].id}/issue`, {})).status).toBe(200);
  const billed = await amend(firm, '2026-04-10', { signOffDays: 3 });
  expect([billed.status, billed.json.code]).toEqual([409, 'contract.amends_billed_work']);
  const rewritten = await firm.patch(contractOf(firm), { clauses: { signOffDays: 3 } });
  expect([rewritten.status, rewritten.json.code]).toEqual([409, 'contract.billed']);
  expect((await amend(firm, '2026-04-11', { signOffDays: 3 })).status).toBe(201);
});

test('a cap below what is billed is refused with both figures, and nothing is half-saved', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  const low = await amend(firm, '2026-04-01', {
    signOffDays: 3,
    billingModel: { type: 'not_to_exceed', amount: '159.99' },
  });
  expect([low.status, low.json.code]).toEqual([422, 'contract.cap_below_billed']);
  expect(low.json.errors[0].pointer).toBe('/clauses/billingModel/amount');
  expect(low.text).toContain('159.99 is below 160.00');
  const hours = await amend(firm, '2026-04-01', { caps: [{ per: 'contract', hours: '1.9' }] });
  expect(hours.json.errors[0].pointer).toBe('/clauses/caps/0/hours');
  // The year is running, and 2 h of it are billed; the month of the amendment has none.
  const year = await amend(firm, '2026-04-01', { caps: [{ per: 'period', period: 'year', hours: '1' }] });
  expect(year.json.code).toBe('contract.cap_below_billed');
  expect(await amendments(firm)).toEqual([]);
  const fine = {
    caps: [
      { per: 'contract', hours: '2' },
      { per: 'period', period: 'month', hours: '1' },
    ],
  };
  expect((await amend(firm, '2026-04-01', fine)).status).toBe(201);
});

test('bad clauses are refused where they are wrong', async () => {
  const firm = await newFirm();
  const nobody = await amend(firm, '2026-04-01', { allowedPersonIds: [newId()] });
  expect([nobody.status, nobody.json.code]).toEqual([422, 'reference.unknown']);
  expect(nobody.json.errors[0].pointer).toBe('/clauses/allowedPersonIds');
  for (const clauses of [
    {},
    { overtime: { weekendDays: [8] } },
    { caps: [{ per: 'contract' }] },
    { retention: '5' },
  ])
    expect((await amend(firm, '2026-04-01', clauses)).status, JSON.stringify(clauses)).toBe(422);
  expect((await amend(firm, '2026-02-29', { signOffDays: 3 })).status).toBe(422);
  expect(
    (
      await firm.post(`/contracts/${newId()}/amendments`, {
        startsOn: '2026-04-01',
        clauses: { signOffDays: 3 },
        reason: 'x',
      })
    ).status,
  ).toBe(404);
  expect(await amendments(firm)).toEqual([]);
});

test('a calendar has each of its days once, and a contract names one of ours', async () => {
  const firm = await newFirm();
  const mayDay = { day: '2026-05-01', name: 'May Day' };
  const twice = await firm.post('/holiday-calendars', { name: 'UK', holidays: [mayDay, mayDay] });
  expect([twice.status, twice.json.code]).toEqual([422, 'calendar.day_twice']);
  const made = await firm.post('/holiday-calendars', { name: 'UK', country: 'GB', holidays: [mayDay] });
  expect(made.status, made.text).toBe(201);
  expect((await firm.post('/holiday-calendars', { name: 'UK' })).status).toBe(409);
  const path = `/holiday-calendars/${made.json.id}`;
  const christmas = { day: '2026-12-25', name: 'Christmas' };
  expect((await firm.patch(path, { holidays: [christmas] })).json.holidays).toEqual([christmas]);
  expect((await firm.get(path)).json).toMatchObject({ name: 'UK', holidays: [christmas] });
  expect((await firm.get('/holiday-calendars')).json.items).toHaveLength(1);
  expect((await amend(firm, '2026-04-01', { holidayCalendarId: made.json.id })).status).toBe(201);
  expect((await amend(firm, '2026-05-01', { holidayCalendarId: newId() })).json.code).toBe(
    'reference.unknown',
  );
});

test('what a client holds back is listed, and released once the work is complete', async () => {
  const firm = await newFirm();
  await firm.patch(contractOf(firm), { clauses: { retentionPercentage: '5' } });
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  const path = `${contractOf(firm)}/retentions`;
  expect((await firm.get(path)).json.items).toMatchObject([
    { amount: '8.00', releasedAt: null, releaseOn: null },
  ]);
  const released = await firm.post(`${path}/release`, { reason: 'Handed over' });
  expect(released.status, released.text).toBe(200);
  expect(released.json.items[0].releaseOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  const again = await firm.post(`${path}/release`, { reason: 'Once more' });
  expect(again.json.items).toEqual(released.json.items);
});

test('a retainer shows what each period brought, carried over and was drawn of', async () => {
  const firm = await newFirm();
  const model = { type: 'retainer', measure: 'money', quantity: '200.00', period: 'month', rollOver: 'all' };
  await firm.patch(contractOf(firm), { clauses: { billingModel: model } });
  await take(firm.books, [entryOf('A'), entryOf('B', { workDate: '2026-04-02', quantity: 18_000 })]);
  await firm.run('issue');
  // March: one hour at 80.00 of 200; April: 320.00 for 400.00, that is four hours of five.
  expect((await firm.get(`${contractOf(firm)}/retainer-periods`)).json.items).toMatchObject([
    { startsOn: '2026-04-01', endsBefore: '2026-05-01', drawn: '320', balance: '0.00' },
    { startsOn: '2026-03-01', drawn: '80', balance: '0.00' },
  ]);
  expect((await firm.get('/invoices')).json.items).toMatchObject([{ net: '80.00' }]);
});

test('a retainer is topped up and refunded for a day of its period, never beyond what is left', async () => {
  const firm = await newFirm();
  const path = `${contractOf(firm)}/retainer-periods`;
  const topUp = (facts: Record<string, unknown>, key?: string) =>
    firm.post(`${path}/top-up`, { on: '2026-03-15', quantity: '5', reason: 'more in March', ...facts }, key);
  const none = await topUp({});
  expect([none.status, none.json.code]).toEqual([409, 'contract.no_retainer']);
  const model = { type: 'retainer', measure: 'hours', quantity: '2', period: 'month' };
  await firm.patch(contractOf(firm), { clauses: { billingModel: model } });
  const refund = (quantity: string, on = '2026-03-31') =>
    firm.post(`${path}/refund`, { on, quantity, reason: 'the client ends the work' });
  expect((await refund('1')).status).toBe(404);
  const key = newId();
  for (const answer of [await topUp({ amount: '350.00' }, key), await topUp({ amount: '350.00' }, key)])
    expect(answer.json, answer.text).toMatchObject({ startsOn: '2026-03-01', broughtIn: '7', balance: '7' });
  expect((await topUp({ quantity: '-1' })).status).toBe(422);
  const beyond = await refund('7.5');
  expect([beyond.status, beyond.json.code]).toEqual([409, 'retainer.beyond_balance']);
  expect(beyond.json.detail).toContain('7.5 is more than the 7 that is left');
  expect((await refund('3')).json).toMatchObject({ refunded: '3', balance: '4' });
  await firm.run('issue');
  expect((await firm.get('/invoices')).json.items).toMatchObject([{ net: '350.00' }]);
});
