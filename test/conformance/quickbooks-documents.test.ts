/** Owns what the QuickBooks connector books beside invoices, against its sandbox: credits, bills, time, changes and voids. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TargetBill, TargetInvoice } from '../../connectors/kit/define.ts';
import { InvalidRequest } from '../../connectors/kit/errors.ts';
import { quickbooks } from '../../connectors/quickbooks/index.ts';
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { toTimeActivity } from '../../connectors/quickbooks/time-activities.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const target = quickbooks.invoiceTarget!;
const realmId = '4620816365';
const uuid = (n: number) => `0b1f7a52-8f5e-4a7e-9c1e-2d4c0c7c9a${String(n).padStart(2, '0')}`;

async function company(options: { customTxnNumbers?: boolean; salesTaxPercent?: number } = {}) {
  const sandbox = await startQuickbooksSandbox({
    realmId,
    accessToken: 'token-one',
    rateLimit: 'off',
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const settings = { realmId, environment: 'sandbox', expenseAccountId: '80', bankAccountId: '35' };
  const http = httpTo(quickbooks, sandbox.url, { settings });
  const customer = sandbox.addCustomer({ DisplayName: 'Acme' });
  const item = sandbox.items[0]!;
  const invoice: TargetInvoice = {
    key: uuid(1),
    number: 'NW-1',
    customer: { externalId: customer.Id },
    currency: 'USD',
    issueDate: '2026-03-31',
    dueDate: '2026-04-30',
    email: null,
    lines: [
      {
        description: 'Design',
        itemExternalId: item.Id,
        quantity: '2',
        unitPrice: '100.00',
        amount: '200.00',
        serviceDate: null,
        taxCode: null,
      },
    ],
    net: '200.00',
    tax: '0.00',
    total: '200.00',
  };
  return { sandbox, http, customer, invoice };
}

describe('an invoice that is there', () => {
  test('is voided once; a void one, or none, is the answer again', async () => {
    const { sandbox, http, invoice } = await company();
    const made = await target.invoices.create(http, invoice, 'a');
    expect(await target.voidInvoice!(http, made, 'b')).toMatchObject({ status: 'void' });
    expect(await target.voidInvoice!(http, made, 'c')).toMatchObject({ status: 'void', versionToken: '1' });
    sandbox.deleteInvoice(made.externalId);
    expect(await target.voidInvoice!(http, made, 'd')).toBeNull();
  });

  test('is replaced under a token that a payment has made stale, once it is read again', async () => {
    const { sandbox, http, invoice } = await company();
    const made = await target.invoices.create(http, invoice, 'a');
    sandbox.bookPayment({ invoiceId: made.externalId, amount: '50.00', date: '2026-04-02' });
    const updated = await target.updateInvoice!(http, made, { ...invoice, dueDate: '2026-05-31' }, 'b');
    expect(updated).toMatchObject({ externalId: made.externalId, total: '200.00', balance: '150.00' });
    expect(sandbox.invoices).toMatchObject([{ DueDate: '2026-05-31', SyncToken: '2' }]);
    sandbox.deleteInvoice(made.externalId);
    const gone = await failureOf(target.updateInvoice!(http, made, invoice, 'c'));
    expect(gone).toBeInstanceOf(InvalidRequest);
    expect((gone as InvalidRequest).vendorCode).toBe('610');
  });

  test('is mailed by QuickBooks once, however often it is asked', async () => {
    const { sandbox, http, invoice } = await company();
    const made = await target.invoices.create(http, invoice, 'a');
    await target.emailInvoice!(http, made, 'ap@acme.example');
    await target.emailInvoice!(http, made, 'ap@acme.example');
    expect(sandbox.invoices).toMatchObject([{ EmailStatus: 'EmailSent', SyncToken: '1' }]);
  });

  test('that changed or went is told by id since the last look', async () => {
    const { sandbox, http, invoice } = await company();
    const [one, two] = [
      await target.invoices.create(http, invoice, 'a'),
      await target.invoices.create(http, { ...invoice, key: uuid(2), number: 'NW-2' }, 'b'),
    ];
    sandbox.voidInvoice(one.externalId);
    sandbox.deleteInvoice(two.externalId);
    const [page] = await all(target.invoicesSince!(http, null));
    expect(page!.invoices).toMatchObject([{ externalId: one.externalId, status: 'void' }]);
    expect(page!.deleted).toEqual([two.externalId]);
    expect(Date.parse(page!.checkpoint!)).toBeGreaterThan(0);
    expect(await failureOf(all(target.invoicesSince!(http, 'tomorrow')))).toBeInstanceOf(InvalidRequest);
  });
});

test('where QuickBooks counts, the invoice is found by its day and our key, and keeps our number in its note', async () => {
  const { sandbox, http, invoice } = await company({ customTxnNumbers: false });
  const theirs = { ...invoice, numberBy: 'platform' as const };
  expect(await target.invoices.find(http, theirs)).toBeNull();
  const made = await target.invoices.create(http, theirs, 'a');
  expect(made.number).toBe('1001');
  expect(await target.invoices.find(http, theirs)).toEqual(made);
  expect(sandbox.invoices[0]!.PrivateNote).toBe(`NW-1 slipway:${uuid(1)}`);
  expect(await target.invoices.find(http, { ...theirs, key: uuid(3) })).toBeNull();
});

test('our tax is sent as it stands where the card says so, and a class goes on its line', async () => {
  const { sandbox, http, invoice } = await company({ salesTaxPercent: 10 });
  const { Id } = sandbox.addClass('NPF-101');
  expect(await target.dimension!.find(http, 'npf-101')).toBe(Id);
  expect(await target.dimension!.find(http, 'NPF-999')).toBeNull();
  const line = { ...invoice.lines[0]!, dimension: Id };
  const taxed: TargetInvoice = { ...invoice, lines: [line], tax: '16.40', total: '216.40', taxBy: 'us' };
  expect(await target.invoices.create(http, taxed, 'a')).toMatchObject({ tax: '16.40', total: '216.40' });
  expect(sandbox.invoices[0]!.Line[0]).toMatchObject({ SalesItemLineDetail: { ClassRef: { value: Id } } });
});

test('a credit note and its application are made once; the money of no one moves', async () => {
  const { sandbox, http, invoice } = await company();
  const made = await target.invoices.create(http, invoice, 'a');
  const note = { ...invoice, key: uuid(4), number: 'CN-1', invoice: made };
  const memo = await target.creditNotes!.create(http, note, 'b');
  expect(memo).toMatchObject({ total: '200.00', balance: '200.00', status: 'open' });
  expect(await target.creditNotes!.find(http, note)).toEqual(memo);
  const application = { key: uuid(5), creditNote: memo, invoice: made, amount: '200.00', on: '2026-04-01' };
  expect(await target.creditApplications!.find(http, application)).toBeNull();
  const applied = await target.creditApplications!.create(http, application, 'c');
  expect(await target.creditApplications!.find(http, application)).toMatchObject({
    externalId: applied.externalId,
  });
  expect(sandbox.invoices[0]!.Balance).toBe(0);
  expect(sandbox.creditMemos[0]!.RemainingCredit).toBe(0);
  expect(sandbox.payments).toMatchObject([{ TotalAmt: 0, UnappliedAmt: 0 }]);
  const more = { ...application, key: uuid(6) };
  expect(await failureOf(target.creditApplications!.create(http, more, 'd'))).toBeInstanceOf(InvalidRequest);
});

test('a bill needs an account, is one of its vendor, and is paid from the bank account of the settings', async () => {
  const { sandbox, http, invoice } = await company();
  const vendor = await target.vendors!.create(http, { name: 'Ola Vik', email: null, currency: 'USD' }, 'a');
  expect(await target.vendors!.find(http, { name: 'ola vik', email: null, currency: 'USD' })).toBe(vendor);
  const { customer: _, ...rest } = invoice;
  const bill: TargetBill = { ...rest, key: uuid(7), number: 'CI-1', vendor: { externalId: vendor } };
  const bare = httpTo(quickbooks, sandbox.url, { settings: { realmId, environment: 'sandbox' } });
  expect(((await failureOf(target.bills!.create(bare, bill, 'b'))) as Error).message).toContain(
    'expenseAccountId',
  );
  const made = await target.bills!.create(http, bill, 'c');
  expect(await target.bills!.find(http, bill)).toEqual(made);
  // Another vendor's bill may have the same number.
  expect(await target.bills!.find(http, { ...bill, key: uuid(8) })).toBeNull();
  const payment = {
    key: uuid(9),
    bill: made,
    vendor: { externalId: vendor },
    amount: '120.00',
    currency: 'USD',
    on: '2026-04-05',
    reference: 'WIRE-1',
  };
  const paid = await target.billPayments!.create(http, payment, 'd');
  expect(await target.billPayments!.find(http, payment)).toMatchObject({ externalId: paid.externalId });
  expect(sandbox.bills[0]!.Balance).toBe(80);
  expect(((await failureOf(target.billPayments!.create(bare, payment, 'e'))) as Error).message).toContain(
    'bankAccountId',
  );
});

describe('time from elsewhere', () => {
  const entry = (customer: string, person: string) => ({
    key: uuid(10),
    workDate: '2026-03-04',
    seconds: 3 * 3600 + 25 * 60 + 10,
    startedAt: '2026-03-04T23:30:00.000Z',
    person: { externalId: person },
    customer: { externalId: customer },
    projectExternalId: null,
    itemExternalId: null,
    billable: true,
    hourlyRate: '140.00',
    description: 'API design',
  });

  test('is a time activity of its person, made once, in hours, minutes and seconds of its own day', async () => {
    const { sandbox, http, customer } = await company();
    const employee = sandbox.addEmployee('Dana Reyes', 'dana@acme.example');
    const time = quickbooks.timeTarget!;
    const person = await time.people!.find(http, { name: 'Dana Reyes', email: 'DANA@acme.example' });
    expect(person).toBe(`Employee:${employee.Id}`);
    expect(await time.people!.find(http, { name: 'Nobody', email: null })).toBeNull();
    const wanted = entry(customer.Id, person!);
    expect(await time.find(http, wanted)).toBeNull();
    const made = await time.create(http, wanted, 'a');
    expect(await time.find(http, wanted)).toEqual(made);
    expect(sandbox.timeActivities).toMatchObject([
      {
        TxnDate: '2026-03-04',
        Hours: 3,
        Minutes: 25,
        Seconds: 10,
        BillableStatus: 'Billable',
        HourlyRate: 140,
      },
    ]);
  });

  test('is linked by one line each; a line of two is refused before it is sent', async () => {
    const { sandbox, http, customer, invoice } = await company();
    const employee = sandbox.addEmployee('Dana Reyes');
    const made = await quickbooks.timeTarget!.create(
      http,
      entry(customer.Id, `Employee:${employee.Id}`),
      'a',
    );
    const line = { ...invoice.lines[0]!, timeExternalIds: [made.externalId] };
    const remote = await target.invoices.create(http, { ...invoice, lines: [line] }, 'b');
    expect(remote.timeExternalIds).toEqual([made.externalId]);
    expect(sandbox.timeActivities[0]!.BillableStatus).toBe('HasBeenBilled');
    const two = { ...line, timeExternalIds: [made.externalId, '999'] };
    const refused = await failureOf(target.invoices.create(http, { ...invoice, lines: [two] }, 'c'));
    expect((refused as InvalidRequest).vendorCode).toBe('several_times_on_a_line');
  });

  test('of a person who is neither employee nor vendor is refused', () => {
    expect(() => toTimeActivity(entry('1', '55'))).toThrow(/neither an employee nor a vendor/);
  });
});
