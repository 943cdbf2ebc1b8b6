import { describe, expect, onTestFinished, test } from 'vitest';
import { harvest } from '../../connectors/harvest/index.ts';
import { startStand } from '../../connectors/harvest/stand.ts';
import type { PaymentPage, TargetInvoice } from '../../connectors/kit/define.ts';
import { InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const target = harvest.invoiceTarget!;

async function start(settings: Record<string, string> = {}) {
  const stand = await startStand();
  onTestFinished(() => stand.sandbox.close());
  const http = httpTo(harvest, stand.sandbox.url, { settings: { ...stand.settings, ...settings } });
  const party = { name: 'Nordlicht GmbH', email: null, currency: 'EUR' };
  const customer = await target.customers.create(http, party, 'c1');
  const item = await target.items.create(http, { name: 'Hull work' }, 'i1');
  const invoice = (change: Partial<TargetInvoice> = {}): TargetInvoice => ({
    key: '0199d1f2-7a54-7cc1-9a51-2d0c6f1b8e11',
    number: 'NW-2026-0042',
    customer: { externalId: customer },
    currency: 'EUR',
    issueDate: '2026-03-20',
    dueDate: '2026-04-19',
    email: null,
    lines: [line(item, '17059.10', '80.00', '1364728.00')],
    net: '1364728.00',
    tax: '0.00',
    total: '1364728.00',
    ...change,
  });
  const writes = () =>
    stand.sandbox.requests.filter(({ method }) => method === 'POST').map(({ path }) => path);
  const payments = async (checkpoint: string | null) => {
    const pages = await all<PaymentPage>(target.paymentsSince(http, checkpoint));
    return {
      payments: pages.flatMap((page) => page.payments),
      unreadable: pages.flatMap((page) => page.unreadable),
      reached: pages.at(-1)!.checkpoint,
    };
  };
  return {
    ...stand,
    later: (minutes: number) => stand.later(minutes),
    http,
    item,
    invoice,
    writes,
    payments,
  };
}

function line(
  item: string,
  quantity: string,
  unitPrice: string,
  amount: string,
  taxCode: string | null = null,
) {
  return {
    description: 'Hull refit, March',
    itemExternalId: item,
    quantity,
    unitPrice,
    amount,
    serviceDate: null,
    taxCode,
  };
}

test('an invoice is made to the digit, marked as sent, and mails nothing', async () => {
  const { http, invoice, sandbox, writes } = await start();
  sandbox.requests.length = 0;
  expect(await target.invoices.create(http, invoice(), 'k')).toMatchObject({
    number: 'NW-2026-0042',
    net: '1364728.00',
    total: '1364728.00',
    balance: '1364728.00',
    currency: 'EUR',
    status: 'open',
  });
  expect(writes()).toEqual(['/v2/invoices', expect.stringMatching(/^\/v2\/invoices\/\d+\/messages$/)]);
  const [kept] = sandbox.books.invoices;
  expect(kept).toMatchObject({ due_date: '2026-04-19', mailedTo: [] });
});

test('an attempt that ended between the two writes is completed, not repeated', async () => {
  const { http, invoice, sandbox, books } = await start();
  sandbox.fault({ kind: 'status', status: 500, times: 1, match: (_, path) => path.endsWith('/messages') });
  expect(await failureOf(target.invoices.create(http, invoice(), 'k'))).toBeInstanceOf(Unavailable);
  expect(books!.invoices()).toMatchObject([{ status: 'draft' }]);
  expect(await target.invoices.find(http, invoice())).toMatchObject({ status: 'open' });
  expect(books!.invoices()).toMatchObject([{ status: 'open' }]);
});

test('a draft stays one where the card asks for it, and is deleted when it is voided', async () => {
  const { http, invoice, books } = await start();
  const made = await target.invoices.create(http, invoice({ draft: true }), 'k');
  expect(made.status).toBe('draft');
  expect(await target.invoices.find(http, invoice({ draft: true }))).toEqual(made);
  expect(await target.voidInvoice!(http, made, 'v')).toBeNull();
  expect(books!.invoices()).toEqual([]);
});

test('where Harvest counts, our number is the reference and the key still finds the invoice', async () => {
  const { http, invoice } = await start();
  const made = await target.invoices.create(http, invoice({ numberBy: 'platform' }), 'k');
  expect(made.number).not.toBe('NW-2026-0042');
  expect(await target.invoices.find(http, invoice({ numberBy: 'platform' }))).toEqual(made);
});

describe('tax', () => {
  test('two rates are reckoned there and come back to the cent', async () => {
    const { http, invoice, item } = await start();
    const lines = [line(item, '1.00', '100.05', '100.05', '19'), line(item, '2.00', '50.00', '100.00', '7')];
    const wanted = invoice({ lines, net: '200.05', tax: '26.01', total: '226.06' });
    expect(await target.invoices.create(http, wanted, 'k')).toMatchObject({
      net: '200.05',
      tax: '26.01',
      total: '226.06',
    });
  });

  test('a line without a code takes the percentage of the setting', async () => {
    const { http, invoice, item } = await start({ taxPercent: '7.7' });
    const wanted = invoice({
      lines: [line(item, '1.00', '100.00', '100.00')],
      net: '100.00',
      tax: '7.70',
      total: '107.70',
    });
    expect(await target.invoices.create(http, wanted, 'k')).toMatchObject({ tax: '7.70', total: '107.70' });
  });

  test.each([
    ['tax without a rate', [null], 'tax_missing'],
    ['a code that is no percentage', ['VAT19'], 'tax_invalid'],
    ['three rates', ['19', '7', '0'], 'too_many_taxes'],
  ] as const)('%s is refused before anything is sent', async (_, codes, vendorCode) => {
    const { http, invoice, item, sandbox } = await start();
    sandbox.requests.length = 0;
    const lines = codes.map((code) => line(item, '1.00', '10.00', '10.00', code));
    const net = `${codes.length * 10}.00`;
    const total = `${codes.length * 10 + 1}.00`;
    const error = await failureOf(
      target.invoices.create(http, invoice({ lines, net, tax: '1.00', total }), 'k'),
    );
    expect(error).toMatchObject({ vendorCode });
    expect(sandbox.requests).toEqual([]);
  });
});

test('somebody else’s invoice under our number, and ours with another total, are told apart', async () => {
  const { http, invoice, books, item } = await start();
  await books!.takeNumber('NW-2026-0042');
  expect(await failureOf(target.invoices.find(http, invoice()))).toMatchObject({
    vendorCode: 'number_taken',
  });
  expect(await failureOf(target.invoices.create(http, invoice(), 'k'))).toBeInstanceOf(InvalidRequest);
  const other = invoice({ number: 'NW-2026-0043' });
  await target.invoices.create(http, other, 'k');
  const changed = { ...other, lines: [line(item, '1.00', '5.00', '5.00')], net: '5.00', total: '5.00' };
  expect(await failureOf(target.invoices.find(http, changed))).toMatchObject({ vendorCode: 'total_differs' });
});

test('the head of an invoice is changed under its version, its lines are not', async () => {
  const { http, invoice, later, books, item } = await start();
  const made = await target.invoices.create(http, invoice(), 'k');
  later(5);
  const updated = await target.updateInvoice!(http, made, invoice({ dueDate: '2026-05-19' }), 'u');
  expect(updated).toMatchObject({ externalId: made.externalId, total: made.total });
  expect(updated.versionToken).not.toBe(made.versionToken);
  later(5);
  books!.edit(made.externalId);
  expect(await failureOf(target.updateInvoice!(http, updated, invoice(), 'u'))).toMatchObject({
    vendorCode: 'changed_there',
  });
  const fresh = (await target.readInvoice(http, made.externalId))!;
  const smaller = invoice({ lines: [line(item, '1.00', '5.00', '5.00')], net: '5.00', total: '5.00' });
  expect(await failureOf(target.updateInvoice!(http, fresh, smaller, 'u'))).toMatchObject({
    vendorCode: 'lines_differ',
  });
  // Our key is found beside what somebody added to the notes.
  expect(await target.invoices.find(http, invoice())).toMatchObject({ externalId: made.externalId });
});

test('Harvest mails its own document where the card asks for it', async () => {
  const { http, invoice, sandbox } = await start();
  const made = await target.invoices.create(http, invoice(), 'k');
  await target.emailInvoice!(http, made, 'ap@nordlicht.example');
  expect(sandbox.requests.at(-1)!.body).toEqual({
    recipients: [{ email: 'ap@nordlicht.example' }],
    attach_pdf: true,
  });
});

describe('payments', () => {
  test('are asked for only under invoices that have or had some', async () => {
    const { http, invoice, books, later, payments, sandbox } = await start();
    const made = await target.invoices.create(http, invoice(), 'k');
    await target.invoices.create(http, invoice({ key: crypto.randomUUID(), number: 'NW-2026-0043' }), 'k');
    later(60);
    books!.pay(made.externalId, '1364728.00', '2026-03-20');
    sandbox.requests.length = 0;
    const { payments: read, reached } = await payments(null);
    expect(read).toMatchObject([{ amount: '1364728.00', currency: 'EUR', valueDate: '2026-03-20' }]);
    expect(sandbox.requests.filter(({ path }) => path.endsWith('/payments'))).toHaveLength(1);
    expect(await target.readInvoice(http, made.externalId)).toMatchObject({
      status: 'paid',
      balance: '0.00',
    });
    later(60);
    const again = await payments(reached);
    expect(again.payments.every(({ deleted }) => !deleted)).toBe(true);
  });

  test('one of two that is taken back is told as deleted, once', async () => {
    const { http, invoice, books, later, payments } = await start();
    const made = await target.invoices.create(http, invoice(), 'k');
    later(60);
    const kept = books!.pay(made.externalId, '64728.00', '2026-03-20');
    const gone = books!.pay(made.externalId, '1300000.00', '2026-03-20');
    const first = await payments(null);
    expect(first.payments.map(({ externalId }) => externalId).sort()).toEqual([kept, gone].sort());
    later(60);
    books!.removePayment(gone);
    later(60);
    const second = await payments(first.reached);
    expect(second.payments).toMatchObject([
      { externalId: kept, deleted: false },
      { externalId: gone, deleted: true, amount: '0.00', applications: [] },
    ]);
    expect((await payments(second.reached)).payments.filter(({ deleted }) => deleted)).toEqual([]);
  });
});

test('an account without invoices is warned of, for it is a source of time only', async () => {
  const { http, sandbox } = await start();
  const company = { name: 'Nordwerft', approval_feature: true, invoice_feature: false };
  const match = (_: string, path: string) => path.endsWith('/company');
  sandbox.fault({ kind: 'status', status: 200, body: company, times: 1, match });
  expect((await harvest.test(http)).warnings).toEqual([expect.stringContaining('source of time only')]);
});
