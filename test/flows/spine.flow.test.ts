/** Owns the spine: approved time at Harvest becomes a numbered invoice, booked at QuickBooks, paid, settled. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openSpine, type Spine } from '../support/spine.ts';

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

it('an approved hour is on one invoice, however often the run repeats', async () => {
  // More than one page, on two projects: 12.75 hours at 100.00.
  for (const [index, hours] of [1, 2.5, 0.25, 4, 5].entries())
    spine.work(index % 2 === 0 ? 'NPF-101' : 'NPF-102', hours, `2026-03-0${index + 2}`);
  await spine.sync(spine.harvestId);
  await hub.idle();
  expect(await hub.get('/dashboard')).toMatchObject({ entries: 5, entrySeconds: 12.75 * 3600 });

  // Five people ask at the same moment, and twice more afterwards.
  const runs = await Promise.all(Array.from({ length: 5 }, () => spine.bill()));
  runs.push(await spine.bill(), await spine.bill());
  expect(runs.map((run) => run.status)).toEqual(Array(7).fill('done'));
  // Asked for at once, several are one run.
  const distinct = [...new Map(runs.map((run) => [run.id, run])).values()];
  expect(distinct.reduce((sum, run) => sum + (run.counts.items ?? 0), 0)).toBe(5);

  const synced = await spine.invoiceBecomes('synced', (invoice) => invoice.sync?.status === 'synced');
  expect(synced).toMatchObject({
    status: 'issued',
    number: 'NPF-0001',
    total: '1275.00',
    quantitySeconds: 45_900,
  });
  expect(spine.quickbooks.invoices).toHaveLength(1);
  expect(spine.quickbooks.invoices[0]).toMatchObject({ DocNumber: 'NPF-0001', TotalAmt: 1275 });
  expect(synced.sync!.externalId).toBe(spine.quickbooks.invoices[0]!.Id);
  expect(await hub.workflowStatus('client_invoice', synced.id)).toBe('RUNNING');

  // Half of it, then the rest; read twice.
  const invoiceId = synced.sync!.externalId!;
  spine.quickbooks.bookPayment({ invoiceId, amount: '600.00', date: '2026-04-10', reference: 'WIRE-1' });
  await spine.sync(spine.quickbooksId);
  await spine.invoiceBecomes('partially paid', (invoice) => invoice.status === 'partially_paid');
  spine.quickbooks.bookPayment({ invoiceId, amount: '675.00', date: '2026-04-11', reference: 'WIRE-2' });
  await spine.sync(spine.quickbooksId);
  const settled = await spine.invoiceBecomes('settled', (invoice) => invoice.status === 'settled');
  await spine.sync(spine.quickbooksId);
  await hub.idle();
  expect(Number(settled.applied)).toBe(1275);
  expect((await hub.get<{ items: unknown[] }>('/payments')).items).toHaveLength(2);
  await until(
    'the settled workflow ends',
    async () => (await hub.workflowStatus('client_invoice', settled.id)) === 'COMPLETED',
  );
  await until(
    'the run workflow ends',
    async () => (await hub.workflowStatus('billing_run', runs[0]!.id)) === 'COMPLETED',
  );
  expect(await hub.workflowStatus('connection', spine.harvestId)).toBe('RUNNING');
  // Printed by the hub, beside the booking.
  const printed = await hub.get<{ files: { format: string }[] }>(`/invoices/${settled.id}/documents`);
  expect(printed.files.map(({ format }) => format)).toContain('pdf');

  await hub.verify();
  expect(hub.warnings()).toEqual([]);
});

it('a payment that is taken back opens the invoice again, and wakes its ended workflow', async () => {
  const [payment] = spine.quickbooks.payments;
  spine.quickbooks.deletePayment(payment!.Id);
  await spine.sync(spine.quickbooksId);
  const open = await spine.invoiceBecomes('open again', (invoice) => invoice.status === 'partially_paid');
  await hub.idle();
  expect(Number(open.applied)).toBe(675);
  expect(await hub.workflowStatus('client_invoice', open.id)).toBe('RUNNING');
  await hub.verify();
});

it('a changed hour that is billed becomes an exception, never another invoice', async () => {
  const [entry] = spine.harvest.entries;
  spine.harvest.updateEntry(entry!.id, { hours: 0.5 });
  await spine.sync(spine.harvestId);
  await hub.idle();
  const run = await spine.bill();
  expect(run).toMatchObject({ status: 'done' });
  expect(await spine.invoices()).toHaveLength(1);
  const raised = await hub.get<{ items: { rule: string }[] }>('/exceptions?status=open');
  expect(raised.items.map((item) => item.rule)).toContain('entry.changed_after_claim');
  await hub.verify();
});
