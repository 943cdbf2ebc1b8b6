/** Owns compiling as a command of its own: once however often it is asked for, by any number at once, and undone. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { failInterruptedOperations, readOperation } from '../store/operations.ts';
import { readRun } from '../store/runs.ts';
import { tasks } from '../store/tasks.ts';
import { billingActivities, carryOut, cutoffOn, entryOf, expectBalanced, take } from './support/books.ts';
import { type Firm, openFirm } from './support/pipeline.ts';
import { named } from './support/source-entry.ts';
import { type Answered, startApi, type TestApi } from './support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function firmOf(options: Parameters<typeof openFirm>[1] = {}): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}

const wantedOf = (firm: Firm, facts: Record<string, unknown> = {}) => ({
  scope: { type: 'contract', id: firm.books.contractId },
  cutoffOn,
  ...facts,
});

/** Does what the workflow would do for the run behind an operation; answers the operation as it is then. */
async function carry(firm: Firm, asked: Answered) {
  expect(asked.status, asked.text).toBe(202);
  const run = await firm.books.in((tx) => readRun(tx, asked.json.subjectId));
  await carryOut(api.test.database, firm.books, run!);
  return (await firm.get(`/operations/${asked.json.id}`)).json;
}

const items = async (firm: Firm, query = '') => (await firm.get(`/billable-items?${query}`)).json.items;
const openEntries = async (firm: Firm) => (await firm.get('/entries?status=open')).json.items.length;

test('work becomes pending items, each with its product and why it has its price', async () => {
  const firm = await firmOf();
  await take(firm.books, [
    entryOf('A', { quantity: 5400 }),
    entryOf('B', { kind: 'mileage_distance', quantity: 120_000 }),
    entryOf('C', { approval: 'submitted' }),
    entryOf('D', { running: true }),
  ]);
  const done = await carry(firm, await firm.post('/compilations', wantedOf(firm)));
  expect(done).toMatchObject({
    kind: 'compile',
    status: 'done',
    done: 2,
    result: { items: 2, seconds: 5400 },
  });
  const made = await items(firm, 'status=pending');
  expect(made).toHaveLength(2);
  const distance = made.find((item: { kind: string }) => item.kind === 'transport_distance');
  expect(distance).toMatchObject({
    quantity: '120.00',
    unit: 'km',
    unitPrice: '5.0',
    productName: 'Transport',
    productStep: 'default',
    productAutoCreated: true,
    flagged: false,
  });
  expect(Number(distance.amount)).toBe(600);
  const { json } = await firm.get(`/billable-items/${distance.id}`);
  expect(json.whyThisPrice.map(({ text }: { text: string }) => text)).toEqual([
    '120000 m show as 120.00 km.',
    'Sold as Transport, since nothing names another product, which was created for it.',
    '5.0 GBP per km, from product default (product Transport).',
    '120.00 km × 5.0 = 600 GBP.',
  ]);
  expect((await firm.get('/billable-items?status=billed')).json.items).toEqual([]);
});

test('a double click is one operation; asked for again later, it finds nothing left', async () => {
  const firm = await firmOf();
  await take(firm.books, [entryOf('A'), entryOf('B')]);
  const [first, second] = await Promise.all([
    firm.post('/compilations', wantedOf(firm)),
    firm.post('/compilations', wantedOf(firm)),
  ]);
  expect(second!.json.id).toBe(first!.json.id);
  expect((await carry(firm, first!)).result).toMatchObject({ items: 2 });
  const again = await firm.post('/compilations', wantedOf(firm));
  expect(again.json.id).not.toBe(first!.json.id);
  expect((await carry(firm, again)).done).toBe(0);
  expect(await items(firm)).toHaveLength(2);
});

test('ten compiles at once claim every hour once, and create each default product once', async () => {
  const firm = await firmOf({ rate: null });
  await take(
    firm.books,
    Array.from({ length: 60 }, (_, index) =>
      entryOf(`E${index}`, { kind: index % 3 === 0 ? 'mileage_time' : 'labor', quantity: 1800 + index }),
    ),
  );
  // Ten different commands: each has a cut-off of its own.
  const asked = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      firm.post(
        '/compilations',
        wantedOf(firm, { cutoffOn: `2027-01-${String(index + 1).padStart(2, '0')}` }),
      ),
    ),
  );
  expect(new Set(asked.map(({ json }) => json.id)).size).toBe(10);
  const activities = billingActivities(api.test.database);
  const refs = asked.map(({ json }) => ({ workspaceId: firm.books.workspaceId, subjectId: json.subjectId }));
  await Promise.all(refs.map((ref) => activities.compileRun(ref)));
  for (const answer of asked) await carry(firm, answer);
  const made = await items(firm, 'limit=200');
  expect(made.filter(({ status }: { status: string }) => status === 'pending')).toHaveLength(60);
  const products = await firm.books.in((tx) =>
    tx.rows<{ name: string; autoCreated: boolean }>(
      'select name, auto_created from products where workspace_id = $1 order by name',
      [firm.books.workspaceId],
    ),
  );
  expect(products).toEqual(
    ['Transport', 'Transport Time', 'Work'].map((name) => ({ name, autoCreated: true })),
  );
});

test('a compile of one task leaves the work of others, and what is on none', async () => {
  const firm = await firmOf();
  const task = await firm.books.in((tx) =>
    tasks.insert(tx, { projectId: firm.books.projects.P1!, name: 'Welding' }),
  );
  await take(firm.books, [entryOf('A', { task: named('Welding') }), entryOf('B')]);
  const asked = await firm.post('/compilations', wantedOf(firm, { taskIds: [task.id] }));
  expect((await carry(firm, asked)).result).toMatchObject({ items: 1 });
  expect(await items(firm)).toMatchObject([{ taskId: task.id, taskName: 'Welding' }]);
  expect(await openEntries(firm)).toBe(1);
  const unknown = await firm.post('/compilations', wantedOf(firm, { taskIds: [firm.books.contractId] }));
  expect(unknown).toMatchObject({ status: 422, json: { code: 'reference.unknown' } });
});

test('a wrong compile is undone: its items go back to their entries, to be compiled anew', async () => {
  const firm = await firmOf();
  await take(firm.books, [entryOf('A'), entryOf('B')]);
  const asked = await firm.post('/compilations', wantedOf(firm));
  const undo = `/billing-runs/${asked.json.subjectId}/undo-compilation`;
  expect(await firm.post(undo)).toMatchObject({ status: 409, json: { code: 'compilation.running' } });
  await carry(firm, asked);
  expect(await openEntries(firm)).toBe(0);
  const undone = await carry(firm, await firm.post(undo));
  expect(undone).toMatchObject({
    kind: 'undo_compile',
    status: 'done',
    done: 2,
    result: { withdrawn: 2, left: 0 },
  });
  expect(await openEntries(firm)).toBe(2);
  expect(await items(firm, 'status=pending')).toEqual([]);
  expect(await items(firm, 'status=withdrawn')).toHaveLength(2);
  expect(await firm.post(undo)).toMatchObject({ status: 409, json: { code: 'compilation.undone' } });
  await carry(firm, await firm.post('/compilations', wantedOf(firm)));
  expect(await items(firm, 'status=pending')).toHaveLength(2);
});

test('what a document holds keeps its compile from being undone', async () => {
  const firm = await firmOf();
  await take(firm.books, [entryOf('A'), entryOf('B')]);
  const asked = await firm.post('/compilations', wantedOf(firm));
  await carry(firm, asked);
  await firm.run('draft');
  const refused = await firm.post(`/billing-runs/${asked.json.subjectId}/undo-compilation`);
  expect(refused).toMatchObject({
    status: 409,
    json: { code: 'compilation.allocated', details: { allocated: 2 } },
  });
  expect(await items(firm, 'status=drafted')).toHaveLength(2);
});

test('a draft that takes an item while its compile is being undone keeps it', async () => {
  const firm = await firmOf({ projects: ['P1', 'P2'] });
  await take(firm.books, [
    entryOf('A'),
    entryOf('B', { project: { externalId: null, code: 'P2', name: 'P2' } }),
  ]);
  const asked = await firm.post('/compilations', wantedOf(firm));
  await carry(firm, asked);
  const undo = await firm.post(`/billing-runs/${asked.json.subjectId}/undo-compilation`);
  expect(undo.status).toBe(202);
  const drafting = await firm.post('/billing-runs', {
    scope: { type: 'project', id: firm.books.projects.P1 },
    cutoffOn,
    reason: 'meanwhile',
  });
  await carryOut(api.test.database, firm.books, drafting.json);
  expect(await carry(firm, undo)).toMatchObject({ status: 'done', result: { withdrawn: 1 } });
  expect(await items(firm, 'status=drafted')).toHaveLength(1);
  expect(await items(firm, 'status=pending')).toEqual([]);
});

test('a draft and an undo of the same items at once: each hour ends in one place, ten times over', async () => {
  const hours = 20;
  for (let round = 0; round < 10; round += 1) {
    const firm = await firmOf();
    await take(
      firm.books,
      Array.from({ length: hours }, (_, index) => entryOf(`E${index}`)),
    );
    const asked = await firm.post('/compilations', wantedOf(firm));
    await carry(firm, asked);
    const pending = await items(firm, 'status=pending');
    const undo = await firm.post(`/billing-runs/${asked.json.subjectId}/undo-compilation`);
    const drafting = await firm.post('/billing-runs', {
      itemIds: pending.map(({ id }: { id: string }) => id),
      reason: 'at the same moment',
    });
    const activities = billingActivities(api.test.database);
    const refOf = (subjectId: string) => ({ workspaceId: firm.books.workspaceId, subjectId });
    const draft = activities.draftRun(refOf(drafting.json.id));
    await setTimeout(round * 2);
    await Promise.allSettled([draft, activities.undoRun(refOf(asked.json.subjectId))]);
    await carry(firm, undo);
    await carryOut(api.test.database, firm.books, drafting.json);
    const drafted = (await items(firm, 'status=drafted')).length;
    const given = await openEntries(firm);
    expect([drafted, given].sort((a, b) => a - b)).toEqual([0, hours]);
  }
});

test('an operation that is cancelled stops the compile that carries it', async () => {
  const firm = await firmOf();
  await take(firm.books, [entryOf('A')]);
  const asked = await firm.post('/compilations', wantedOf(firm));
  expect((await firm.post(`/operations/${asked.json.id}/cancel`)).status).toBe(202);
  expect(await carry(firm, asked)).toMatchObject({ status: 'cancelled', cancelRequested: true });
  expect(await openEntries(firm)).toBe(1);
});

test('a compile that a stopped hub left is carried on, not given up', async () => {
  const firm = await firmOf();
  await take(firm.books, [entryOf('A')]);
  const asked = await firm.post('/compilations', wantedOf(firm));
  expect(await firm.books.in(failInterruptedOperations)).toBe(0);
  expect(await firm.books.in((tx) => readOperation(tx, asked.json.id))).toMatchObject({ status: 'queued' });
  expect(await carry(firm, asked)).toMatchObject({ status: 'done', done: 1 });
});

test('work without any price is compiled at zero and flagged', async () => {
  const firm = await firmOf({ rate: null });
  await take(firm.books, [entryOf('A')]);
  await carry(firm, await firm.post('/compilations', wantedOf(firm)));
  const [item] = await items(firm, 'flagged=true');
  expect(item).toMatchObject({
    productName: 'Work',
    unitPrice: '0.00',
    flagged: true,
    priceSource: 'no price',
  });
  const { json } = await firm.get(`/billable-items/${item.id}`);
  expect(json.whyThisPrice[2].text).toContain('No source gives a price');
});
