/** Owns fixed prices: billed by milestones or by percentage, never beyond the price with its amendments, corrected, and finished. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf, exceptionsOf, expectBalanced, take } from './support/books.ts';
import { type Firm, openFirm } from './support/pipeline.ts';
import { startApi, type TestApi } from './support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

async function firmAt(price: string, by: 'milestones' | 'percentage'): Promise<Firm> {
  const firm = await openFirm(api);
  const billingModel = { type: 'fixed_price', price, by };
  const changed = await firm.patch(`/contracts/${firm.books.contractId}`, { clauses: { billingModel } });
  expect(changed.status, changed.text).toBe(200);
  return firm;
}
const state = (firm: Firm, percentage: string, on = '2026-03-31') =>
  firm.post(`/contracts/${firm.books.contractId}/completion`, { percentage, on });
const scheduleOf = async (firm: Firm) => {
  const { price, billed, completedPercentage, entries } = (
    await firm.get(`/contracts/${firm.books.contractId}/price-schedule`)
  ).json;
  const shown = (entries as { kind: string; amount: string }[]).map(
    ({ kind, amount }) => `${kind} ${amount}`,
  );
  return { price, billed, completedPercentage, shown };
};
const netsOf = async (firm: Firm) =>
  ((await firm.get('/invoices')).json.items as { net: string }[]).map(({ net }) => net).reverse();
const raise = (firm: Firm, startsOn: string, price: string, by: string) =>
  firm.post(`/contracts/${firm.books.contractId}/amendments`, {
    startsOn,
    clauses: { billingModel: { type: 'fixed_price', price, by } },
    reason: 'more work',
  });
const milestone = async (firm: Firm, name: string, price: string) =>
  firm.post('/milestones', { projectId: firm.books.projects.P1, name, kind: 'acceptance', price });
const reach = async (firm: Firm, id: string) =>
  expect((await firm.post(`/milestones/${id}/reach`, { reason: 'accepted' })).status).toBe(200);

test('a price is billed by what is complete, to the cent, and its last percent bills the rest', async () => {
  const firm = await firmAt('1000.00', 'percentage');
  await take(firm.books, [entryOf('A')]);
  expect((await state(firm, '33.333')).status).toBe(200);
  await firm.run('issue');
  expect((await state(firm, '66.666')).status).toBe(200);
  await firm.run('issue');
  expect((await state(firm, '100')).status).toBe(200);
  await firm.run('issue');
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['333.33', '333.33', '333.34']);
  expect(await scheduleOf(firm)).toMatchObject({
    price: '1000.00',
    billed: '1000.00',
    completedPercentage: '100',
  });
  const [last] = (await firm.get('/invoices')).json.items;
  const lines = (await firm.get(`/invoices/${last.id}`)).json.lines ?? [];
  expect(JSON.stringify(lines)).toContain('Completion, the rest of the price');
  await expectBalanced(api.test.database, firm.books);
});

test('a mistake is stated anew while no document holds it; less than is billed is refused with both figures', async () => {
  const firm = await firmAt('1000.00', 'percentage');
  await state(firm, '60');
  expect((await state(firm, '50')).status).toBe(200);
  expect(await scheduleOf(firm)).toEqual({
    price: '1000.00',
    billed: '500.00',
    completedPercentage: '50',
    shown: ['amendment 1000', 'billed 600.00', 'returned -600.00', 'billed 500.00'],
  });
  await firm.run('issue');
  const lower = await state(firm, '40');
  expect([lower.status, lower.json.code]).toEqual([409, 'contract.completion_below_billed']);
  expect(lower.json.detail).toContain('40 % of 1000.00 is 400.00, and 500');
  expect((await state(firm, '100.01')).status).toBe(422);
  expect(await netsOf(firm)).toEqual(['500.00']);
  expect((await scheduleOf(firm)).completedPercentage).toBe('50');
  await expectBalanced(api.test.database, firm.books);
});

test('completion that is stated at the same moment is billed once', async () => {
  const firm = await firmAt('900.00', 'percentage');
  for (const percentage of ['30', '60', '100'])
    expect(
      (await Promise.all([1, 2, 3].map(() => state(firm, percentage)))).map((one) => one.status),
    ).toEqual([200, 200, 200]);
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['900.00']);
  await expectBalanced(api.test.database, firm.books);
});

test('an amendment raises what may be billed, and never goes below it', async () => {
  const firm = await firmAt('1000.00', 'percentage');
  await state(firm, '80');
  await firm.run('issue');
  const low = await raise(firm, '2026-04-01', '799.99', 'percentage');
  expect([low.status, low.json.code]).toEqual([422, 'contract.price_below_billed']);
  expect(low.text).toContain('A price of 799.99 is below 800');
  expect((await raise(firm, '2026-04-01', '1500.00', 'percentage')).status).toBe(201);
  // Before its day the old price counts.
  expect((await state(firm, '100', '2026-03-31')).status).toBe(200);
  expect((await scheduleOf(firm)).billed).toBe('1000.00');
  expect((await state(firm, '100', '2026-04-01')).status).toBe(200);
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['800.00', '700.00']);
  expect(await scheduleOf(firm)).toMatchObject({ price: '1500.00', billed: '1500.00' });
  await expectBalanced(api.test.database, firm.books);
});

test('milestones never come to more than the fixed price, over all projects of the contract', async () => {
  const firm = await firmAt('900.00', 'milestones');
  await firm.patch(`/projects/${firm.books.projects.P1}`, { price: '2000.00' });
  const keel = await milestone(firm, 'Keel', '600.00');
  expect(keel.status, keel.text).toBe(201);
  const tooMuch = await milestone(firm, 'Launch', '300.01');
  expect([tooMuch.status, tooMuch.json.code]).toEqual([422, 'milestone.beyond_fixed_price']);
  expect(tooMuch.text).toContain('add up to 900.01, and its fixed price is 900.00');
  const racing = await Promise.all(['Launch', 'Trial'].map((name) => milestone(firm, name, '200.00')));
  expect(racing.map((one) => one.status).sort((a, b) => a - b)).toEqual([201, 422]);
  await reach(firm, keel.json.id);
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['600.00']);
  const early = await state(firm, '100');
  expect([early.status, early.json.code]).toEqual([409, 'contract.open_milestones']);
  expect((await state(firm, '50')).json.code).toBe('contract.by_milestones');
  await reach(firm, racing.find((one) => one.status === 201)!.json.id);
  await firm.run('issue');
  // The rest that no milestone names goes onto the final invoice.
  const today = new Date().toISOString().slice(0, 10);
  expect((await state(firm, '100', today)).status).toBe(200);
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['600.00', '200.00', '100.00']);
  await expectBalanced(api.test.database, firm.books);
});

test('a milestone that a lower price left no room for waits as an exception until the price is raised', async () => {
  const firm = await firmAt('900.00', 'milestones');
  await firm.patch(`/projects/${firm.books.projects.P1}`, { price: '2000.00' });
  const keel = await milestone(firm, 'Keel', '900.00');
  await reach(firm, keel.json.id);
  // As an older version of the hub let it be.
  await firm.books.in((tx) =>
    tx.run('update milestones set price = 901 where workspace_id = $1', [firm.books.workspaceId]),
  );
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual([]);
  const [found] = await exceptionsOf(firm.books);
  expect([found!.rule, found!.detail.figure]).toEqual([
    'contract.beyond_price',
    '901.00 GBP with the milestone Keel, price 900.00',
  ]);
  expect((await raise(firm, '2026-02-01', '901.00', 'milestones')).status).toBe(201);
  await firm.run('issue');
  expect(await netsOf(firm)).toEqual(['901.00']);
  expect(await exceptionsOf(firm.books)).toEqual([]);
  await expectBalanced(api.test.database, firm.books);
});
