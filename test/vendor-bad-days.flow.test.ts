/**
 * Owns the vendors' bad days, seen from the whole hub: whatever Harvest or QuickBooks answers, no hour is lost, no document
 * is booked twice, and a person reads what to do.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHub, type TestHub } from './support/hub.ts';
import { until } from './support/loops.ts';
import {
  harvestAccount,
  openSpine,
  quickbooksSettings,
  type Spine,
  type SpineOptions,
} from './support/spine.ts';
import type { TestWorkspace } from './support/workspace.ts';

/** What one vendor call may take; an intent's deadline is two seconds later. */
const vendorTimeoutMs = 1_500;

let hub: TestHub;
const spines: Spine[] = [];
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs });
});
afterAll(async () => {
  await hub.stop();
  await Promise.all(spines.map((spine) => spine.close()));
});

interface Firm extends Spine {
  at: TestWorkspace;
}
/** A firm of its own on the hub, with both vendors, once the first readings are over. */
async function open(options?: SpineOptions): Promise<Firm> {
  const at = await hub.newWorkspace();
  const spine = await openSpine(at, options);
  spines.push(spine);
  await at.idle();
  return { ...spine, at };
}
/** Two hours are in and nothing is billed yet. */
async function openWithTime(options?: SpineOptions): Promise<Firm> {
  const firm = await open(options);
  firm.work('NPF-101', 2);
  await firm.sync(firm.harvestId);
  await firm.at.idle();
  return firm;
}

const isPost = (what: string) => (method: string, path: string) =>
  method === 'POST' && path.endsWith(`/${what}`);
const postsOf = (firm: Firm, what: string) =>
  firm.quickbooks.requests.filter((request) => isPost(what)(request.method, request.path)).length;
const isTimeEntries = (_method: string, path: string) => path.endsWith('/time_entries');
const synced = (invoice: { sync: { status: string } | null }) => invoice.sync?.status === 'synced';
const entriesOf = async ({ at }: Firm) => (await at.get<{ entries: number }>('/dashboard')).entries;
const operationsOf = async ({ at }: Firm) =>
  (await at.get<{ items: { status: string; error: { message: string } | null }[] }>('/operations')).items;

async function expectOneInvoice(firm: Firm): Promise<void> {
  const invoice = await firm.invoiceBecomes('synced', synced, 40_000);
  expect(firm.quickbooks.invoices).toHaveLength(1);
  expect(firm.quickbooks.invoices[0]).toMatchObject({ Id: invoice.sync!.externalId, TotalAmt: 200 });
  expect(firm.quickbooks.customers).toHaveLength(1);
  await firm.at.idle();
  await firm.at.verify();
}

describe.concurrent('a sign-in that is no longer accepted', () => {
  it.each([401, 403])(
    '%i pauses the time source and tells a person; a new token goes on by itself',
    async (status) => {
      const firm = await openWithTime();
      firm.work('NPF-101', 3);
      firm.harvest.fault({ kind: 'status', status, times: 1, match: isTimeEntries });
      await firm.sync(firm.harvestId);
      const lost = await firm.connectionBecomes(
        firm.harvestId,
        'lost',
        (shown) => shown.status === 'authorization_lost',
      );
      expect(lost.statusReason).toMatch(/Harvest/);
      expect(lost.lastError).toMatchObject({ kind: 'AuthorizationLost' });
      const [raised] = await firm.exceptions('connection.authorization_lost');
      expect(raised).toMatchObject({ severity: 'E' });
      // A failure is not an empty answer: nothing was taken as read, and nobody asks again meanwhile.
      expect(await entriesOf(firm)).toBe(1);
      const asked = firm.harvest.requests.length;
      expect((await firm.at.call('POST', `/connections/${firm.harvestId}/sync`, { body: {} })).status).toBe(
        409,
      );
      await firm.at.idle();
      expect(firm.harvest.requests).toHaveLength(asked);

      await firm.at.patch(`/connections/${firm.harvestId}`, {
        secrets: { accessToken: harvestAccount.accessToken },
      });
      await firm.at.idle();
      expect(await entriesOf(firm)).toBe(2);
      expect((await firm.connection(firm.harvestId)).status).toBe('active');
      expect(await firm.exceptions('connection.authorization_lost')).toEqual([]);
    },
  );

  it('lets invoices wait, and books them once by itself after a new token', async () => {
    const firm = await openWithTime();
    firm.quickbooks.setAccessToken('replaced');
    await firm.bill();
    await firm.connectionBecomes(firm.quickbooksId, 'lost', (shown) => shown.status === 'authorization_lost');
    const waiting = await firm.invoiceBecomes('waiting', (invoice) => invoice.sync !== null);
    expect(waiting.status).toBe('issued');
    expect(['queued', 'syncing']).toContain(waiting.sync!.status);
    expect(await firm.exceptions('connection.authorization_lost')).toHaveLength(1);
    expect(await firm.exceptions('sync.failed')).toEqual([]);

    // A token that is wrong too raises it again; the right one ends it.
    await firm.at.patch(`/connections/${firm.quickbooksId}`, { secrets: { accessToken: 'wrong too' } });
    await until('the wrong token is noticed', async () => {
      const { status } = await firm.connection(firm.quickbooksId);
      return status === 'authorization_lost';
    });
    expect(await firm.exceptions('connection.authorization_lost')).toHaveLength(1);
    await firm.at.patch(`/connections/${firm.quickbooksId}`, { secrets: { accessToken: 'replaced' } });
    await expectOneInvoice(firm);
    expect(await firm.exceptions('connection.authorization_lost')).toEqual([]);
  });

  it('a secret that cannot be decrypted is said at the connection, and waits for its next poll', async () => {
    const firm = await open();
    await firm.at.in((tx) =>
      tx.run(
        `update connection_secrets set ciphertext = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'
         where workspace_id = $1 and connection_id = $2`,
        [firm.at.workspaceId, firm.harvestId],
      ),
    );
    const asked = firm.harvest.requests.length;
    await firm.sync(firm.harvestId);
    const failing = await firm.connectionBecomes(
      firm.harvestId,
      'failing',
      (shown) => shown.lastError !== null,
    );
    expect(failing.lastError!.message).not.toMatch(/Harvest no longer accepts/);
    expect(firm.harvest.requests).toHaveLength(asked);
    await firm.at.patch(`/connections/${firm.harvestId}`, {
      secrets: { accessToken: harvestAccount.accessToken },
    });
    await firm.sync(firm.harvestId);
    await firm.connectionBecomes(firm.harvestId, 'well again', (shown) => shown.lastError === null);
  });
});

describe.concurrent('reading time', () => {
  it('404: an error that no repeat mends, told and not repeated, and never "no hours"', async () => {
    const firm = await open();
    const before = await firm.connection(firm.harvestId);
    firm.work('NPF-101', 2);
    firm.harvest.fault({ kind: 'status', status: 404, times: 1, match: isTimeEntries });
    await firm.sync(firm.harvestId);
    const failing = await firm.connectionBecomes(
      firm.harvestId,
      'failing',
      (shown) => shown.lastError !== null,
    );
    expect(failing).toMatchObject({
      status: 'active',
      lastSuccessAt: before.lastSuccessAt,
      lastError: { kind: 'InvalidRequest' },
    });
    await firm.at.idle();
    expect((await operationsOf(firm))[0]).toMatchObject({ status: 'failed' });
    expect((await operationsOf(firm))[0]!.error!.message).toMatch(/404/);
    expect(await entriesOf(firm)).toBe(0);
    await firm.sync(firm.harvestId);
    await firm.connectionBecomes(firm.harvestId, 'well again', (shown) => shown.lastError === null);
    expect(await entriesOf(firm)).toBe(1);
  });

  it('429 with Retry-After in the middle of the pages: waits as told and goes on from there', async () => {
    const firm = await open();
    for (let day = 1; day <= 9; day += 1) firm.work('NPF-101', 1, `2026-03-0${day}`);
    firm.harvest.requests.length = 0;
    let pages = 0;
    firm.harvest.fault({
      kind: 'status',
      status: 429,
      retryAfterSeconds: 1,
      times: 1,
      match: (method, path) => isTimeEntries(method, path) && ++pages === 2,
    });
    await firm.sync(firm.harvestId);
    await firm.at.idle();
    expect(await entriesOf(firm)).toBe(9);
    // The re-reading of a window of days has a `from`.
    const reads = firm.harvest.requests.filter(
      (request) => isTimeEntries('GET', request.path) && request.query.from === undefined,
    );
    expect(reads.map((request) => request.status)).toEqual([200, 429, 200, 200]);
    const [, refused, next] = reads;
    expect(Date.parse(next!.at) - Date.parse(refused!.at)).toBeGreaterThanOrEqual(1_000);
    expect((await firm.connection(firm.harvestId)).lastError).toBeNull();
  });

  it('500, a hang, a dropped line and half a JSON, one after the other: repeated until it is whole', async () => {
    const firm = await open();
    for (let day = 1; day <= 4; day += 1) firm.work('NPF-101', 1, `2026-03-0${day}`);
    firm.harvest.fault({ kind: 'status', status: 500, times: 1, match: isTimeEntries });
    firm.harvest.fault({ kind: 'hang', times: 1, match: isTimeEntries });
    firm.harvest.fault({ kind: 'drop', times: 1, match: isTimeEntries });
    firm.harvest.fault({ kind: 'broken_json', times: 1, match: isTimeEntries });
    await firm.sync(firm.harvestId);
    const failing = await firm.connectionBecomes(
      firm.harvestId,
      'failing',
      (shown) => shown.lastError !== null,
    );
    expect(failing.lastError).toMatchObject({ kind: 'Unavailable' });
    const well = await firm.connectionBecomes(
      firm.harvestId,
      'well again',
      (shown) => shown.lastError === null,
      40_000,
    );
    expect(well.status).toBe('active');
    expect(await entriesOf(firm)).toBe(4);
    const statuses = (await operationsOf(firm)).map((operation) => operation.status);
    expect(statuses.filter((status) => status === 'failed')).toHaveLength(4);
    expect(statuses[0]).toBe('done');
  });

  it('an endless chain of pages ends, with an error that says so', async () => {
    const firm = await open();
    firm.work('NPF-101', 2);
    firm.harvest.endlessPages(true);
    firm.harvest.requests.length = 0;
    await firm.sync(firm.harvestId);
    const failing = await firm.connectionBecomes(
      firm.harvestId,
      'failing',
      (shown) => shown.lastError !== null,
    );
    expect(failing.lastError!.message).toMatch(/without end/);
    await firm.at.idle();
    const [operation] = await operationsOf(firm);
    expect(operation).toMatchObject({ status: 'failed' });
    expect(operation!.error!.message).toMatch(/without end/);
    expect(firm.harvest.requests.length).toBeLessThan(20);
    firm.harvest.endlessPages(false);
    await firm.sync(firm.harvestId);
    await firm.connectionBecomes(firm.harvestId, 'well again', (shown) => shown.lastError === null);
    expect(await entriesOf(firm)).toBe(1);
  });
});

describe.concurrent('booking an invoice', () => {
  it('404: failed with its step and reason, one exception; a retry by a person books it once', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'status', status: 404, times: 1, match: isPost('invoice') });
    await firm.bill();
    const failed = await firm.invoiceBecomes('failed there', (invoice) => invoice.sync?.status === 'failed');
    expect(failed).toMatchObject({ status: 'issued', sync: { failedStep: 'invoice' } });
    expect(failed.sync!.reason).toMatch(/404/);
    expect(await firm.exceptions('sync.failed')).toHaveLength(1);
    expect(postsOf(firm, 'invoice')).toBe(1);
    await firm.at.post(`/invoices/${failed.id}/retry-sync`, {});
    await expectOneInvoice(firm);
    expect(await firm.exceptions('sync.failed')).toEqual([]);
  });

  it('429 with Retry-After: booked once, after the wait', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({
      kind: 'status',
      status: 429,
      retryAfterSeconds: 1,
      times: 1,
      match: isPost('invoice'),
    });
    await firm.bill();
    await expectOneInvoice(firm);
    expect(postsOf(firm, 'invoice')).toBe(2);
  });

  it('429 without Retry-After: the platform’s own minute, waited by Temporal and not by a worker', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'status', status: 429, times: 1, match: isPost('invoice') });
    await firm.bill();
    const [invoice] = await firm.invoices();
    const handle = firm.at.workflow('client_invoice', invoice!.id);
    const nextInMs = async () => {
      const [pending] = (await handle.describe()).raw.pendingActivities ?? [];
      return Number(pending?.scheduledTime?.seconds ?? 0) * 1_000 - Date.now();
    };
    // Retried after a minute and up to a tenth more, less what has passed since.
    await until('the push is put off', async () => (await nextInMs()) > 45_000, 20_000);
    expect(await nextInMs()).toBeLessThan(66_000);
    expect(postsOf(firm, 'invoice')).toBe(1);
    expect((await firm.invoices())[0]!.sync!.status).toBe('syncing');
    expect((await firm.connection(firm.quickbooksId)).status).toBe('active');
  });

  it('500: looked for, then booked once', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'status', status: 500, times: 1, match: isPost('invoice') });
    await firm.bill();
    await expectOneInvoice(firm);
    expect(postsOf(firm, 'invoice')).toBe(2);
  });

  it('a hang before anything is booked: outwaited, looked for, booked once', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'hang', times: 1, match: isPost('invoice') });
    await firm.bill();
    await expectOneInvoice(firm);
    const posts = firm.quickbooks.requests.filter(({ method, path }) => isPost('invoice')(method, path));
    expect(posts).toHaveLength(2);
    const [first, second] = posts.map((request) => Date.parse(request.at));
    // The first may still have arrived until its deadline.
    expect(second! - first!).toBeGreaterThanOrEqual(vendorTimeoutMs + 1_900);
    // Under one key, so that even then the platform would book it once.
    expect(new Set(posts.map((request) => request.query.requestid)).size).toBe(1);
  });

  it.each(['commit_then_drop', 'broken_json'] as const)(
    'booked, and the answer lost (%s) for customer, item and invoice: found again, never posted twice',
    async (kind) => {
      const firm = await openWithTime();
      for (const what of ['customer', 'item', 'invoice'])
        firm.quickbooks.fault({ kind, times: 1, match: isPost(what) });
      await firm.bill();
      await expectOneInvoice(firm);
      for (const what of ['customer', 'item', 'invoice']) expect(postsOf(firm, what)).toBe(1);
    },
  );

  it('paid before we know that it was booked: the payment is read once the invoice is found', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'commit_then_drop', times: 1, match: isPost('invoice') });
    await firm.bill();
    await until('the invoice stands at QuickBooks', () => firm.quickbooks.invoices.length === 1);
    const [there] = firm.quickbooks.invoices;
    firm.quickbooks.bookPayment({ invoiceId: there!.Id, amount: '200.00', date: '2026-04-10' });
    const before = await firm.connection(firm.quickbooksId);
    await firm.sync(firm.quickbooksId);
    await firm.connectionBecomes(
      firm.quickbooksId,
      'read',
      (shown) => shown.lastSuccessAt !== before.lastSuccessAt,
    );
    const [unknown] = await firm.invoices();
    expect(unknown).toMatchObject({ status: 'issued', sync: { status: 'syncing' } });
    await firm.invoiceBecomes('settled', (invoice) => invoice.status === 'settled', 40_000);
    await expectOneInvoice(firm);
    expect((await firm.at.get<{ items: unknown[] }>('/payments')).items).toHaveLength(1);
  });

  it('another total there: failed(total_differs) with an exception, and never synced until it is mended', async () => {
    const firm = await openWithTime({
      quickbooks: { salesTaxPercent: 10 },
      quickbooksSettings: { taxCode: 'TAX' },
    });
    await firm.bill();
    const failed = await firm.invoiceBecomes('failed there', (invoice) => invoice.sync?.status === 'failed');
    expect(failed.sync).toMatchObject({ failedStep: 'total_differs' });
    expect(failed.sync!.reason).toBe(
      'tax is 0.00 here and 20.00 there; total is 200.00 here and 220.00 there',
    );
    expect(firm.quickbooks.invoices).toHaveLength(1);
    const [raised] = await firm.exceptions('sync.failed');
    expect(raised).toMatchObject({ severity: 'E', detail: { step: 'total_differs' } });

    // Trying again without mending it books nothing more and stays failed.
    await firm.at.post(`/invoices/${failed.id}/retry-sync`, {});
    await firm.at.idle();
    expect((await firm.invoices())[0]!.sync).toMatchObject({ status: 'failed', failedStep: 'total_differs' });
    expect(firm.quickbooks.invoices).toHaveLength(1);
    const { items: events } = await firm.at.get<{ items: { type: string }[] }>('/events?limit=200');
    expect(events.map((event) => event.type)).toContain('invoice.sync_failed');
    expect(events.map((event) => event.type)).not.toContain('invoice.synced');

    // A person deletes it there, corrects the setting and sends it again.
    firm.quickbooks.deleteInvoice(firm.quickbooks.invoices[0]!.Id);
    await firm.at.patch(`/connections/${firm.quickbooksId}`, {
      settings: { ...quickbooksSettings, taxCode: 'NON' },
    });
    await firm.at.post(`/invoices/${failed.id}/retry-sync`, {});
    await expectOneInvoice(firm);
    expect(await firm.exceptions('sync.failed')).toEqual([]);
  });

  it('two invoices of one client at once make one customer and one item', async () => {
    const firm = await open({ invoicePer: 'project' });
    firm.work('NPF-101', 2);
    firm.work('NPF-102', 3);
    await firm.sync(firm.harvestId);
    await firm.at.idle();
    await firm.bill();
    await until('both are synced', async () => (await firm.invoices()).filter(synced).length === 2, 30_000);
    expect(firm.quickbooks.invoices.map((invoice) => invoice.TotalAmt).sort((a, b) => a - b)).toEqual([
      200, 300,
    ]);
    expect(firm.quickbooks.customers).toHaveLength(1);
    expect(postsOf(firm, 'customer')).toBe(1);
    expect(postsOf(firm, 'item')).toBe(1);
    expect(postsOf(firm, 'invoice')).toBe(2);
    await firm.at.verify();
  });

  it('a sign-in lost between a post and its answer: the invoice is adopted after a new token', async () => {
    const firm = await openWithTime();
    firm.quickbooks.fault({ kind: 'commit_then_drop', times: 1, match: isPost('invoice') });
    await firm.bill();
    await until('the invoice stands at QuickBooks', () => firm.quickbooks.invoices.length === 1);
    firm.quickbooks.setAccessToken('replaced');
    await firm.connectionBecomes(firm.quickbooksId, 'lost', (shown) => shown.status === 'authorization_lost');
    await firm.at.patch(`/connections/${firm.quickbooksId}`, { secrets: { accessToken: 'replaced' } });
    await expectOneInvoice(firm);
    expect(postsOf(firm, 'invoice')).toBe(1);
  });
});

it('a payment that cannot be read is quarantined with its raw content, and the others are applied', async () => {
  const firm = await openWithTime();
  await firm.bill();
  const invoice = await firm.invoiceBecomes('synced', synced);
  const invoiceId = invoice.sync!.externalId!;
  // As QuickBooks may send it: one line of a payment over two invoices, without saying how much of each.
  const links = [invoiceId, '999'].map((TxnId) => ({ TxnId, TxnType: 'Invoice' }));
  const odd = { Id: '77', TxnDate: '2026-04-11', TotalAmt: 25, Line: [{ Amount: 25, LinkedTxn: links }] };
  firm.quickbooks.fault({
    kind: 'status',
    status: 200,
    times: 1,
    match: (_method, path) => path.endsWith('/query'),
    body: { QueryResponse: { Payment: [odd] }, time: new Date().toISOString() },
  });
  await firm.sync(firm.quickbooksId);
  await firm.at.idle();
  firm.quickbooks.bookPayment({ invoiceId, amount: '50.00', date: '2026-04-10' });
  await firm.sync(firm.quickbooksId);
  const paid = await firm.invoiceBecomes('paid in part', (shown) => shown.status === 'partially_paid');
  await firm.at.idle();
  expect(Number(paid.applied)).toBe(50);
  const { items } = await firm.at.get<{ items: { reason: string; raw: string }[] }>('/quarantine');
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({ reason: 'Line_Amount.ambiguous' });
  expect(items[0]!.raw).toContain('"TotalAmt":25');
});
