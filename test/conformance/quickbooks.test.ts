import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { TargetInvoice } from '../../connectors/kit/define.ts';
import { InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import { classify } from '../../connectors/quickbooks/faults.ts';
import {
  fromDeletedPayment,
  fromQuickbooksInvoice,
  fromQuickbooksPayment,
  fromWebhook,
} from '../../connectors/quickbooks/from-quickbooks.ts';
import { quickbooks } from '../../connectors/quickbooks/index.ts';
import { quoted } from '../../connectors/quickbooks/query.ts';
import { toQuickbooksInvoice, toQuickbooksName } from '../../connectors/quickbooks/to-quickbooks-invoice.ts';
import { all, failureOf, httpTo, json, type Seen, serve } from './loopback.ts';

const key = '0b1f7a52-8f5e-4a7e-9c1e-2d4c0c7c9a11';
const invoice: TargetInvoice = {
  key,
  number: 'NW-2026-0042',
  customer: { externalId: '91' },
  currency: 'USD',
  issueDate: '2026-03-31',
  dueDate: '2026-04-30',
  email: 'ap@acme.example',
  lines: [
    {
      description: '2026-03-04 Dana Reyes - API design',
      itemExternalId: '12',
      quantity: '3.50',
      unitPrice: '140.00',
      amount: '490.00',
      serviceDate: '2026-03-04',
      taxCode: null,
    },
  ],
  net: '490.00',
  tax: '0.00',
  total: '490.00',
};
const withLine = (
  line: Partial<TargetInvoice['lines'][number]>,
  rest: Partial<TargetInvoice> = {},
): TargetInvoice => ({
  ...invoice,
  ...rest,
  lines: [{ ...invoice.lines[0]!, ...line }],
});
const us = { realmId: '4620816365' };
const canada = { ...us, country: 'CA', taxCode: '3' };

describe('our invoice in QuickBooks’ words', () => {
  test('with exact figures, our key and no mail of theirs', () => {
    expect(JSON.stringify(toQuickbooksInvoice(invoice, us))).toBe(
      `{"CustomerRef":{"value":"91"},"TxnDate":"2026-03-31","DueDate":"2026-04-30","DocNumber":"NW-2026-0042","CurrencyRef":{"value":"USD"},"BillEmail":{"Address":"ap@acme.example"},"EmailStatus":"NotSet","PrivateNote":"slipway:${key}","Line":[{"DetailType":"SalesItemLineDetail","Amount":490.00,"Description":"2026-03-04 Dana Reyes - API design","SalesItemLineDetail":{"ItemRef":{"value":"12"},"Qty":3.5,"UnitPrice":140,"ServiceDate":"2026-03-04","TaxCodeRef":{"value":"NON"}}}]}`,
    );
  });

  test('a total of 1,364,728.00 stays one', () => {
    const big = withLine(
      { quantity: '17059.10', unitPrice: '80.00', amount: '1364728.00' },
      { net: '1364728.00', total: '1364728.00' },
    );
    expect(JSON.stringify(toQuickbooksInvoice(big, us))).toContain('"Amount":1364728.00,');
  });

  test('taxes by the country of the company', () => {
    const taxed = { ...invoice, tax: '63.70', total: '553.70' };
    const codes = (document: TargetInvoice, settings: Record<string, string>) =>
      JSON.parse(JSON.stringify(toQuickbooksInvoice(document, settings))) as {
        GlobalTaxCalculation?: string;
        Line: { SalesItemLineDetail: { TaxCodeRef: { value: string } } }[];
      };
    expect(codes(taxed, us).Line[0]!.SalesItemLineDetail.TaxCodeRef.value).toBe('TAX');
    expect(codes(taxed, us).GlobalTaxCalculation).toBeUndefined();
    expect(codes(taxed, canada).Line[0]!.SalesItemLineDetail.TaxCodeRef.value).toBe('3');
    expect(codes(taxed, canada).GlobalTaxCalculation).toBe('TaxExcluded');
    expect(codes(withLine({ taxCode: '5' }), canada).Line[0]!.SalesItemLineDetail.TaxCodeRef.value).toBe('5');
    expect(() => toQuickbooksInvoice(taxed, { ...us, country: 'CA' })).toThrow(/tax code/);
  });

  test.each([
    ['number_length', { ...invoice, number: 'N'.repeat(22) }],
    ['number_length', { ...invoice, number: '' }],
    ['number_reserved', { ...invoice, number: 'AUTO_GENERATE' }],
    ['no_lines', { ...invoice, lines: [] }],
    ['totals_differ', { ...invoice, net: '490.01' }],
    ['totals_differ', { ...invoice, tax: '1.00' }],
    ['amount_differs', withLine({ quantity: '3.49' })],
    [
      'negative_total',
      withLine({ quantity: '-3.50', amount: '-490.00' }, { net: '-490.00', total: '-490.00' }),
    ],
  ])('is refused before sending: %s', (vendorCode, document) => {
    const send = () => toQuickbooksInvoice(document as TargetInvoice, us);
    expect(send).toThrow(InvalidRequest);
    expect(send).toThrow(expect.objectContaining({ vendorCode }));
  });

  test('a last half cent may go either way', () => {
    for (const amount of ['2.22', '2.23'])
      toQuickbooksInvoice(
        withLine({ quantity: '0.89', unitPrice: '2.50', amount }, { net: amount, total: amount }),
        us,
      );
  });

  test('names are cleaned and quoted', () => {
    expect(toQuickbooksName(' Acme:Website\tEurope\r\nLtd ', 'customer')).toBe('Acme - Website Europe Ltd');
    expect(() => toQuickbooksName(' \n', 'customer')).toThrow(InvalidRequest);
    expect(() => toQuickbooksName('x'.repeat(101), 'item')).toThrow(/at most 100/);
    expect(quoted("O'Brien \\ Sons")).toBe("'O\\'Brien \\\\ Sons'");
  });
});

const remote = {
  Id: '238',
  SyncToken: '0',
  DocNumber: 'NW-2026-0042',
  CustomerRef: { value: '91', name: 'Acme' },
  CurrencyRef: { value: 'USD' },
  PrivateNote: `slipway:${key}`,
  TotalAmt: 490.0,
  Balance: 490.0,
};

describe('their invoice in our words', () => {
  test.each([
    ['open', {}],
    ['partially_paid', { Balance: 0.01 }],
    ['paid', { Balance: 0 }],
    ['void', { TotalAmt: 0, Balance: 0, PrivateNote: `Voided - slipway:${key}` }],
    ['open', { TotalAmt: 0, Balance: 0 }],
  ])('%s', (status, change) => {
    expect(fromQuickbooksInvoice({ ...remote, ...change }).status).toBe(status);
  });

  test('net is total less tax, to the digit', () => {
    expect(fromQuickbooksInvoice({ ...remote, TotalAmt: 553.7, TxnTaxDetail: { TotalTax: 63.7 } })).toEqual({
      externalId: '238',
      versionToken: '0',
      number: 'NW-2026-0042',
      customerExternalId: '91',
      net: '490.00',
      tax: '63.70',
      total: '553.70',
      balance: '490.00',
      currency: 'USD',
      status: 'partially_paid',
      timeExternalIds: [],
    });
    const long = { ...remote, TotalAmt: '12345678901234567.89', Balance: '12345678901234567.89' };
    expect(fromQuickbooksInvoice(long)).toMatchObject({ net: '12345678901234567.89', status: 'open' });
  });

  test('is refused without an amount, for it would read as zero', () => {
    for (const change of [
      { TotalAmt: undefined },
      { Balance: null },
      { TotalAmt: 'much' },
      { Id: undefined },
    ])
      expect(() => fromQuickbooksInvoice({ ...remote, ...change })).toThrow(/QuickBooks sent this row/);
  });
});

const payment = {
  Id: '300',
  SyncToken: '1',
  TxnDate: '2026-04-12',
  TotalAmt: 700,
  UnappliedAmt: 110,
  CurrencyRef: { value: 'USD' },
  PaymentRefNum: 'CHK 77',
  Line: [
    { Amount: 490, LinkedTxn: [{ TxnId: '238', TxnType: 'Invoice' }] },
    { Amount: 100, LinkedTxn: [{ TxnId: '239', TxnType: 'Invoice' }] },
    { Amount: 10, LinkedTxn: [{ TxnId: '9', TxnType: 'CreditMemo' }] },
  ],
  MetaData: { LastUpdatedTime: '2026-04-12T09:01:44-07:00' },
};

describe('their payment in our words', () => {
  test('with what was applied to which invoice', () => {
    expect(fromQuickbooksPayment(payment)).toEqual({
      externalId: '300',
      valueDate: '2026-04-12',
      currency: 'USD',
      amount: '700.00',
      applications: [
        { invoiceExternalId: '238', amount: '490.00' },
        { invoiceExternalId: '239', amount: '100.00' },
      ],
      reference: 'CHK 77',
      customerExternalId: null,
      deleted: false,
      updatedAt: '2026-04-12T16:01:44.000Z',
    });
    expect(fromQuickbooksPayment({ ...payment, TotalAmt: 0, Line: undefined })).toMatchObject({
      amount: '0.00',
      applications: [],
    });
  });

  test('an amount over several invoices is not guessed', () => {
    const links = [
      { TxnId: '1', TxnType: 'Invoice' },
      { TxnId: '2', TxnType: 'Invoice' },
    ];
    expect(() => fromQuickbooksPayment({ ...payment, Line: [{ Amount: 5, LinkedTxn: links }] })).toThrow(
      /several invoices/,
    );
    expect(() => fromQuickbooksPayment({ ...payment, TxnDate: '12.4.2026' })).toThrow(/not a day/);
  });

  test('deleted ones carry no money', () => {
    const at = '2026-05-01T23:30:00-07:00';
    expect(
      fromDeletedPayment({ Id: '300', status: 'Deleted', MetaData: { LastUpdatedTime: at } }, ''),
    ).toMatchObject({
      externalId: '300',
      deleted: true,
      amount: '0.00',
      applications: [],
      valueDate: '2026-05-01',
      updatedAt: '2026-05-02T06:30:00.000Z',
    });
    expect(fromDeletedPayment(payment, '')).toBeNull();
  });
});

describe('faults', () => {
  const fault = (code: string, type = 'ValidationFault', Message = 'Words', Detail = 'Details') => ({
    Fault: { Error: [{ Message, Detail, code, element: '' }], type },
    time: 'x',
  });
  test.each([
    [200, fault('6000'), 'InvalidRequest', '6000'],
    [400, fault('6140'), 'InvalidRequest', '6140'],
    [400, fault('5010'), 'InvalidRequest', '5010'],
    [400, fault('610'), 'InvalidRequest', '610'],
    [400, fault('6240', 'ValidationFault', 'Duplicate', 'Throttle Ltd'), 'InvalidRequest', '6240'],
    [400, fault('6190'), 'AuthorizationLost', '6190'],
    [400, fault('120'), 'AuthorizationLost', '120'],
    [403, fault('3100', 'AuthorizationFault'), 'AuthorizationLost', '3100'],
    [200, fault('3200', 'AuthenticationFault'), 'AuthorizationLost', '3200'],
    [403, fault('3001', 'AuthorizationFault', 'message=ThrottleExceeded'), 'Throttled', '3001'],
    [429, fault('3001'), 'Throttled', '3001'],
    [200, fault('10000', 'SystemFault'), 'Unavailable', '10000'],
    [500, fault('10000', 'SystemFault'), 'Unavailable', '10000'],
    [400, fault('10000', 'SystemFault'), 'InvalidRequest', '10000'],
    [503, fault('1', 'ValidationFault'), 'Unavailable', '1'],
    [
      401,
      { fault: { error: [{ message: 'm', detail: 'd', code: '3200' }], type: 'AUTHENTICATION' } },
      'AuthorizationLost',
      '3200',
    ],
  ])('%i %j is %s', (status, body, kind, vendorCode) => {
    expect(classify(status, body, {})).toMatchObject({ kind, vendorCode });
  });

  test('what is no fault is left to the status', () => {
    for (const body of [null, 'text', {}, [], { QueryResponse: {} }, { Fault: null }])
      expect(classify(200, body, {})).toBeNull();
    expect(classify(200, { Fault: {} }, {})).toMatchObject({ kind: 'InvalidRequest', vendorCode: 'no code' });
  });

  test('a wait is a minute unless they say otherwise', () => {
    const wait = (headers: Record<string, string>) =>
      (classify(429, fault('3001'), headers) as unknown as { retryAfterMs: number }).retryAfterMs;
    expect(wait({})).toBeGreaterThanOrEqual(60_000);
    expect(wait({ 'retry-after': '3' })).toBeLessThan(4_000);
  });
});

const target = quickbooks.invoiceTarget!;
const base = '/v3/company/4620816365';
const answered = '2026-05-02T12:00:00.000Z';
const connect = (origin: string, settings: Record<string, string> = us) =>
  httpTo(quickbooks, origin, { settings });
const found = (entity: string, rows: unknown[]) => ({
  QueryResponse: rows.length > 0 ? { [entity]: rows, startPosition: 1, maxResults: rows.length } : {},
  time: answered,
});
const queryOf = (request: Seen) => request.url.searchParams.get('query') ?? '';

describe('looking for an invoice', () => {
  const look = async (rows: unknown[], wanted = invoice) => {
    const { origin, seen } = await serve((_, response) => json(response, 200, found('Invoice', rows)));
    return { answer: target.invoices.find(connect(origin), wanted), seen };
  };

  test('finds ours by number and key', async () => {
    const { answer, seen } = await look([{ ...remote, Id: '1', PrivateNote: 'theirs' }, remote]);
    expect(await answer).toMatchObject({ externalId: '238', total: '490.00' });
    expect(queryOf(seen[0]!)).toBe(
      "select * from Invoice where DocNumber = 'NW-2026-0042' STARTPOSITION 1 MAXRESULTS 1000",
    );
    expect(seen[0]!.url.searchParams.get('minorversion')).toBe('75');
  });

  test('finds nothing only when there is nothing', async () => {
    expect(await (await look([])).answer).toBeNull();
  });

  test.each([
    ['number_taken', [{ ...remote, PrivateNote: 'slipway:another' }]],
    ['number_taken', [{ ...remote, PrivateNote: undefined }]],
    ['booked_twice', [remote, { ...remote, Id: '239' }]],
    ['customer_differs', [{ ...remote, CustomerRef: { value: '92' } }]],
    ['currency_differs', [{ ...remote, CurrencyRef: { value: 'CAD' } }]],
    ['total_differs', [{ ...remote, TotalAmt: 490.01 }]],
  ])('tells a person: %s', async (vendorCode, rows) => {
    expect(await failureOf((await look(rows)).answer)).toMatchObject({ kind: 'InvalidRequest', vendorCode });
  });

  test('knows a voided one by its key', async () => {
    const voided = { ...remote, TotalAmt: 0, Balance: 0, PrivateNote: `Voided - slipway:${key}` };
    expect(await (await look([voided])).answer).toMatchObject({ status: 'void' });
  });

  test.each([
    ['no envelope', {}],
    ['a web page', '<html/>'],
    ['rows that are no list', { QueryResponse: { Invoice: {} } }],
  ])('%s is never "not there", or it would be posted twice', async (_, body) => {
    const { origin } = await serve((_request, response) => json(response, 200, body));
    expect(await failureOf(target.invoices.find(connect(origin), invoice))).toBeInstanceOf(Unavailable);
  });
});

describe('booking', () => {
  test('posts once under our key', async () => {
    const { origin, seen } = await serve((_, response) =>
      json(response, 200, { Invoice: remote, time: answered }),
    );
    expect(await target.invoices.create(connect(origin), invoice, key)).toMatchObject({
      externalId: '238',
      balance: '490.00',
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST' });
    expect(seen[0]!.url.pathname).toBe(`${base}/invoice`);
    expect(Object.fromEntries(seen[0]!.url.searchParams)).toEqual({ requestid: key, minorversion: '75' });
    expect(await failureOf(target.invoices.create(connect(origin), invoice, 'k'.repeat(51)))).toMatchObject({
      vendorCode: 'requestid_length',
    });
    expect(seen).toHaveLength(1);
  });

  test('an answer that cannot be read leads to a look, not to "failed"', async () => {
    const { origin } = await serve((_, response) => json(response, 200, { Invoice: { Id: '1' } }));
    expect(await failureOf(target.invoices.create(connect(origin), invoice, key))).toBeInstanceOf(
      Unavailable,
    );
  });

  test('a fault under 200 is a refusal with the id for support', async () => {
    const body = {
      Fault: {
        Error: [{ Message: 'Duplicate Document Number Error', Detail: 'DocNumber=x', code: '6140' }],
        type: 'ValidationFault',
      },
    };
    const { origin } = await serve((_, response) => json(response, 200, body, { intuit_tid: 'tid-1' }));
    expect(await failureOf(target.invoices.create(connect(origin), invoice, key))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: '6140',
      requestId: 'tid-1',
      message: expect.stringContaining('already has a document with this number'),
    });
  });

  test('reads one back, and knows a deleted one', async () => {
    const gone = {
      Fault: { Error: [{ Message: 'Object Not Found', Detail: '', code: '610' }], type: 'ValidationFault' },
    };
    const { origin } = await serve((request, response) => {
      if (request.url.pathname === `${base}/invoice/238`)
        return json(response, 200, { Invoice: { ...remote, Balance: 90 } });
      if (request.url.pathname === `${base}/invoice/7`) return json(response, 400, gone);
      json(response, request.url.pathname === `${base}/invoice/8` ? 404 : 500, {});
    });
    const http = connect(origin);
    expect(await target.readInvoice(http, '238')).toMatchObject({
      status: 'partially_paid',
      balance: '90.00',
    });
    expect(await target.readInvoice(http, '7')).toBeNull();
    expect(await target.readInvoice(http, '8')).toBeNull();
    expect(await failureOf(target.readInvoice(http, '9'))).toBeInstanceOf(Unavailable);
  });
});

describe('customers and items', () => {
  const duplicate = {
    Fault: {
      Error: [{ Message: 'Duplicate Name Exists Error', Detail: '', code: '6240' }],
      type: 'ValidationFault',
    },
  };

  test('a name is looked up quoted and cleaned, whatever its case', async () => {
    const { origin, seen } = await serve((_, response) =>
      json(
        response,
        200,
        found('Customer', [
          { Id: '5', DisplayName: 'OTHER' },
          { Id: '6', DisplayName: "o'brien - yachts" },
        ]),
      ),
    );
    expect(await target.customers.find(connect(origin), party("O'Brien: Yachts"))).toBe('6');
    expect(queryOf(seen[0]!)).toContain("where DisplayName = 'O\\'Brien - Yachts' STARTPOSITION 1");
  });

  test('a category is no item', async () => {
    const { origin } = await serve((_, response) =>
      json(response, 200, found('Item', [{ Id: '5', Name: 'Work', Type: 'Category' }])),
    );
    expect(await target.items.find(connect(origin), { name: 'Work' })).toBeNull();
  });

  test('an item needs its income account, a customer its currency', async () => {
    const { origin, seen } = await serve((request, response) =>
      json(
        response,
        200,
        request.url.pathname.endsWith('/item') ? { Item: { Id: '12' } } : { Customer: { Id: '91' } },
      ),
    );
    expect(
      await target.items.create(connect(origin, { ...us, incomeAccountId: '79' }), { name: 'Work' }, 'k1'),
    ).toBe('12');
    expect(JSON.parse(seen[0]!.body)).toEqual({
      Name: 'Work',
      Type: 'Service',
      IncomeAccountRef: { value: '79' },
    });
    const acme = { name: 'Acme', email: 'ap@acme.example', currency: 'USD' };
    expect(await target.customers.create(connect(origin), acme, 'k2')).toBe('91');
    expect(JSON.parse(seen[1]!.body)).toEqual({
      DisplayName: 'Acme',
      CurrencyRef: { value: 'USD' },
      PrimaryEmailAddr: { Address: 'ap@acme.example' },
    });
    expect(seen.map(({ url }) => url.searchParams.get('requestid'))).toEqual(['k1', 'k2']);
    expect(await failureOf(target.items.create(connect(origin), { name: 'Work' }, 'k3'))).toMatchObject({
      vendorCode: 'settings_missing',
    });
  });

  test.each([
    ['made meanwhile', [{ Id: '91', DisplayName: 'Acme', Active: true }], '91'],
    ['inactive', [{ Id: '91', DisplayName: 'Acme', Active: false }], 'inactive'],
    ['a vendor’s', [], 'name_taken'],
  ])('a duplicate name that is %s', async (_, rows, expected) => {
    const { origin, seen } = await serve((request, response) =>
      request.method === 'POST'
        ? json(response, 400, duplicate)
        : json(response, 200, found('Customer', rows)),
    );
    const create = target.customers.create(
      connect(origin),
      { name: 'Acme', email: null, currency: 'USD' },
      'k',
    );
    if (expected === '91') expect(await create).toBe('91');
    else expect(await failureOf(create)).toMatchObject({ kind: 'InvalidRequest', vendorCode: expected });
    expect(queryOf(seen[1]!)).toContain('Active IN (true, false)');
  });
});

/** A company that keeps payments and answers queries and CDC over them. */
async function company(
  payments: { Id: string; SyncToken: string; at: string }[],
  deleted: { Id: string; at: string }[] = [],
) {
  const sinceOf = (text: string) => Date.parse(/>= '([^']+)'/.exec(text)?.[1] ?? 'x');
  return serve((request, response) => {
    if (request.url.pathname === `${base}/cdc`) {
      const since = Date.parse(request.url.searchParams.get('changedSince') ?? 'x');
      const rows = deleted
        .filter(({ at }) => Date.parse(at) >= since)
        .slice(0, 1000)
        .map(({ Id, at }) => ({ Id, status: 'Deleted', MetaData: { LastUpdatedTime: at } }));
      return json(response, 200, {
        CDCResponse: [{ QueryResponse: [rows.length > 0 ? { Payment: rows } : {}] }],
        time: answered,
      });
    }
    const start = Number(/STARTPOSITION (\d+)/.exec(queryOf(request))?.[1]);
    const rows = payments
      .filter(({ at }) => Date.parse(at) >= sinceOf(queryOf(request)))
      .sort((one, other) => Date.parse(one.at) - Date.parse(other.at))
      .slice(start - 1, start - 1 + 1000)
      .map(({ Id, SyncToken, at }) => ({ ...payment, Id, SyncToken, MetaData: { LastUpdatedTime: at } }));
    json(response, 200, found('Payment', rows));
  });
}
const read = async (origin: string, checkpoint: string | null) => {
  const pages = await all(target.paymentsSince(connect(origin), checkpoint));
  return {
    ids: pages.flatMap((page) =>
      page.payments.map(({ externalId, deleted }) => (deleted ? `-${externalId}` : externalId)),
    ),
    unreadable: pages.flatMap((page) => page.unreadable),
    checkpoint: pages.at(-1)!.checkpoint,
    pages,
  };
};
const second = (n: number) => new Date(Date.parse('2026-04-01T00:00:00Z') + n * 1000).toISOString();

describe('payments', () => {
  test('the same ones are told once; a changed one again', async () => {
    const payments = [1, 2, 3].map((n) => ({ Id: String(n), SyncToken: '0', at: second(n) }));
    const { origin, seen } = await company(payments);
    const first = await read(origin, null);
    expect(first.ids).toEqual(['1', '2', '3']);
    expect(seen.map(({ url }) => url.pathname)).toEqual([`${base}/query`]);
    const again = await read(origin, first.checkpoint);
    expect(again.ids).toEqual([]);
    payments[0] = { Id: '1', SyncToken: '1', at: second(4) };
    payments.push({ Id: '4', SyncToken: '0', at: second(3) });
    const third = await read(origin, again.checkpoint);
    expect(third.ids).toEqual(['4', '1']);
    expect((await read(origin, third.checkpoint)).ids).toEqual([]);
  });

  test('none at all is a success that moves no payment time', async () => {
    const { origin } = await company([]);
    const { ids, checkpoint } = await read(origin, null);
    expect(ids).toEqual([]);
    expect(JSON.parse(checkpoint!)).toEqual({ since: null, deletedSince: answered, seen: [] });
    expect((await read(origin, checkpoint)).ids).toEqual([]);
  });

  test('2,500 of them come in order, each once, over page borders within one second too', async () => {
    const payments = Array.from({ length: 2500 }, (_, n) => ({
      Id: String(n),
      SyncToken: '0',
      // 1,300 share one second: time alone cannot move past them.
      at: second(n < 300 ? n : n < 1600 ? 300 : n),
    }));
    const { origin } = await company(payments);
    const { ids, checkpoint } = await read(origin, null);
    expect(ids).toHaveLength(2500);
    expect(new Set(ids).size).toBe(2500);
    expect(checkpoint!.length).toBeLessThan(10_000);
  });

  test('one that changes while we page makes us miss none', async () => {
    const payments = Array.from({ length: 1500 }, (_, n) => ({
      Id: String(n),
      SyncToken: '0',
      at: second(n),
    }));
    const { origin } = await company(payments);
    const ids: string[] = [];
    for await (const page of target.paymentsSince(connect(origin), null)) {
      if (ids.length === 0)
        for (let n = 0; n < 5; n++) payments[n] = { Id: String(n), SyncToken: '1', at: second(5000 + n) };
      ids.push(...page.payments.map(({ externalId }) => externalId));
    }
    expect(new Set(ids).size).toBe(1500);
    expect(ids.slice(-5)).toEqual(['0', '1', '2', '3', '4']);
  });

  test('a stop halfway goes on from the last stored page and loses no deletion', async () => {
    const payments = Array.from({ length: 1200 }, (_, n) => ({
      Id: String(n),
      SyncToken: '0',
      at: second(n),
    }));
    const deleted: { Id: string; at: string }[] = [];
    const { origin } = await company(payments, deleted);
    const start = await read(origin, null);
    deleted.push({ Id: '7', at: answered });
    payments.push(
      ...Array.from({ length: 1100 }, (_, n) => ({ Id: `n${n}`, SyncToken: '0', at: second(5000 + n) })),
    );
    const pages = target.paymentsSince(connect(origin), start.checkpoint)[Symbol.asyncIterator]();
    const firstPage = (await pages.next()).value as { checkpoint: string };
    await pages.return?.(undefined);
    const rest = await read(origin, firstPage.checkpoint);
    expect(rest.ids.filter((id) => id.startsWith('-'))).toEqual(['-7']);
    expect(rest.ids).toContain('n1099');
    expect((await read(origin, rest.checkpoint)).ids).toEqual([]);
  });

  test('more than 1,000 deletions come all', async () => {
    const { origin } = await company(
      [],
      Array.from({ length: 1500 }, (_, n) => ({ Id: String(n), at: second(n) })),
    );
    const checkpoint = JSON.stringify({ since: null, deletedSince: '2026-04-02T00:00:00.000Z', seen: [] });
    const late = await read(origin, checkpoint);
    expect(late.unreadable).toMatchObject([{ reason: 'deletions.unknown' }]);
    expect(late.ids).toEqual([]);
    const recent = await company(
      [],
      Array.from({ length: 1500 }, (_, n) => ({
        Id: String(n),
        at: new Date(Date.parse(answered) - 3600_000 + n * 1000).toISOString(),
      })),
    );
    const { ids, unreadable } = await read(
      recent.origin,
      JSON.stringify({ since: null, deletedSince: '2026-05-02T11:00:00.000Z', seen: [] }),
    );
    expect(new Set(ids).size).toBe(1500);
    expect(ids).toHaveLength(1500);
    expect(unreadable).toEqual([]);
  });

  test('one that cannot be read is quarantined', async () => {
    const { origin } = await serve((_, response) =>
      json(response, 200, found('Payment', [{ ...payment, TxnDate: undefined }, payment])),
    );
    const { ids, unreadable } = await read(origin, null);
    expect(ids).toEqual(['300']);
    expect(unreadable).toMatchObject([{ position: 'payment 300', reason: 'TxnDate.missing' }]);
  });

  test('the same full page for ever ends in words', async () => {
    const rows = Array.from({ length: 1000 }, (_, n) => ({ ...payment, Id: String(n) }));
    const { origin, seen } = await serve((_, response) => json(response, 200, found('Payment', rows)));
    expect(await failureOf(read(origin, null))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'endless_pages',
    });
    expect(seen.length).toBeLessThan(5);
  });

  test('a checkpoint that is not ours is refused', async () => {
    const { origin } = await company([]);
    for (const text of [
      '',
      '2026-04-01',
      '{"since":1}',
      '{"since":"yesterday","deletedSince":null,"seen":[]}',
    ])
      expect(await failureOf(read(origin, text))).toMatchObject({ vendorCode: 'checkpoint_invalid' });
  });
});

describe('webhooks', () => {
  const webhooks = quickbooks.webhooks!;
  const events = [
    {
      specversion: '1.0',
      id: '88cd52aa',
      source: 'intuit.x',
      type: 'qbo.invoice.updated.v1',
      time: '2026-09-10T21:31:25.179Z',
      intuitentityid: '95',
      intuitaccountid: '310687',
      data: {},
    },
  ];
  const bytes = (body: unknown) => Buffer.from(JSON.stringify(body));

  test('are ours only with the signature over these bytes', () => {
    const body = bytes(events);
    const signature = createHmac('sha256', 'verifier').update(body).digest('base64');
    expect(
      webhooks.verify({ rawBody: body, headers: { 'intuit-signature': signature }, query: {} }, 'verifier'),
    ).toBe(true);
    expect(
      webhooks.verify(
        { rawBody: bytes([...events, {}]), headers: { 'intuit-signature': signature }, query: {} },
        'verifier',
      ),
    ).toBe(false);
    expect(webhooks.verify({ rawBody: body, headers: {}, query: {} }, 'verifier')).toBe(false);
    expect(
      webhooks.verify({ rawBody: body, headers: { 'intuit-signature': signature }, query: {} }, ''),
    ).toBe(false);
  });

  test('are read in the new form and in the old one', () => {
    expect(webhooks.events(arrived(bytes(events)))).toEqual([
      {
        account: '310687',
        entity: 'invoice',
        externalId: '95',
        change: 'updated',
        occurredAt: '2026-09-10T21:31:25.179Z',
      },
    ]);
    const types = [
      'qbo.payment.deleted.v1',
      'qbo.invoice.voided.v1',
      'qbo.invoice.emailed.v2',
      'qbo.customer.merged.v1',
      'qbo.customer.odd.v1',
    ];
    expect(fromWebhook(types.map((type) => ({ ...events[0], type }))).map(({ change }) => change)).toEqual([
      'deleted',
      'voided',
      'emailed',
      'merged',
      'updated',
    ]);
    const legacy = {
      eventNotifications: [
        {
          realmId: '310687',
          dataChangeEvent: {
            entities: [
              { name: 'Payment', id: '1', operation: 'Create', lastUpdated: '2026-09-10T21:31:25.000Z' },
              { name: 'Invoice', id: '2', operation: 'Void', lastUpdated: '2026-09-10T21:31:25Z' },
            ],
          },
        },
      ],
    };
    expect(
      webhooks.events(arrived(bytes(legacy))).map(({ entity, change }) => `${entity} ${change}`),
    ).toEqual(['payment created', 'invoice voided']);
  });

  test('in an unknown form are an error, never silence', () => {
    for (const body of [
      {},
      [],
      null,
      'x',
      [{ ...events[0], type: 'invoice.updated' }],
      { eventNotifications: 5 },
    ])
      expect(() => webhooks.events(arrived(bytes(body)))).toThrow(InvalidRequest);
    expect(() => webhooks.events(arrived(Buffer.from('{')))).toThrow(InvalidRequest);
  });

  test('have an id only where the body has one', () => {
    expect(webhooks.deliveryId(arrived(bytes(events)))).toBe('88cd52aa');
    expect(webhooks.deliveryId(arrived(bytes([...events, ...events])))).toBeNull();
    expect(webhooks.deliveryId(arrived(bytes({ eventNotifications: [] })))).toBeNull();
    expect(webhooks.deliveryId(arrived(Buffer.from('{')))).toBeNull();
  });
});

test('connecting names the company and refuses one that numbers invoices itself', async () => {
  const preferences = (on: boolean) =>
    serve((request, response) =>
      json(
        response,
        200,
        request.url.pathname === `${base}/preferences`
          ? { Preferences: { SalesFormsPrefs: { CustomTxnNumbers: on } } }
          : { CompanyInfo: { CompanyName: `Nordwerft ${request.url.pathname}` } },
      ),
    );
  expect(await quickbooks.test(connect((await preferences(true)).origin))).toEqual({
    account: `Nordwerft ${base}/companyinfo/4620816365`,
    warnings: [],
  });
  expect(await failureOf(quickbooks.test(connect((await preferences(false)).origin)))).toMatchObject({
    vendorCode: 'custom_numbers_off',
  });
  expect(quickbooks.baseUrl({ ...us, environment: 'sandbox' })).toBe(
    `https://sandbox-quickbooks.api.intuit.com${base}`,
  );
  expect(() => quickbooks.baseUrl({ ...us, environment: 'test' })).toThrow(InvalidRequest);
});

function party(name: string) {
  return { name, email: null, currency: 'USD' };
}

function arrived(rawBody: Uint8Array) {
  return { rawBody, headers: {}, query: {} };
}
