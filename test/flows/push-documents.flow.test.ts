/** Owns what follows an invoice to QuickBooks: credits, voids, write-offs; and the posting file of what is not taken there. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import {
  openSpine,
  quickbooksCompany,
  quickbooksSettings,
  type ShownInvoice,
  type Spine,
} from '../support/spine.ts';
import type { TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
let at: TestWorkspace;
let spine: Spine;
beforeAll(async () => {
  hub = await startTestHub();
});
beforeEach(async () => {
  at = await hub.newWorkspace();
  spine = await openSpine(at);
  const [seller] = (await at.get<{ items: { id: string }[] }>('/sellers')).items;
  await at.post('/series', { sellerId: seller!.id, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
});
afterEach(async () => {
  await at.verify();
  await spine.close();
});
afterAll(() => hub.stop());

interface Shown {
  id: string;
  documentType: string;
  number: string | null;
  status: string;
  reason: string | null;
  failedStep: string | null;
  generation: number;
  difference: Record<string, unknown> | null;
}
const documents = async (type?: string): Promise<Shown[]> =>
  (await at.get<{ items: Shown[] }>(`/connections/${spine.quickbooksId}/documents?limit=200`)).items.filter(
    ({ documentType }) => type === undefined || documentType === type,
  );
const becomes = (type: string, status: string) =>
  until(
    `the ${type} is ${status}`,
    async () => {
      const [found] = await documents(type);
      return found?.status === status;
    },
    30_000,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await documents())}`);
  });
const card = (ownership: Record<string, unknown>) =>
  at.patch(`/connections/${spine.quickbooksId}`, { ownership });

/** One synced invoice of these hours at 100.00. */
async function billed(...hours: number[]): Promise<ShownInvoice> {
  for (const [index, each] of hours.entries()) spine.work('NPF-101', each, `2026-03-0${index + 2}`);
  await spine.sync(spine.harvestId);
  await at.idle();
  await spine.bill();
  return spine.invoiceBecomes('synced', (one) => one.sync?.status === 'synced', 30_000);
}
const there = () => spine.quickbooks.invoices[0]!;

it('a credit note is booked at QuickBooks and applied to its invoice there, once, and comes back as no payment', async () => {
  const invoice = await billed(10);
  await at.post(`/invoices/${invoice.id}/credit-notes`, { by: 'amount', amount: '250.00', reason: 'Late' });
  await becomes('credit_application', 'synced');
  expect(spine.quickbooks.creditMemos).toMatchObject([
    { DocNumber: 'CN-0001', TotalAmt: 250, RemainingCredit: 0, CustomerRef: there().CustomerRef },
  ]);
  expect(there().Balance).toBe(750);
  await spine.sync(spine.quickbooksId);
  await at.idle();
  expect((await at.get<{ items: unknown[] }>('/payments')).items).toEqual([]);
  expect((await documents('credit_note'))[0]).toMatchObject({ number: 'CN-0001', status: 'synced' });
});

it('a credit note whose answer never came is found again, not booked twice', async () => {
  const invoice = await billed(4);
  spine.quickbooks.fault({
    kind: 'commit_then_drop',
    times: 1,
    match: (method, path) => method === 'POST' && path.endsWith('/creditmemo'),
  });
  await at.post(`/invoices/${invoice.id}/credit-notes`, { by: 'full', reason: 'Wrong client' });
  await becomes('credit_application', 'synced');
  expect(spine.quickbooks.creditMemos).toHaveLength(1);
  expect(there().Balance).toBe(0);
});

it('a credit waits for its invoice, and is booked when a person has mended that', async () => {
  spine.quickbooks.fault({
    kind: 'status',
    status: 404,
    times: 1,
    match: (method, path) => method === 'POST' && path.endsWith('/invoice'),
  });
  spine.work('NPF-101', 2);
  await spine.sync(spine.harvestId);
  await at.idle();
  await spine.bill();
  const failed = await spine.invoiceBecomes('failed', (one) => one.sync?.status === 'failed', 30_000);
  await at.post(`/invoices/${failed.id}/credit-notes`, { by: 'full', reason: 'Twice' });
  await becomes('credit_note', 'not_synced');
  expect(spine.quickbooks.creditMemos).toEqual([]);
  await at.post(`/invoices/${failed.id}/retry-sync`, {});
  await becomes('credit_application', 'synced');
  expect(there().Balance).toBe(0);
});

it('an invoice that only QuickBooks has is voided there too, where the ownership card says so; else it is credited', async () => {
  await card({ voids: 'there' });
  const [client] = (await at.get<{ items: { id: string }[] }>('/clients')).items;
  await at.patch(`/clients/${client!.id}`, { mailNotifications: false });
  const invoice = await billed(3);
  const voided = await at.post<{ outcome: string }>(`/invoices/${invoice.id}/void`, { reason: 'Wrong rate' });
  expect(voided.outcome).toBe('voided');
  await until('it is void there', async () => there().TotalAmt === 0, 30_000);
  await at.idle();
  expect(there().PrivateNote).toMatch(/^Voided/);
  expect(spine.quickbooks.creditMemos).toEqual([]);
  expect((await documents('client_invoice'))[0]).toMatchObject({ status: 'synced' });
});

it('a void takes no money off that QuickBooks has and we have not read yet', async () => {
  await card({ voids: 'there' });
  const [client] = (await at.get<{ items: { id: string }[] }>('/clients')).items;
  await at.patch(`/clients/${client!.id}`, { mailNotifications: false });
  const invoice = await billed(3);
  spine.quickbooks.bookPayment({ invoiceId: there().Id, amount: '300.00', date: '2026-04-10' });
  expect(await at.post(`/invoices/${invoice.id}/void`, { reason: 'Wrong rate' })).toMatchObject({
    outcome: 'voided',
  });
  await becomes('client_invoice', 'failed');
  expect((await documents('client_invoice'))[0]!.reason).toMatch(/has payments or credits at QuickBooks/);
  expect(there()).toMatchObject({ TotalAmt: 300, Balance: 0 });
});

it('without that the same void is a credit, booked and applied', async () => {
  const invoice = await billed(3);
  const credited = await at.post<{ outcome: string }>(`/invoices/${invoice.id}/void`, {
    reason: 'Wrong rate',
  });
  expect(credited.outcome).toBe('credited');
  await becomes('credit_application', 'synced');
  expect([there().TotalAmt, there().Balance]).toEqual([300, 0]);
});

it('what QuickBooks does not take is in the posting file of its period, once, with a control total', async () => {
  const invoice = await billed(5);
  await at.post(`/invoices/${invoice.id}/write-off-bad-debt`, { reason: 'They went out of business' });
  await becomes('bad_debt', 'not_synced');
  expect((await documents('bad_debt'))[0]!.reason).toMatch(/^posting file: QuickBooks knows no write-off/);
  const path = `/connections/${spine.quickbooksId}/posting-files`;
  const period = { startsOn: '2026-01-01', endsBefore: '2027-12-31' };
  const file = await at.post<{ id: string; lineCount: number; controlTotals: unknown; sha256: string }>(
    path,
    period,
  );
  expect(file).toMatchObject({ lineCount: 2, controlTotals: { USD: '500.00' } });
  const csv = await at.call('GET', `/posting-files/${file.id}/csv`);
  const rows = csv.text.replace('\uFEFF', '').trim().split('\r\n');
  expect(rows).toHaveLength(3);
  expect(rows[0]).toBe('date,document,account,amount,currency,reason');
  expect(rows.slice(1).map((row) => row.split(',').slice(1, 5))).toEqual([
    ['NPF-0001', 'bad_debt', '500.00', 'USD'],
    ['NPF-0001', 'receivable', '-500.00', 'USD'],
  ]);
  const again = await at.call('POST', path, { body: period, headers: { 'Idempotency-Key': 'again' } });
  expect([again.status, again.json.code]).toEqual([409, 'posting_file.empty']);
  expect((await at.get<{ items: unknown[] }>(path)).items).toHaveLength(1);
});

it('where two of our accounts are one of the firm’s, the posting file holds both sides or neither', async () => {
  const { settings } = await at.get<{ settings: Record<string, unknown> }>('/workspace');
  const numbers = { receivable: '1200', bad_debt: '1200' };
  await at.patch('/workspace', { settings: { ...settings, ledgerAccounts: numbers } });
  const invoice = await billed(5);
  await at.post(`/invoices/${invoice.id}/write-off-bad-debt`, { reason: 'They went out of business' });
  await becomes('bad_debt', 'not_synced');
  const made = await at.call('POST', `/connections/${spine.quickbooksId}/posting-files`, {
    body: { startsOn: '2026-01-01', endsBefore: '2027-12-31' },
    headers: { 'Idempotency-Key': 'both-or-neither' },
  });
  expect([made.status, made.json.code]).toEqual([409, 'posting_file.empty']);
});

const drifted = async () => (await documents('client_invoice'))[0]!;
const sees = async (status: string) => {
  await spine.sync(spine.quickbooksId);
  await until(`the invoice is ${status}`, async () => (await drifted()).status === status, 30_000);
};

it('an invoice that somebody edits at QuickBooks is drifted, and pushed again it stands there as here', async () => {
  await billed(6);
  const { Id, Line } = there();
  const line = Line.find((one) => one.DetailType === 'SalesItemLineDetail')!;
  spine.quickbooks.editInvoice(Id, {
    Line: [
      {
        ...line,
        Amount: 550,
        SalesItemLineDetail: {
          ...(line as never as { SalesItemLineDetail: object }).SalesItemLineDetail,
          Qty: 5.5,
        },
      },
    ],
  });
  await sees('drifted');
  expect(await drifted()).toMatchObject({
    reason:
      'It was changed there: net is 600.00 here and 550.00 there; total is 600.00 here and 550.00 there.',
    difference: { net: { here: '600.00', there: '550.00' }, total: { here: '600.00', there: '550.00' } },
  });
  expect(await spine.exceptions('sync.drifted')).toHaveLength(1);
  await at.post(`/connections/${spine.quickbooksId}/documents/${(await drifted()).id}/retry`, {});
  await until('it is synced again', async () => (await drifted()).status === 'synced', 30_000);
  expect(there()).toMatchObject({ Id, TotalAmt: 600, SyncToken: '2' });
  expect(await spine.exceptions('sync.drifted')).toEqual([]);
  await sees('synced');
});

const pushAgain = async () =>
  at.post(`/connections/${spine.quickbooksId}/documents/${(await drifted()).id}/retry`, {});

it('an invoice that somebody puts under another customer is put back when it is pushed again', async () => {
  await billed(6);
  const { Id, CustomerRef } = there();
  const other = spine.quickbooks.addCustomer({ DisplayName: 'Somebody else' });
  spine.quickbooks.editInvoice(Id, { CustomerRef: { value: other.Id } });
  await sees('drifted');
  expect((await drifted()).difference).toEqual({ customer: { here: CustomerRef.value, there: other.Id } });
  await pushAgain();
  await until('it is synced again', async () => (await drifted()).status === 'synced', 30_000);
  expect(there()).toMatchObject({ Id, CustomerRef: { value: CustomerRef.value }, TotalAmt: 600 });
});

it('one that was renumbered there is never booked beside itself, whatever QuickBooks refuses in between', async () => {
  await billed(6);
  const { Id } = there();
  spine.quickbooks.editInvoice(Id, { DocNumber: 'X-1' });
  await sees('drifted');
  spine.quickbooks.fault({
    kind: 'status',
    status: 404,
    times: 1,
    match: (method, path) => method === 'POST' && path.endsWith('/invoice'),
  });
  await pushAgain();
  await until('the push was refused', async () => (await drifted()).status === 'failed', 30_000);
  await pushAgain();
  await until('it is synced again', async () => (await drifted()).status === 'synced', 30_000);
  expect(spine.quickbooks.invoices).toMatchObject([{ Id, DocNumber: 'NPF-0001', TotalAmt: 600 }]);
});

it('one that failed by its total and is renumbered there is not booked a second time', async () => {
  await spine.close();
  at = await hub.newWorkspace();
  spine = await openSpine(at, {
    quickbooks: { salesTaxPercent: 10 },
    quickbooksSettings: { taxCode: 'TAX' },
  });
  spine.work('NPF-101', 2);
  await spine.sync(spine.harvestId);
  await at.idle();
  await spine.bill();
  const failed = await spine.invoiceBecomes('failed', (one) => one.sync?.status === 'failed', 30_000);
  expect(failed.sync).toMatchObject({ failedStep: 'total_differs' });
  spine.quickbooks.editInvoice(there().Id, { DocNumber: 'X-1' });
  await at.post(`/invoices/${failed.id}/retry-sync`, {});
  await at.idle();
  const again = await spine.invoiceBecomes('failed again', (one) => one.sync?.status === 'failed', 30_000);
  expect(again.sync!.reason).toContain('stands at QuickBooks as X-1');
  expect(spine.quickbooks.invoices).toHaveLength(1);
});

it('a connection that has booked stays with its company: ids of another one are other documents', async () => {
  await billed(1);
  const change = (settings: Record<string, string>) =>
    at.call('PATCH', `/connections/${spine.quickbooksId}`, { body: { settings } });
  const other = await change({ ...quickbooksSettings, realmId: '9130350000000002' });
  expect([other.status, other.json.code]).toEqual([409, 'connection.account_fixed']);
  expect((await change({ ...quickbooksSettings, taxCode: 'NON' })).status).toBe(200);
});

it('an invoice that is settled at QuickBooks by no payment is put before a person, until money of it is here too', async () => {
  const invoice = await billed(5);
  const { Id, CustomerRef, Line } = there();
  const write = async (entity: string, body: object) => {
    const company = `${spine.quickbooks.url}/v3/company/${quickbooksCompany.realmId}`;
    const answer = await fetch(`${company}/${entity}?minorversion=75`, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${quickbooksCompany.accessToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { CreditMemo: { Id: string } };
  };
  const [line] = Line as { SalesItemLineDetail: { ItemRef: object } }[];
  const detail = { ItemRef: line!.SalesItemLineDetail.ItemRef, Qty: 1, UnitPrice: 500 };
  const customer = { CustomerRef: { value: CustomerRef.value } };
  const { CreditMemo } = await write('creditmemo', {
    ...customer,
    Line: [{ DetailType: 'SalesItemLineDetail', Amount: 500, SalesItemLineDetail: detail }],
  });
  const applied = (TxnType: string, TxnId: string) => ({ Amount: 500, LinkedTxn: [{ TxnId, TxnType }] });
  await write('payment', {
    ...customer,
    TotalAmt: 0,
    Line: [applied('Invoice', Id), applied('CreditMemo', CreditMemo.Id)],
  });
  await spine.sync(spine.quickbooksId);
  await until(
    'a person is asked',
    async () => (await spine.exceptions('payment.balance_differs')).length === 1,
  );
  expect((await spine.exceptions('payment.balance_differs'))[0]).toMatchObject({
    severity: 'W',
    detail: { number: invoice.number, openHere: '500.00', openThere: '0.00' },
  });
  expect((await drifted()).status).toBe('synced');

  // The person takes it off here as well.
  await at.post(`/invoices/${invoice.id}/credit-notes`, { by: 'full', reason: 'As in the books' });
  await spine.sync(spine.quickbooksId);
  await until(
    'nobody is asked',
    async () => (await spine.exceptions('payment.balance_differs')).length === 0,
  );
});

it('an account that is connected again goes on with what was booked there: its payments come, each once', async () => {
  const invoice = await billed(5);
  const pay = (amount: string) =>
    spine.quickbooks.bookPayment({ invoiceId: there().Id, amount, date: '2026-04-10' });
  const gone = pay('50.00');
  pay('100.00');
  await spine.sync(spine.quickbooksId);
  await spine.invoiceBecomes('paid in part', (one) => Number(one.applied) === 150);
  await at.post(`/connections/${spine.quickbooksId}/disconnect`, {});
  await at.idle();
  pay('200.00');
  spine.quickbooks.deletePayment(gone.Id);
  const { id } = await at.post<{ id: string }>('/connections', {
    connector: 'quickbooks',
    name: 'QuickBooks again',
    goLiveOn: '2026-01-01',
    settings: quickbooksSettings,
    secrets: { accessToken: quickbooksCompany.accessToken },
    baseUrlOverride: spine.quickbooks.url,
    pollSeconds: 3_600,
  });
  await spine.invoiceBecomes('paid in part', (one) => Number(one.applied) === 300, 30_000);
  await spine.sync(id);
  await at.idle();
  expect(Number((await spine.invoices())[0]!.applied)).toBe(300);
  expect((await at.get<{ items: unknown[] }>('/payments')).items).toHaveLength(3);
  expect((await at.get<{ items: Shown[] }>(`/connections/${id}/documents`)).items).toMatchObject([
    { documentType: 'client_invoice', number: invoice.number, status: 'synced' },
  ]);
});

it('two clients whose names are one at QuickBooks never share its customer, and a person is told', async () => {
  await spine.close();
  at = await hub.newWorkspace();
  spine = await openSpine(at, {
    clients: [
      { code: 'NPF', name: 'North Pacific: Ferries', projects: ['NPF-101'] },
      { code: 'NPG', name: 'North Pacific - Ferries', projects: ['NPG-101'] },
    ],
  });
  for (const project of ['NPF-101', 'NPG-101']) spine.work(project, 2);
  await spine.sync(spine.harvestId);
  await at.idle();
  await spine.bill();
  let shown: ShownInvoice[] = [];
  await until(
    'both are pushed',
    async () => {
      shown = await spine.invoices();
      return shown.filter(({ sync }) => ['synced', 'failed'].includes(sync?.status ?? '')).length === 2;
    },
    30_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(shown)}`);
  });
  expect(shown.map(({ sync }) => sync!.status).sort()).toEqual(['failed', 'synced']);
  const failed = shown.find(({ sync }) => sync!.status === 'failed')!;
  expect(failed.sync).toMatchObject({
    failedStep: 'customer',
    reason: expect.stringMatching(/stands for north pacific(:| -) ferries already/i),
  });
  expect(spine.quickbooks.invoices).toHaveLength(1);

  await at.patch(`/clients/${failed.clientId}`, { name: 'North Pacific Ferries Guam' });
  await at.post(`/invoices/${failed.id}/retry-sync`, {});
  await until('both are there', async () => spine.quickbooks.invoices.length === 2, 30_000);
  expect(new Set(spine.quickbooks.invoices.map(({ CustomerRef }) => CustomerRef.value)).size).toBe(2);
});

it('one that is deleted there is made anew on request; one that is voided there is accepted by a person, and stays so', async () => {
  await billed(2);
  spine.quickbooks.deleteInvoice(there().Id);
  await sees('drifted');
  expect((await drifted()).difference).toEqual({ deleted: true });
  const path = `/connections/${spine.quickbooksId}/documents/${(await drifted()).id}`;
  await at.post(`${path}/retry`, {});
  await until('it is there again', async () => (await drifted()).status === 'synced', 30_000);
  expect(spine.quickbooks.invoices).toMatchObject([{ DocNumber: 'NPF-0001', TotalAmt: 200 }]);

  spine.quickbooks.voidInvoice(there().Id);
  await sees('drifted');
  expect((await at.call('POST', `${path}/retry`, { body: {} })).json.code).toBe('document.not_to_push_again');
  const accepted = await at.post<Shown>(`${path}/accept`, { reason: 'Our bookkeeper voided it' });
  expect(accepted).toMatchObject({ status: 'drifted', acceptedReason: 'Our bookkeeper voided it' });
  await spine.sync(spine.quickbooksId);
  await at.idle();
  expect(await spine.exceptions('sync.drifted')).toEqual([]);
  expect(await drifted()).toMatchObject({ status: 'drifted', acceptedReason: 'Our bookkeeper voided it' });
});

it('money that nobody applied at QuickBooks is on account here, with a proposal; what a person confirms settles', async () => {
  const invoice = await billed(7);
  spine.quickbooks.receive(there().CustomerRef.value, '700.00', '2026-04-12', 'NPF-0001');
  await spine.sync(spine.quickbooksId);
  await at.idle();
  const { items } = await at.get<{ items: { id: string }[] }>('/payments');
  expect(items).toHaveLength(1);
  expect((await spine.invoices())[0]).toMatchObject({
    status: expect.stringMatching(/issued|sent/),
    applied: expect.stringMatching(/^0/),
  });
  const path = `/payments/${items[0]!.id}/proposals`;
  const { proposals } = await at.get<{ proposals: { id: string; documentId: string; amount: string }[] }>(
    path,
  );
  expect(proposals).toMatchObject([
    { documentId: invoice.id, amount: expect.stringMatching(/^700(\.00)?$/) },
  ]);
  await at.post(`${path}/${proposals[0]!.id}/confirm`, {});
  await spine.invoiceBecomes('settled', (one) => one.status === 'settled', 30_000);
  await spine.sync(spine.quickbooksId);
  await at.idle();
  expect((await at.get<{ items: unknown[] }>('/payments')).items).toHaveLength(1);
});

it('money that goes back is in the posting file where QuickBooks takes no refund, balanced', async () => {
  await billed(1);
  spine.quickbooks.receive(there().CustomerRef.value, '20.00', '2026-04-12');
  await spine.sync(spine.quickbooksId);
  await at.idle();
  const [payment] = (await at.get<{ items: { id: string }[] }>('/payments')).items;
  await at.post(`/payments/${payment!.id}/refund`, {
    amount: '20.00',
    method: 'wire',
    valueDate: '2026-04-20',
    reason: 'Paid by mistake',
  });
  await becomes('refund', 'not_synced');
  const file = await at.post<{ id: string; controlTotals: unknown }>(
    `/connections/${spine.quickbooksId}/posting-files`,
    { startsOn: '2026-04-01', endsBefore: '2026-05-01' },
  );
  expect(file.controlTotals).toEqual({ USD: '20.00' });
  const { text } = await at.call('GET', `/posting-files/${file.id}/csv`);
  expect(
    text
      .trim()
      .split('\r\n')
      .slice(1)
      .map((row) => row.split(',').slice(2, 4)),
  ).toEqual([
    ['client_credits', '20.00'],
    ['cash', '-20.00'],
  ]);
});
