/** Owns drafting over HTTP: chosen items, grouping for one run, and what a preview says. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
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

async function newFirm(options?: Parameters<typeof openFirm>[1]): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}

/** Compiles the contract's work; answers item ids by the work's external id. */
async function compile(firm: Firm): Promise<Record<string, string>> {
  const asked = await firm.post('/compilations', {
    scope: { type: 'contract', id: firm.books.contractId },
    cutoffOn: '2027-01-01',
  });
  if (asked.status !== 202) throw new Error(asked.text);
  const run = await firm.get(`/billing-runs/${asked.json.subjectId}`);
  await carryOut(api.test.database, firm.books, run.json.run);
  const rows = await firm.books.in((tx) =>
    tx.rows<{ id: string; externalId: string }>(
      `select i.id, e.external_id from billable_items i join work_entries e on e.workspace_id = $1 and e.id = i.entry_id
       where i.workspace_id = $1 and i.withdrawn_at is null order by i.id`,
      [firm.books.workspaceId],
    ),
  );
  return Object.fromEntries(rows.map((row) => [row.externalId, row.id]));
}
async function draft(firm: Firm, wanted: Record<string, unknown>) {
  const asked = await firm.post('/billing-runs', { reason: 'Asked for', finishAt: 'draft', ...wanted });
  if (asked.status !== 202) throw new Error(asked.text);
  return carryOut(api.test.database, firm.books, asked.json);
}
const lineTexts = async (firm: Firm, invoiceId: string) =>
  (await firm.get(`/invoices/${invoiceId}`)).json.lines.map(
    (line: { description: string; quantity: string; amount: string }) =>
      `${line.description} | ${line.quantity} | ${line.amount}`,
  );

test('a draft of chosen items holds those and no others, and a double click is one run', async () => {
  const firm = await newFirm();
  await take(firm.books, [
    entryOf('A'),
    entryOf('B', { workDate: '2026-03-03', quantity: 7200 }),
    entryOf('C', { workDate: '2026-03-04' }),
  ]);
  const items = await compile(firm);
  const wanted = { itemIds: [items.A, items.B], reason: 'These two first', finishAt: 'draft' };
  const [first, second] = await Promise.all([
    firm.post('/billing-runs', wanted, 'click-1'),
    firm.post('/billing-runs', wanted, 'click-2'),
  ]);
  expect(first!.status).toBe(202);
  expect(second!.json.id).toBe(first!.json.id);
  expect(first!.json).toMatchObject({ scopeType: 'workspace', itemCount: 2 });
  const run = await carryOut(api.test.database, firm.books, first!.json);
  expect(run).toMatchObject({ status: 'done', counts: { drafts: 1, draftedItems: 2 } });
  const [invoice] = await invoicesOf(firm.books);
  expect(invoice).toMatchObject({ status: 'draft', net: '240.00', quantitySeconds: 10_800 });
  const left = await firm.get('/billable-items?status=pending');
  expect(left.json.items.map((item: { id: string }) => item.id)).toEqual([items.C]);
  const steps = (await firm.get(`/billing-runs/${run.id}`)).json.steps;
  expect(steps.map((step: { step: string }) => step.step)).toEqual(['draft']);
});

test('who names neither a scope nor items, or items that are not there, is told so', async () => {
  const firm = await newFirm();
  const bare = await firm.post('/billing-runs', { reason: 'Everything', finishAt: 'draft' });
  expect(bare.status).toBe(422);
  expect(bare.json.errors.map((error: { pointer: string }) => error.pointer)).toContain('/scope');
  const unknown = await firm.post('/billing-runs', {
    itemIds: ['0190a0a0-0000-7000-8000-000000000000'],
    reason: 'These',
  });
  expect(unknown.status).toBe(422);
  expect(unknown.json).toMatchObject({ code: 'reference.unknown', errors: [{ pointer: '/itemIds' }] });
  const tooMany = await firm.post('/billing-runs', {
    itemIds: Array.from({ length: 10_001 }, () => '0190a0a0-0000-7000-8000-000000000000'),
    reason: 'These',
  });
  expect(tooMany.status).toBe(422);
  opened.splice(opened.indexOf(firm), 1);
});

test('an invoice for each project, with a line for each person and month, says whose line it is', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  const person = (name: string) => ({ ...named(name), email: null });
  const onP2 = { project: { externalId: null, code: 'P2', name: 'P2' } };
  await take(firm.books, [
    entryOf('1', { person: person('Ann'), workDate: '2026-03-02' }),
    entryOf('2', { person: person('Ann'), workDate: '2026-03-05' }),
    entryOf('3', { person: person('Ann'), workDate: '2026-04-01' }),
    entryOf('4', { person: person('Ben'), workDate: '2026-03-02' }),
    entryOf('5', { person: person('Ben'), workDate: '2026-03-02', ...onP2 }),
  ]);
  await draft(
    firm,
    runOf(firm.books, { finishAt: 'draft', grouping: { invoice: 'project', line: ['person', 'month'] } }),
  );
  const invoices = await invoicesOf(firm.books);
  expect(invoices.map((invoice) => invoice.net).sort()).toEqual(['320.00', '80.00']);
  const large = invoices.find((invoice) => invoice.net === '320.00')!;
  expect((await lineTexts(firm, large.id)).sort()).toEqual([
    'P1, Ann, 2026-03, 2026-03-02 to 2026-03-05 | 2.00 | 160.00',
    'P1, Ann, 2026-04, 2026-04-01 | 1.00 | 80.00',
    'P1, Ben, 2026-03, 2026-03-02 | 1.00 | 80.00',
  ]);
});

test('a preview says what the tax and margin are, and why each item that is left out is left out, and leaves nothing', async () => {
  const firm = await newFirm({
    contract: { tax: { category: 'standard', rate: '20' } },
  });
  await take(firm.books, [
    entryOf('A', { cost: '50.00', currency: 'GBP' }),
    entryOf('B', { workDate: '2026-03-03' }),
    entryOf('C', { workDate: '2026-03-04' }),
    entryOf('D', { workDate: '2026-03-05' }),
  ]);
  const items = await compile(firm);
  await draft(firm, { itemIds: [items.D] });
  await firm.books.in((tx) =>
    tx.run(
      "update billable_items set held_reason = 'after the sea trial' where workspace_id = $1 and id = $2",
      [tx.workspaceId, items.C],
    ),
  );
  const before = await firm.get('/invoices');
  const preview = await firm.post('/billing-runs/preview', {
    itemIds: [items.A, items.B, items.C, items.D],
    reason: 'What if',
  });
  expect(preview.status).toBe(200);
  expect(preview.json.totals).toEqual([
    { currency: 'GBP', invoices: 1, net: '160.00', total: '192.00', seconds: 7200 },
  ]);
  expect(preview.json.taxes).toEqual([
    { currency: 'GBP', category: 'standard', rate: '20', net: '160.00', tax: '32.00' },
  ]);
  expect(preview.json.margin).toMatchObject([{ currency: 'GBP', net: '160.00', itemsWithoutCost: 1 }]);
  expect(Number(preview.json.margin[0].cost)).toBe(50);
  expect(Number(preview.json.margin[0].margin)).toBe(110);
  expect(
    preview.json.leftOut.map((group: { code: string; items: number }) => [group.code, group.items]),
  ).toEqual([
    ['held', 1],
    ['not_open', 1],
  ]);
  expect(preview.json.leftOutItems).toEqual([
    { itemId: items.C, code: 'held', reason: 'after the sea trial', workDate: '2026-03-04', amount: '80' },
    { itemId: items.D, code: 'not_open', reason: null, workDate: null, amount: null },
  ]);
  expect((await firm.get('/invoices')).json).toEqual(before.json);
  const planner = await firm.withScopes(['runs.create']);
  const without = await planner.post('/billing-runs/preview', { itemIds: [items.A], reason: 'What if' });
  expect(without.json.margin).toBeNull();
});

test('what is below the minimum of its contract is said to carry forward', async () => {
  const firm = await newFirm();
  const patched = await firm.patch(`/contracts/${firm.books.contractId}`, {
    clauses: { minimumInvoiceAmount: '100.00' },
  });
  expect(patched.status).toBe(200);
  await take(firm.books, [entryOf('A')]);
  const preview = await firm.post('/billing-runs/preview', runOf(firm.books));
  expect(preview.json.invoices).toEqual([]);
  expect(preview.json.leftOut).toMatchObject([
    { code: 'below_minimum', items: 1, amounts: [{ currency: 'GBP', amount: '80' }] },
  ]);
  await draft(firm, runOf(firm.books, { finishAt: 'draft' }));
  expect(await invoicesOf(firm.books)).toEqual([]);
});
