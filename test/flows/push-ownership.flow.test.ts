/** Owns the ownership card in the push: each field acts at QuickBooks; time is linked, dimensions are found, bills are booked. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { hubDoor, openContractorFirm } from '../support/contractors.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import {
  openSpine,
  quickbooksCompany,
  quickbooksSettings,
  type Spine,
  type SpineOptions,
} from '../support/spine.ts';
import { expectStatus } from '../support/tickets.ts';
import type { TestWorkspace } from '../support/workspace.ts';

let hub: TestHub;
let at: TestWorkspace;
let spine: Spine | null = null;
beforeAll(async () => {
  hub = await startTestHub();
});
afterEach(async () => {
  if (!spine) return;
  await at.verify();
  await spine.close();
  spine = null;
});
afterAll(() => hub.stop());

async function open(ownership: Record<string, unknown>, options: SpineOptions = {}): Promise<Spine> {
  at = await hub.newWorkspace();
  spine = await openSpine(at, options);
  await at.patch(`/connections/${spine.quickbooksId}`, { ownership });
  return spine;
}
async function synced(firm: Spine, status = 'synced') {
  await firm.sync(firm.harvestId);
  await at.idle();
  await firm.bill();
  return firm.invoiceBecomes(status, (one) => one.sync?.status === status, 30_000);
}
interface Detail {
  Qty: number;
  UnitPrice: number;
  ServiceDate?: string;
  ClassRef?: { value: string };
  TaxCodeRef?: { value: string };
}
/** The smallest first. */
const linesThere = (firm: Spine) =>
  firm.quickbooks.invoices[0]!.Line.flatMap((line) =>
    line.DetailType === 'SalesItemLineDetail'
      ? [
          {
            ...(line.SalesItemLineDetail as unknown as Detail),
            Amount: line.Amount,
            links: (line.LinkedTxn ?? []).map(({ TxnId }) => TxnId),
          },
        ]
      : [],
  ).toSorted((a, b) => a.Amount - b.Amount);

it('hours from Harvest are made once at QuickBooks, each line links to its own, and the link is read back', async () => {
  const firm = await open({ lines: 'entries', attachTime: true });
  const { Id } = firm.quickbooks.addEmployee('Astrid Berg', 'astrid@halvorsen.example');
  firm.work('NPF-101', 1.5, '2026-03-02');
  firm.work('NPF-102', 2.25, '2026-03-03');
  // The first answer never comes: what was made then is found, not made again.
  firm.quickbooks.fault({
    kind: 'commit_then_drop',
    times: 1,
    match: (method, path) => method === 'POST' && path.endsWith('/timeactivity'),
  });
  await synced(firm);
  expect(
    firm.quickbooks.timeActivities.map(({ TxnDate, Hours, Minutes, EmployeeRef, BillableStatus }) => ({
      TxnDate,
      Hours,
      Minutes,
      person: EmployeeRef?.value,
      BillableStatus,
    })),
  ).toEqual([
    { TxnDate: '2026-03-02', Hours: 1, Minutes: 30, person: Id, BillableStatus: 'HasBeenBilled' },
    { TxnDate: '2026-03-03', Hours: 2, Minutes: 15, person: Id, BillableStatus: 'HasBeenBilled' },
  ]);
  const [first, second] = firm.quickbooks.timeActivities;
  expect(
    linesThere(firm).map(({ Qty, Amount, ServiceDate, links }) => ({ Qty, Amount, ServiceDate, links })),
  ).toEqual([
    { Qty: 1.5, Amount: 150, ServiceDate: '2026-03-02', links: [first!.Id] },
    { Qty: 2.25, Amount: 225, ServiceDate: '2026-03-03', links: [second!.Id] },
  ]);
  expect(await firm.exceptions('sync.time_not_linked')).toEqual([]);
});

it('hours of somebody whom QuickBooks does not know are invoiced without a link, and that is said', async () => {
  const firm = await open({ lines: 'entries', attachTime: true });
  firm.work('NPF-101', 3);
  await synced(firm);
  expect(firm.quickbooks.timeActivities).toEqual([]);
  expect(await firm.exceptions('sync.time_not_linked')).toMatchObject([
    {
      severity: 'W',
      detail: { notPushed: ['2026-03-02: QuickBooks does not know Astrid Berg'], wanted: 1, linked: 0 },
    },
  ]);
});

it('project codes go into the class of each line; a code without a class fails in words, and is left out where the card says so', async () => {
  const firm = await open({ dimension: 'project_code' });
  const own = firm.quickbooks.addClass('NPF-101');
  firm.work('NPF-101', 1);
  firm.work('NPF-102', 2);
  const failed = await synced(firm, 'failed');
  expect(failed.sync).toMatchObject({
    failedStep: 'dimension',
    reason: expect.stringContaining('QuickBooks has no Class NPF-102.'),
  });
  await at.patch(`/connections/${firm.quickbooksId}`, {
    ownership: { dimension: 'project_code', unknownDimension: 'leave_out' },
  });
  await at.post(`/invoices/${failed.id}/retry-sync`, {});
  await firm.invoiceBecomes('synced', (one) => one.sync?.status === 'synced', 30_000);
  expect(linesThere(firm).map(({ Amount, ClassRef }) => [Amount, ClassRef?.value])).toEqual([
    [100, own.Id],
    [200, undefined],
  ]);
});

it('where QuickBooks counts, our number is its reference; a summary is one line, with the tax code of the card', async () => {
  const firm = await open(
    {
      number: 'theirs',
      lines: 'summary',
      taxCodes: { O: 'NON', S: 'TAX', Z: 'NON', E: 'NON' },
      payments: false,
    },
    { quickbooks: { customTxnNumbers: false } },
  );
  for (const [day, hours] of [
    ['2026-03-02', 1],
    ['2026-03-09', 4],
  ] as const)
    firm.work('NPF-101', hours, day);
  firm.work('NPF-102', 2, '2026-03-04');
  const invoice = await synced(firm);
  const there = firm.quickbooks.invoices[0]!;
  expect(there).toMatchObject({ DocNumber: '1001', TotalAmt: 700 });
  expect(there.PrivateNote).toMatch(/^NPF-0001 slipway:/);
  expect(linesThere(firm)).toMatchObject([{ Qty: 1, Amount: 700, TaxCodeRef: { value: 'NON' } }]);
  const { items } = await at.get<{ items: { number: string; numberThere: string | null }[] }>(
    `/connections/${firm.quickbooksId}/documents`,
  );
  expect(items).toMatchObject([{ number: 'NPF-0001', numberThere: '1001' }]);
  // Edited there and pushed again: it keeps the number that QuickBooks gave it.
  const shown = async () =>
    (
      await at.get<{
        items: { id: string; documentType: string; status: string; numberThere: string | null }[];
      }>(`/connections/${firm.quickbooksId}/documents?limit=200`)
    ).items.find(({ documentType }) => documentType === 'client_invoice')!;
  const seen = async (status: string) => {
    await firm.sync(firm.quickbooksId);
    await until(`it is ${status}`, async () => (await shown()).status === status, 30_000);
  };
  const edited = linesThere(firm)[0]!;
  firm.quickbooks.editInvoice(there.Id, {
    Line: [
      {
        DetailType: 'SalesItemLineDetail',
        Amount: 650,
        SalesItemLineDetail: {
          ItemRef: (there.Line[0] as never as { SalesItemLineDetail: { ItemRef: object } })
            .SalesItemLineDetail.ItemRef,
          Qty: 1,
          UnitPrice: 650,
          TaxCodeRef: edited.TaxCodeRef,
        },
      },
    ],
  });
  await seen('drifted');
  await at.post(`/connections/${firm.quickbooksId}/documents/${(await shown()).id}/retry`, {});
  await until('it is synced again', async () => (await shown()).status === 'synced', 30_000);
  expect(firm.quickbooks.invoices).toMatchObject([{ DocNumber: '1001', TotalAmt: 700 }]);
  expect(await shown()).toMatchObject({ numberThere: '1001' });
  await firm.sync(firm.quickbooksId);
  await at.idle();
  expect(await shown()).toMatchObject({ status: 'synced', numberThere: '1001' });
  // Payments stay theirs.
  firm.quickbooks.bookPayment({ invoiceId: there.Id, amount: '700.00', date: '2026-04-10' });
  await firm.sync(firm.quickbooksId);
  await at.idle();
  expect((await firm.invoices())[0]).toMatchObject({ id: invoice.id, status: 'issued' });
});

it('where the platform makes PDF and mail, it mails the invoice once, and we print and send none', async () => {
  const firm = await open({ pdf: 'theirs', mail: 'theirs' });
  firm.work('NPF-101', 1);
  const invoice = await synced(firm);
  await until(
    'it is sent there',
    async () => firm.quickbooks.invoices[0]!.EmailStatus === 'EmailSent',
    30_000,
  );
  await firm.invoiceBecomes('sent', (one) => one.status === 'sent', 30_000);
  expect(firm.quickbooks.invoices[0]!.BillEmail).toEqual({ Address: 'ap@npf.example' });
  const { deliveries } = await at.get<{ deliveries?: { channel: string }[] }>(
    `/invoices/${invoice.id}/documents`,
  );
  expect(deliveries?.map(({ channel }) => channel)).toEqual(['platform']);
});

it('a card that a platform cannot act on is refused with the reason', async () => {
  const firm = await open({});
  const path = `/connections/${firm.quickbooksId}`;
  const refused = async (id: string, ownership: Record<string, unknown>) => {
    const { status, json } = await at.call('PATCH', id, { body: { ownership } });
    return [status, json.code, json.detail ?? JSON.stringify(json)] as const;
  };
  expect(await refused(path, { firstStatus: 'draft' })).toEqual([
    422,
    'connection.cannot_own',
    expect.stringContaining('QuickBooks keeps no drafts.'),
  ]);
  expect(await refused(path, { lines: 'summary', attachTime: true })).toEqual([
    422,
    'connection.cannot_own',
    expect.stringContaining('can link to none of them'),
  ]);
  expect((await refused(path, { pdf: 'theirs' }))[1]).toBe('connection.cannot_own');
});

it('an approved contractor invoice is a bill at QuickBooks, and what is paid on it is paid there, once', async () => {
  const firm = await openContractorFirm(
    hubDoor((method, path, options = {}) => hub.call(method, path, options), hub.test.database),
  );
  const quickbooks = await startQuickbooksSandbox({
    ...quickbooksCompany,
    rateLimit: 'off',
    homeCurrency: 'GBP',
  });
  const connection = {
    connector: 'quickbooks',
    name: 'Books',
    goLiveOn: '2020-01-01',
    settings: { ...quickbooksSettings, expenseAccountId: '80', bankAccountId: '35' },
    secrets: { accessToken: quickbooksCompany.accessToken },
    baseUrlOverride: quickbooks.url,
    ownership: { billsOf: [firm.books.sellerId], accounts: { labor: '80' } },
    pollSeconds: 3_600,
  };
  expectStatus(await firm.admin.post('/connections', connection), 201);
  try {
    const { id, number } = await firm.approvedInvoice([await firm.approvedTicket()]);
    await until('the bill is there', async () => quickbooks.bills.length === 1, 30_000);
    expect(quickbooks.bills).toMatchObject([{ DocNumber: number, TotalAmt: 84, Balance: 84 }]);
    expect(quickbooks.vendors).toMatchObject([{ DisplayName: 'Ola Vik' }]);
    expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '50.00' }]), 201);
    await until('the first part is paid there', async () => quickbooks.bills[0]!.Balance === 34, 30_000);
    quickbooks.fault({
      kind: 'commit_then_drop',
      times: 1,
      match: (method, path) => method === 'POST' && path.endsWith('/billpayment'),
    });
    expectStatus(await firm.pay([{ contractorInvoiceId: id, amount: '34.00' }]), 201);
    await until('the rest is paid there', async () => quickbooks.bills[0]!.Balance === 0, 30_000);
    expect(quickbooks.billPayments.map(({ TotalAmt }) => TotalAmt)).toEqual([50, 34]);
  } finally {
    await quickbooks.close();
  }
});
