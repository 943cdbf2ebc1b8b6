/** Owns what is peculiar to the first two connectors against their sandboxes; what all share is in suite.test.ts. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { startHarvestSandbox } from '../../connectors/harvest/sandbox.ts';
import type { Connector, TargetInvoice } from '../../connectors/kit/define.ts';
import { Unavailable, type VendorError } from '../../connectors/kit/errors.ts';
import type { VendorCredentials, VendorHttp } from '../../connectors/kit/http.ts';
import { createLimiter, type Limiter } from '../../connectors/kit/limit.ts';
import { connectorById } from '../../connectors/kit/registry.ts';
import type { Sandbox } from '../../connectors/kit/sandbox.ts';
import { startQuickbooksSandbox } from '../../connectors/quickbooks/sandbox.ts';
import { all, failureOf, httpTo, serve } from './loopback.ts';

describe('harvest alone', () => {
  test('follows cursors, by page and by cursor, and reads withdrawn approvals and deletions from the window', async () => {
    const { sandbox, http, entries } = await harvestWithEntries();
    const source = connectorById('harvest').timeSource!;
    const [first, second] = entries as [number, number];
    const before = await all(source.changedSince!(http(), null));
    expect(before.flatMap((page) => page.entries)).toHaveLength(entries.length);
    // Neither moves `updated_at`, and a deletion leaves no trace: only the window can tell.
    sandbox.updateEntry(first, { approval_status: 'unsubmitted' }, { touch: false });
    sandbox.deleteEntry(second);
    const window = (await all(source.window(http(), '2026-03-01', '2026-03-31'))).flatMap(
      (page) => page.entries,
    );
    expect(window).toHaveLength(entries.length - 1);
    expect(window.find((entry) => entry.externalId === String(first))!.approval).toBe('unsubmitted');
    expect(window.some((entry) => entry.externalId === String(second))).toBe(false);
    expect(await source.readEntry(http(), String(second))).toBeNull();
    expect(await source.readEntry(http(), String(first))).toMatchObject({ approval: 'unsubmitted' });
  });

  test('brings person, code, currency, zone and exact seconds with each entry', async () => {
    const { http } = await harvestWithEntries();
    const pages = await all(connectorById('harvest').timeSource!.changedSince!(http(), null));
    for (const entry of pages.flatMap((page) => page.entries))
      expect(entry).toMatchObject({
        person: { email: 'ines@nordwerft.example', name: 'Ines Roth' },
        project: { code: 'HULL' },
        client: { name: 'Nordlicht GmbH' },
        currency: 'EUR',
        zone: 'Europe/Berlin',
        quantity: 5688,
      });
  });

  test('says that a member’s token sees a part only', async () => {
    const { sandbox, http } = await harvestWithEntries();
    sandbox.setTokenOwner({ role: 'member' });
    expect((await connectorById('harvest').test(http())).warnings).toHaveLength(1);
  });

  test('its own window keeps a burst within the limit, so that the vendor refuses nothing', async () => {
    const limit = { requests: 20, perSeconds: 15 };
    const { sandbox } = await harvestWithEntries(limit);
    const burst = async (limiter: Limiter) => {
      sandbox.requests.length = 0;
      const http = httpTo(connectorById('harvest'), sandbox.url, { settings: harvestSettings, limiter });
      const outcomes = await Promise.allSettled(Array.from({ length: 30 }, () => http.get('/company')));
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === 'rejected' ? [(outcome.reason as VendorError).vendorCode] : [],
      );
      return { refused, sent: sandbox.requests.map(({ status }) => status) };
    };
    expect(await burst(createLimiter(limit))).toEqual({
      refused: Array.from({ length: 10 }, () => 'own_limit'),
      sent: Array.from({ length: 20 }, () => 200),
    });
    // Another process used the window up: the vendor's 429 teaches our limiter, which then asks no more.
    const learning = createLimiter({ requests: 1000, perSeconds: 15 });
    expect(new Set((await burst(learning)).sent)).toEqual(new Set([429]));
    expect((await burst(learning)).sent).toEqual([]);
  });
});

describe('quickbooks alone', () => {
  const target = connectorById('quickbooks').invoiceTarget!;

  test('books an invoice for a new customer and a new item, and finds it again', async () => {
    const { sandbox, http } = await startQuickbooks();
    const customer = await target.customers.create(
      http(),
      { name: "O'Brien: Yachts\tLtd", email: null, currency: 'USD' },
      'c1',
    );
    expect(await target.customers.find(http(), party("O'Brien: Yachts\tLtd"))).toBe(customer);
    const item = await target.items.create(http(), { name: 'Hull work' }, 'i1');
    expect(await target.items.find(http(), { name: 'Hull work' })).toBe(item);
    const invoice = anInvoice({ customer: { externalId: customer }, item });
    expect(await target.invoices.find(http(), invoice)).toBeNull();
    const booked = await target.invoices.create(http(), invoice, invoice.key);
    expect(booked).toMatchObject({
      number: invoice.number,
      total: '1364728.00',
      balance: '1364728.00',
      status: 'open',
    });
    expect(await target.invoices.find(http(), invoice)).toEqual(booked);
    expect(sandbox.invoices).toHaveLength(1);
  });

  test('an answer lost after the booking: looked for, found, never booked twice', async () => {
    const { sandbox, http, customer, item } = await startQuickbooks();
    const invoice = anInvoice({ customer: { externalId: customer }, item });
    const posting = (method: string, path: string) => method === 'POST' && path.endsWith('/invoice');
    for (const kind of ['commit_then_drop', 'broken_json'] as const) {
      sandbox.fault({ kind, times: 1, match: posting });
      expect(await failureOf(target.invoices.create(http(), invoice, invoice.key))).toBeInstanceOf(
        Unavailable,
      );
      expect(sandbox.invoices).toHaveLength(1);
      expect(await target.invoices.find(http(), invoice)).toMatchObject({
        externalId: sandbox.invoices[0]!.Id,
      });
    }
    // Even who does not look gets the first answer again.
    expect(await target.invoices.create(http(), invoice, invoice.key)).toMatchObject({
      externalId: sandbox.invoices[0]!.Id,
    });
    expect(sandbox.invoices).toHaveLength(1);
  });

  test('a line cut before the booking leaves nothing to find', async () => {
    const { sandbox, http, customer, item } = await startQuickbooks();
    const invoice = anInvoice({ customer: { externalId: customer }, item });
    sandbox.fault({ kind: 'drop', times: 1 });
    expect(await failureOf(target.invoices.create(http(), invoice, invoice.key))).toBeInstanceOf(Unavailable);
    expect(await target.invoices.find(http(), invoice)).toBeNull();
  });

  test('another document under our number is told apart, with the Fault under 200 too', async () => {
    const { sandbox, http, customer, item } = await startQuickbooks();
    const theirs = anInvoice({ customer: { externalId: customer }, item });
    await target.invoices.create(http(), theirs, theirs.key);
    const ours = { ...theirs, key: crypto.randomUUID() };
    expect(await failureOf(target.invoices.find(http(), ours))).toMatchObject({ vendorCode: 'number_taken' });
    for (const under200 of [false, true]) {
      sandbox.faultsAsHttp200(under200);
      expect(await failureOf(target.invoices.create(http(), ours, ours.key))).toMatchObject({
        kind: 'InvalidRequest',
        vendorCode: '6140',
      });
    }
    expect(sandbox.invoices).toHaveLength(1);
  });

  test('a name that a vendor or an inactive customer has is explained', async () => {
    const { sandbox, http } = await startQuickbooks();
    sandbox.addVendor('Rope and Tar');
    sandbox.addCustomer({ DisplayName: 'Old Harbour', Active: false });
    const create = (name: string) =>
      target.customers.create(http(), { name, email: null, currency: 'USD' }, `c-${name}`);
    expect(await target.customers.find(http(), party('Rope and Tar'))).toBeNull();
    expect(await failureOf(create('Rope and Tar'))).toMatchObject({ vendorCode: 'name_taken' });
    expect(await target.customers.find(http(), party('Old Harbour'))).toBeNull();
    expect(await failureOf(create('Old Harbour'))).toMatchObject({ vendorCode: 'inactive' });
  });

  test('payments, their deletion, voids and deleted invoices are read back', async () => {
    const { sandbox, http, customer, item } = await startQuickbooks();
    const invoice = anInvoice({ customer: { externalId: customer }, item });
    const { externalId } = await target.invoices.create(http(), invoice, invoice.key);
    const none = (await all(target.paymentsSince(http(), null))).at(-1)!;
    const booking = sandbox.bookPayment({
      invoiceId: externalId,
      amount: '1000000.01',
      date: '2026-04-12',
      reference: 'W-1',
    });
    expect(await target.readInvoice(http(), externalId)).toMatchObject({
      status: 'partially_paid',
      balance: '364727.99',
    });
    const paid = await all(target.paymentsSince(http(), none.checkpoint));
    expect(paid.flatMap((page) => page.payments)).toMatchObject([
      {
        externalId: booking.Id,
        valueDate: '2026-04-12',
        amount: '1000000.01',
        currency: 'USD',
        reference: 'W-1',
        applications: [{ invoiceExternalId: externalId, amount: '1000000.01' }],
        deleted: false,
      },
    ]);
    sandbox.deletePayment(booking.Id);
    const undone = await all(target.paymentsSince(http(), paid.at(-1)!.checkpoint));
    expect(undone.flatMap((page) => page.payments)).toMatchObject([
      { externalId: booking.Id, deleted: true, amount: '0.00', applications: [] },
    ]);
    expect(
      (await all(target.paymentsSince(http(), undone.at(-1)!.checkpoint))).flatMap((page) => page.payments),
    ).toEqual([]);
    expect(await target.readInvoice(http(), externalId)).toMatchObject({
      status: 'open',
      balance: '1364728.00',
    });
    const second = sandbox.bookPayment({ invoiceId: externalId, amount: '64728.00', date: '2026-04-13' });
    sandbox.voidPayment(second.Id);
    const voided = await all(target.paymentsSince(http(), undone.at(-1)!.checkpoint));
    expect(voided.flatMap((page) => page.payments)).toMatchObject([
      { externalId: second.Id, deleted: true, amount: '0.00', applications: [] },
    ]);
    sandbox.voidInvoice(externalId);
    expect(await target.readInvoice(http(), externalId)).toMatchObject({ status: 'void' });
    expect(await target.invoices.find(http(), invoice)).toMatchObject({ status: 'void' });
    sandbox.deleteInvoice(externalId);
    expect(await target.readInvoice(http(), externalId)).toBeNull();
    expect(await target.invoices.find(http(), invoice)).toBeNull();
  });

  test('a company that numbers by itself is refused when it is connected', async () => {
    const { http } = await startQuickbooks({ customTxnNumbers: false });
    expect(await failureOf(connectorById('quickbooks').test(http()))).toMatchObject({
      vendorCode: 'custom_numbers_off',
    });
  });

  test('a Canadian company gets its tax code, and a line without one is refused before it is sent', async () => {
    const { sandbox, customer, item } = await startQuickbooks({ country: 'CA' });
    const invoice = anInvoice({ customer: { externalId: customer }, item, currency: 'CAD' });
    const connect = (settings: Record<string, string>) =>
      httpTo(connectorById('quickbooks'), sandbox.url, {
        settings: { ...quickbooksSettings, country: 'CA', ...settings },
      });
    expect(await failureOf(target.invoices.create(connect({}), invoice, invoice.key))).toMatchObject({
      vendorCode: 'tax_code_missing',
    });
    expect(sandbox.requests).toEqual([]);
    const query = 'select * from TaxCode STARTPOSITION 1 MAXRESULTS 1000';
    const answer = await connect({}).get('/query', { query: { query, minorversion: 75 } });
    const [code] = (answer.body as { QueryResponse: { TaxCode: { Id: string }[] } }).QueryResponse.TaxCode;
    const taxCode = code!.Id;
    expect(await target.invoices.create(connect({ taxCode }), invoice, invoice.key)).toMatchObject({
      net: '1364728.00',
    });
  });

  test('its webhooks are verified and read, in both forms', async () => {
    const { sandbox } = await startQuickbooks();
    const webhooks = connectorById('quickbooks').webhooks!;
    const read: unknown[] = [];
    const receiver = await serve((request, response) => {
      const bytes = Buffer.from(request.body);
      const headers = request.headers as Record<string, string>;
      const genuine =
        webhooks.verify({ rawBody: bytes, headers, query: {} }, 'verifier') &&
        !webhooks.verify({ rawBody: bytes, headers, query: {} }, 'another');
      if (genuine) read.push(...webhooks.events({ rawBody: bytes, headers, query: {} }));
      response.writeHead(genuine ? 200 : 401).end();
    });
    const events = [
      { entity: 'Invoice', operation: 'voided', id: '95' },
      { entity: 'Payment', operation: 'deleted', id: '96' },
    ] as const;
    for (const legacy of [false, true]) {
      read.length = 0;
      expect(await sandbox.sendWebhook(receiver.origin, 'verifier', events, { legacy })).toEqual({
        status: 200,
      });
      expect(read).toMatchObject([
        { account: '4620816365', entity: 'invoice', externalId: '95', change: 'voided' },
        { account: '4620816365', entity: 'payment', externalId: '96', change: 'deleted' },
      ]);
    }
  });
});

const harvestSettings = { accountId: '1234', contact: 'ops@nordwerft.example' };
const quickbooksSettings = { realmId: '4620816365', incomeAccountId: '79' };

/** Calls of one connection, with other credentials or less patience where a test says so. */
type OpenHttp = (options?: { timeoutMs?: number; credentials?: VendorCredentials }) => VendorHttp;

function httpOf(connector: Connector, sandbox: Sandbox, settings: Record<string, string>): OpenHttp {
  return ({ timeoutMs, credentials } = {}) =>
    httpTo(timeoutMs === undefined ? connector : { ...connector, timeoutMs }, sandbox.url, {
      settings,
      ...(credentials === undefined ? {} : { credentials }),
    });
}

async function startHarvest(rateLimit: { requests: number; perSeconds: number } | 'off' = 'off') {
  let nowMs = Date.parse('2026-03-20T12:00:00Z');
  const sandbox = await startHarvestSandbox({
    accessToken: 'token-one',
    accountId: 1234,
    rateLimit,
    pageSizeMax: 4,
    now: () => new Date(nowMs),
  });
  onTestFinished(() => sandbox.close());
  const user = sandbox.addUser({
    first_name: 'Ines',
    last_name: 'Roth',
    email: 'ines@nordwerft.example',
    timezone: 'Berlin',
  });
  const client = sandbox.addClient({ name: 'Nordlicht GmbH', currency: 'EUR' });
  const project = sandbox.addProject({ name: 'Hull refit', code: 'HULL', client_id: client.id });
  const task = sandbox.addTask({ name: 'Welding' });
  const add = (n: number) =>
    sandbox.addEntry({
      spent_date: `2026-03-${String((n % 28) + 1).padStart(2, '0')}`,
      user_id: user.id,
      project_id: project.id,
      task_id: task.id,
      hours: 1.58,
      approval_status: 'approved',
    }).id;
  return { sandbox, add, later: (minutes: number) => (nowMs += minutes * 60_000) };
}

async function harvestWithEntries(rateLimit: { requests: number; perSeconds: number } | 'off' = 'off') {
  const { sandbox, add } = await startHarvest(rateLimit);
  const entries = Array.from({ length: 10 }, (_, n) => add(n));
  return { sandbox, entries, http: httpOf(connectorById('harvest'), sandbox, harvestSettings) };
}

async function startQuickbooks(options: { country?: 'US' | 'CA'; customTxnNumbers?: boolean } = {}) {
  let nowMs = Date.parse('2026-04-20T12:00:00Z');
  const sandbox = await startQuickbooksSandbox({
    realmId: '4620816365',
    accessToken: 'token-one',
    rateLimit: 'off',
    now: () => new Date(nowMs),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const customer = sandbox.addCustomer({ DisplayName: 'Acme' }).Id;
  const item = sandbox.addItem({ Name: 'Consulting' }).Id;
  return {
    sandbox,
    customer,
    item,
    http: httpOf(connectorById('quickbooks'), sandbox, quickbooksSettings),
    later: (minutes: number) => (nowMs += minutes * 60_000),
  };
}

/** 17,059.10 hours at 80.00: no double may come near these figures. */
function anInvoice(facts: {
  customer: { externalId: string };
  item: string;
  currency?: string;
}): TargetInvoice {
  return {
    key: crypto.randomUUID(),
    number: 'NW-2026-0042',
    customer: facts.customer,
    currency: facts.currency ?? 'USD',
    issueDate: '2026-03-31',
    dueDate: '2026-04-30',
    email: 'ap@acme.example',
    lines: [
      {
        description: 'Hull refit, March',
        itemExternalId: facts.item,
        quantity: '17059.10',
        unitPrice: '80.00',
        amount: '1364728.00',
        serviceDate: '2026-03-31',
        taxCode: null,
      },
    ],
    net: '1364728.00',
    tax: '0.00',
    total: '1364728.00',
  };
}

function party(name: string) {
  return { name, email: null, currency: 'USD' };
}
