/** Owns the whole way of work that is recorded here: task → entries → compile → items → draft → issue → asked to sync, on a hub. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { cutoffOn, openSpine, type ShownInvoice, type ShownRun, type Spine } from '../support/spine.ts';

let hub: TestHub;
let spine: Spine;
beforeAll(async () => {
  hub = await startTestHub();
  spine = await openSpine(hub);
});
afterAll(async () => {
  await hub.stop();
  await spine.close();
});

interface Operation {
  id: string;
  subjectId: string;
  status: string;
  done: number;
  result: Record<string, number>;
}
interface Item {
  id: string;
  kind: string;
  status: string;
  quantity: string;
  unit: string;
  unitPrice: string;
  amount: string;
  productName: string;
  productStep: string;
  productAutoCreated: boolean;
}
interface Line {
  kind: string;
  quantity: string;
  unit: string;
  unitPrice: string;
  amount: string;
}

const byText = (a: unknown[], b: unknown[]) => JSON.stringify(a).localeCompare(JSON.stringify(b));
const list = async <T>(path: string) => (await hub.get<{ items: T[] }>(path)).items;

async function compiled(): Promise<Operation> {
  const body = { scope: { type: 'contract', id: spine.contracts.NPF! }, cutoffOn };
  let operation = await hub.post<Operation>('/compilations', body);
  await until('the compilation ends', async () => {
    operation = await hub.get(`/operations/${operation.id}`);
    return operation.status !== 'queued' && operation.status !== 'running';
  });
  return operation;
}

it('a task with its entries becomes items, a reviewed draft, and an invoice that is asked to the platform', async () => {
  // A billable task of a client, and who works on it.
  const [project] = await list<{ id: string; clientId: string }>('/projects');
  const person = await hub.post<{ id: string }>('/people', { name: 'Astrid Berg', position: 'Welder' });
  const task = await hub.post<{ id: string; clientId: string; billable: boolean }>('/tasks', {
    projectId: project!.id,
    name: 'Stern tube',
    status: 'draft',
  });
  expect(task).toMatchObject({ clientId: project!.clientId, billable: true });

  // Time by timer and by hand, a drive of 120 km in 90 minutes, a receipt.
  const record = (body: object) =>
    hub.post<{ id: string }>('/task-entries', {
      taskId: task.id,
      personId: person.id,
      workDate: '2026-03-02',
      ...body,
    });
  const entries = [
    await record({ kind: 'labor', seconds: 9000, note: 'Alignment' }),
    await record({ kind: 'mileage', kilometres: '120', transportMinutes: 90 }),
    await record({ kind: 'expense', amount: '34.50', currency: 'USD', note: 'Parking' }),
  ];
  const timer = await hub.post<{ id: string }>('/timers', { taskId: task.id, personId: person.id });
  await hub.in((tx) =>
    tx.run(`update timers set started_at = '2026-03-03T16:00:00Z' where workspace_id = $1`, [tx.workspaceId]),
  );
  const stopped = await hub.post<{ entries: { id: string }[] }>(`/timers/${timer.id}/stop`, {
    endedAt: '2026-03-03T18:00:00Z',
  });
  entries.push(...stopped.entries);
  await hub.patch(`/tasks/${task.id}`, { status: 'done' });

  // Nothing of it is billed before it is approved.
  expect((await compiled()).done).toBe(0);
  const approved = await hub.post<{ items: { outcome: string }[] }>('/task-entries/approve', {
    ids: entries.map(({ id }) => id),
    ownReason: 'Nobody else is in the office',
  });
  expect(approved.items.map(({ outcome }) => outcome)).toEqual(Array(4).fill('approved'));

  // Five items: 2.5 h and 2 h at 100.00, 5.0 × 120, 1000.0 × 1.5, the receipt at cost.
  expect(await compiled()).toMatchObject({ status: 'done', done: 5, result: { items: 5, seconds: 16_200 } });
  expect((await compiled()).done).toBe(0);
  const items = await list<Item>('/billable-items?status=pending');
  const facts = (item: Item) => [
    item.kind,
    item.productName,
    Number(item.quantity),
    item.unit,
    item.unitPrice,
    Number(item.amount),
  ];
  expect(items.map(facts).sort(byText)).toEqual([
    ['expense', 'Work', 34.5, 'amount', '1', 34.5],
    ['labor', 'Work', 2, 'hour', '100.00', 200],
    ['labor', 'Work', 2.5, 'hour', '100.00', 250],
    ['transport_distance', 'Transport', 120, 'km', '5.0', 600],
    ['transport_time', 'Transport Time', 1.5, 'hour', '1000.0', 1500],
  ]);
  expect(items.every((item) => item.productStep === 'default' && item.productAutoCreated)).toBe(true);

  // One invoice for the client, a line for each entry, from exactly these items.
  const asked = await hub.post<ShownRun>('/billing-runs', {
    itemIds: items.map(({ id }) => id),
    grouping: { invoice: 'client', line: 'entry' },
    reason: 'Month end',
    finishAt: 'draft',
  });
  await until('the draft is there', async () => {
    const { run } = await hub.get<{ run: ShownRun }>(`/billing-runs/${asked.id}`);
    if (run.status === 'failed') throw new Error(run.error ?? 'the run failed');
    return run.status === 'done';
  });
  const [draft] = await spine.invoices();
  expect(draft).toMatchObject({ status: 'draft', number: null, net: '2584.50', quantitySeconds: 16_200 });
  const lines = await list<Line>(`/invoices/${draft!.id}/lines`);
  expect(
    lines
      .map((line) => [
        line.kind,
        Number(line.quantity),
        line.unit,
        Number(line.unitPrice),
        Number(line.amount),
      ])
      .sort(byText),
  ).toEqual([
    ['expense', 34.5, 'amount', 1, 34.5],
    ['mileage', 1.5, 'hour', 1000, 1500],
    ['mileage', 120, 'km', 5, 600],
    ['time', 2, 'hour', 100, 200],
    ['time', 2.5, 'hour', 100, 250],
  ]);
  expect(await list('/billable-items?status=pending')).toEqual([]);
  expect(await list('/billable-items?status=drafted')).toHaveLength(5);

  // Asked for as a draft: QuickBooks has none, and the answer says what to do first.
  const refused = await hub.call('POST', `/invoices/${draft!.id}/sync`, {
    headers: { 'Idempotency-Key': 'sync-the-draft' },
  });
  expect([refused.status, refused.json.code]).toEqual([409, 'invoice.must_be_issued']);
  expect(refused.json.detail).toContain('QuickBooks');
  expect(spine.quickbooks.invoices).toHaveLength(0);

  // The built-in prices are confirmed once for the currency; then it is issued, queued and booked.
  await hub.post('/built-in-prices/confirm', { currency: 'USD' });
  await hub.post(`/invoices/${draft!.id}/issue`, {});
  const queued = await hub.call('POST', `/invoices/${draft!.id}/sync`, {
    headers: { 'Idempotency-Key': 'sync-the-invoice' },
  });
  expect(queued.status, queued.text).toBe(202);
  expect(['queued', 'syncing', 'synced']).toContain(queued.json.sync.status);
  const synced = await spine.invoiceBecomes(
    'synced',
    (invoice: ShownInvoice) => invoice.sync?.status === 'synced',
  );
  expect(synced).toMatchObject({ status: 'issued', number: 'NPF-0001', total: '2584.50' });
  expect(spine.quickbooks.invoices).toMatchObject([{ DocNumber: 'NPF-0001', TotalAmt: 2584.5 }]);
  // Asked for again, it is still one invoice there.
  const again = await hub.call('POST', `/invoices/${draft!.id}/sync`, {
    headers: { 'Idempotency-Key': 'sync-again' },
  });
  expect([again.status, again.json.sync.status]).toEqual([202, 'synced']);
  await hub.idle();
  expect(spine.quickbooks.invoices).toHaveLength(1);
  expect((await spine.invoices())[0]!.sync!.status).toBe('synced');
  expect(await list('/billable-items?status=billed')).toHaveLength(5);
  await hub.verify();
});
