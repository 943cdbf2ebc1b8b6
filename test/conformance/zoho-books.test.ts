import { createHmac } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TargetInvoice } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled } from '../../connectors/kit/errors.ts';
import type { VendorHttp } from '../../connectors/kit/http.ts';
import { openOAuth } from '../../connectors/kit/oauth.ts';
import { accountsHost, apiHost, classify, settingsOf } from '../../connectors/zoho-books/answers.ts';
import { zohoBooks } from '../../connectors/zoho-books/index.ts';
import { startZohoSandbox, type ZohoSandboxOptions } from '../../connectors/zoho-books/sandbox.ts';
import { reducedTaxId } from '../../connectors/zoho-books/sandbox-invoices.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const settings = { organizationId: '10234695', dataCentre: 'eu' };
const client = { clientId: 'client-1', clientSecret: 'kept-by-the-client' };
const target = zohoBooks.invoiceTarget!;
const source = zohoBooks.timeSource!;

/** A firm with one customer, one project by the hour, one task, one person and an item. */
async function open(options: Partial<ZohoSandboxOptions> = {}, more: Record<string, string> = {}) {
  let nowMs = Date.parse('2026-03-20T12:00:00Z');
  const sandbox = await startZohoSandbox({
    organizationId: settings.organizationId,
    accessToken: 'token-one',
    ...client,
    limits: 'off',
    now: () => new Date(nowMs),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const { books, sheets } = sandbox;
  const customer = books.addContact({ contact_name: 'Acme', currency_code: 'GBP' });
  const user = sheets.addUser('Ana Li', 'ana@nordwerft.example');
  const project = sheets.addProject({ project_name: 'Portal', customer_id: customer, customer_name: 'Acme' });
  const task = sheets.addTask(project, 'API');
  const http = httpTo(zohoBooks, sandbox.url, { settings: { ...settings, ...more } });
  const time = (change: Partial<Parameters<typeof sheets.addTime>[0]> = {}) =>
    sheets.addTime({
      project_id: project,
      task_id: task,
      user_id: user,
      log_date: '2026-03-04',
      log_time: '02:30',
      ...change,
    });
  const item = await target.items.create(http, { name: 'Consulting' }, 'i');
  sandbox.requests.length = 0;
  const later = (minutes: number) => (nowMs += minutes * 60_000);
  return { sandbox, books, sheets, customer, user, project, task, item, http, time, later };
}

const read = async (http: VendorHttp, from = '2026-03-01', to = '2026-03-31') => {
  const pages = await all(source.window(http, from, to));
  return {
    entries: pages.flatMap((page) => page.entries),
    unreadable: pages.flatMap((page) => page.unreadable),
  };
};

const invoiceFor = (
  { customer, item }: { customer: string; item: string },
  change: Partial<TargetInvoice> = {},
): TargetInvoice => ({
  key: crypto.randomUUID(),
  number: 'HUB-00042',
  customer: { externalId: customer },
  currency: 'EUR',
  issueDate: '2026-03-31',
  dueDate: '2026-04-30',
  email: null,
  lines: [
    {
      description: 'API design',
      itemExternalId: item,
      quantity: '2.50',
      unitPrice: '140.00',
      amount: '350.00',
      serviceDate: '2026-03-04',
      taxCode: null,
    },
  ],
  net: '350.00',
  tax: '0.00',
  total: '350.00',
  ...change,
});
const withTimes = (invoice: TargetInvoice, timeExternalIds: string[]): TargetInvoice => ({
  ...invoice,
  lines: invoice.lines.map((line) => ({ ...line, timeExternalIds })),
});

describe('the time sheets of Zoho Books', () => {
  test('"02:30" is two hours and a half, and an id of 19 digits keeps them all', async () => {
    const { http, time, customer } = await open();
    const id = time({ notes: 'Workshop', cost_rate: 41.5 });
    expect(id).toHaveLength(19);
    expect((await read(http)).entries).toMatchObject([
      {
        externalId: id,
        quantity: 9_000,
        workDate: '2026-03-04',
        person: { name: 'Ana Li', email: 'ana@nordwerft.example' },
        // It comes as a bare number, which a double would round.
        client: { externalId: customer, name: 'Acme' },
        project: { name: 'Portal', code: null },
        task: { name: 'API' },
        rate: '95.5',
        cost: '41.5',
        currency: 'GBP',
        notes: 'Workshop',
      },
    ]);
  });

  test.each([
    ['00:05', 300],
    ['05:00', 18_000],
    ['100:00', 360_000],
  ])('%s is %i seconds', async (log_time, quantity) => {
    const { http, time } = await open();
    time({ log_time });
    expect((await read(http)).entries).toMatchObject([{ quantity }]);
  });

  test('a duration that is none is quarantined', async () => {
    const { http, time, sheets } = await open();
    const id = time();
    for (const log_time of ['2.5', '01:75', '']) {
      sheets.changeTime(id, { log_time });
      expect(await read(http)).toMatchObject({
        entries: [],
        unreadable: [{ position: id, reason: 'log_time.invalid' }],
      });
    }
  });

  test('days are asked for by the one filter that is known to hold, and checked all the same', async () => {
    const { http, time, sandbox } = await open();
    time({ log_date: '2026-02-28' });
    const inside = time({ log_date: '2026-03-01' });
    expect(
      (await read(http, '2026-03-01', '2026-03-02')).entries.map(({ externalId }) => externalId),
    ).toEqual([inside]);
    expect(sandbox.requests.find(({ path }) => path.endsWith('/timeentries'))!.query).toMatchObject({
      filter_by: 'Date.CustomDate',
      from_date: '2026-03-01',
      per_page: '200',
      organization_id: settings.organizationId,
    });
    // A vendor that passes over the filter sends everything.
    const careless = new Proxy(http, {
      get: (of, name) =>
        name === 'get'
          ? (path: string, request?: { query?: Record<string, unknown> }) =>
              http.get(path, { ...request, query: { ...request?.query, filter_by: undefined } as never })
          : Reflect.get(of, name),
    });
    expect(
      (await read(careless, '2026-03-01', '2026-03-02')).entries.map(({ externalId }) => externalId),
    ).toEqual([inside]);
  });

  test('a clock time means something only with the organisation’s zone', async () => {
    const { http, sandbox, time } = await open();
    time({ begin_time: '23:30', end_time: '02:00' });
    expect((await read(http)).entries).toMatchObject([
      {
        workDate: '2026-03-04',
        zone: 'Europe/Berlin',
        startedAt: '2026-03-04T22:30:00.000Z',
        endedAt: '2026-03-05T01:00:00.000Z',
      },
    ]);
    // PST is no zone, several are called so.
    sandbox.organisation.time_zone = 'PST';
    expect((await read(http)).entries).toMatchObject([
      { workDate: '2026-03-04', zone: null, startedAt: null },
    ]);
    const set = httpTo(zohoBooks, sandbox.url, { settings: { ...settings, zone: 'America/Los_Angeles' } });
    expect((await read(set)).entries).toMatchObject([{ startedAt: '2026-03-05T07:30:00.000Z' }]);
  });

  test('only a project by the hour has a price of an hour; a cost is never taken for one', async () => {
    const { http, sheets, project, time } = await open();
    time({ cost_rate: 41.5 });
    for (const billing_type of ['based_on_task_hours', 'based_on_staff_hours', 'fixed_cost_for_project']) {
      Object.assign(sheets.projects.get(project)!, { billing_type });
      expect((await read(http)).entries).toMatchObject([{ rate: null, cost: '41.5' }]);
    }
  });

  test('invoiced is billed there; a running timer is not finished; another word is quarantined where it decides', async () => {
    const { http, sheets, time } = await open();
    const [invoiced, running, odd, free] = [time(), time(), time(), time({ is_billable: false })];
    sheets.changeTime(invoiced, { billed_status: 'invoiced' });
    sheets.changeTime(running, { timer_started_at: '2026-03-04T18:05:27+0100' });
    sheets.changeTime(odd, { billed_status: 'partly' });
    sheets.changeTime(free, { billed_status: '' });
    const { entries, unreadable } = await read(http);
    const byId = new Map(entries.map((entry) => [entry.externalId, entry]));
    expect(byId.get(invoiced)).toMatchObject({ billedElsewhere: true });
    expect(byId.get(running)).toMatchObject({ running: true });
    expect(byId.get(free)).toMatchObject({ billable: false, billedElsewhere: false });
    expect(unreadable).toMatchObject([{ position: odd, reason: 'billed_status.unknown' }]);
  });

  test('an empty list costs one call', async () => {
    const { http, sandbox } = await open();
    expect(await read(http)).toEqual({ entries: [], unreadable: [] });
    expect(sandbox.requests).toHaveLength(1);
  });
});

describe('invoices made of time', () => {
  test('its lines carry the entries, Zoho marks them as invoiced, and the links are read back', async () => {
    const at = await open();
    const times = [at.time(), at.time()];
    const invoice = withTimes(invoiceFor(at), times);
    const made = await target.invoices.create(at.http, invoice, invoice.key);
    expect(made).toMatchObject({ total: '350.00', status: 'open', timeExternalIds: times });
    for (const id of times)
      expect(at.sheets.times.get(id)).toMatchObject({
        billed_status: 'invoiced',
        invoice_id: made.externalId,
      });
    expect((await read(at.http)).entries.every(({ billedElsewhere }) => billedElsewhere)).toBe(true);
    // A void frees them (unconfirmed at Zoho).
    await target.voidInvoice!(at.http, made, 'v');
    expect(at.sheets.times.get(times[0]!)).toMatchObject({ billed_status: 'unbilled' });
  });

  test('an entry that is invoiced already, or gone, is refused', async () => {
    const at = await open();
    const id = at.time();
    await target.invoices.create(at.http, withTimes(invoiceFor(at), [id]), 'a');
    const second = withTimes(invoiceFor(at, { number: 'HUB-2' }), [id]);
    expect(await failureOf(target.invoices.create(at.http, second, 'b'))).toBeInstanceOf(InvalidRequest);
    at.sheets.removeTime(id);
    expect(await failureOf(target.invoices.create(at.http, second, 'b'))).toMatchObject({
      vendorCode: 'time_entry_gone',
    });
    expect(at.books.invoices.size).toBe(1);
  });

  test('it goes out as a draft that is then posted; what was cut off in between is posted by the look', async () => {
    const at = await open();
    const invoice = invoiceFor(at);
    at.sandbox.fault({ kind: 'drop', times: 1, match: (_, path) => path.endsWith('/status/sent') });
    expect(await failureOf(target.invoices.create(at.http, invoice, invoice.key))).toMatchObject({
      kind: 'Unavailable',
    });
    const [made] = [...at.books.invoices.keys()];
    expect(at.books.statusOf(made!)).toBe('draft');
    expect(await target.invoices.find(at.http, invoice)).toMatchObject({ externalId: made, status: 'open' });
    const draft = await target.invoices.create(
      at.http,
      invoiceFor(at, { number: 'HUB-2', draft: true }),
      'd',
    );
    expect(draft.status).toBe('draft');
  });

  test('with a custom field of its own Zoho finds the invoice again, however often it is made', async () => {
    const at = await open({}, { keyField: 'cf_slipway_id' });
    const invoice = invoiceFor(at);
    const first = await target.invoices.create(at.http, invoice, invoice.key);
    const second = await target.invoices.create(at.http, invoice, invoice.key);
    expect(second.externalId).toBe(first.externalId);
    expect(at.books.invoices.size).toBe(1);
    expect(at.books.invoices.get(first.externalId)!.custom).toEqual({ cf_slipway_id: invoice.key });
    const created = at.sandbox.requests.find(
      ({ method, path }) => method === 'PUT' && path.endsWith('/invoices'),
    )!;
    expect(created.headers).toMatchObject({
      'x-unique-identifier-key': 'cf_slipway_id',
      'x-unique-identifier-value': invoice.key,
      'x-upsert': 'true',
    });
  });

  test('without it the number guards, and a refused one is told', async () => {
    const at = await open();
    at.books.addInvoice(at.customer, 'HUB-00042', '1.00');
    expect(await failureOf(target.invoices.create(at.http, invoiceFor(at), 'a'))).toMatchObject({
      kind: 'InvalidRequest',
      vendorCode: 'number_taken',
    });
    expect(await failureOf(target.invoices.find(at.http, invoiceFor(at)))).toMatchObject({
      vendorCode: 'number_taken',
    });
  });

  test('an invoice that somebody renumbered is found by our key', async () => {
    const at = await open();
    const invoice = invoiceFor(at);
    const { externalId } = await target.invoices.create(at.http, invoice, 'a');
    at.books.change(externalId, { invoice_number: 'INV-7' });
    expect(await target.invoices.find(at.http, invoice)).toMatchObject({ externalId, number: 'INV-7' });
  });

  test('tax goes by id and comes back in money; without an id nothing is sent', async () => {
    const at = await open();
    const [line] = invoiceFor(at).lines;
    const taxed = invoiceFor(at, {
      lines: [{ ...line!, taxCode: reducedTaxId }],
      tax: '24.50',
      total: '374.50',
    });
    expect(await target.invoices.create(at.http, taxed, 'a')).toMatchObject({
      net: '350.00',
      tax: '24.50',
      total: '374.50',
    });
    const without = invoiceFor(at, { number: 'HUB-2', tax: '24.50', total: '374.50' });
    at.sandbox.requests.length = 0;
    expect(await failureOf(target.invoices.create(at.http, without, 'b'))).toMatchObject({
      vendorCode: 'tax_code_missing',
    });
    expect(at.sandbox.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('its currency is always said, and one that Zoho lacks is asked for', async () => {
    const at = await open();
    expect(await target.invoices.create(at.http, invoiceFor(at, { currency: 'USD' }), 'a')).toMatchObject({
      currency: 'USD',
    });
    expect(
      await failureOf(target.invoices.create(at.http, invoiceFor(at, { currency: 'NOK' }), 'b')),
    ).toMatchObject({
      vendorCode: 'currency_missing',
    });
  });

  test('a void would detach payments: what is paid is not voided', async () => {
    const at = await open();
    const made = await target.invoices.create(at.http, invoiceFor(at), 'a');
    at.books.pay(made.externalId, '100.00', '2026-04-02');
    expect(await failureOf(target.voidInvoice!(at.http, made, 'v'))).toMatchObject({ vendorCode: 'paid' });
    expect(await target.readInvoice(at.http, made.externalId)).toMatchObject({
      status: 'partially_paid',
      balance: '250.00',
    });
  });

  test('an update keeps number and links, unless somebody changed it meanwhile', async () => {
    const at = await open();
    const id = at.time();
    const invoice = withTimes(invoiceFor(at), [id]);
    const made = await target.invoices.create(at.http, invoice, 'a');
    const [line] = invoice.lines;
    const cheaper = {
      ...invoice,
      lines: [{ ...line!, unitPrice: '100.00', amount: '250.00' }],
      net: '250.00',
      total: '250.00',
    };
    at.later(1);
    const changed = await target.updateInvoice!(at.http, made, cheaper, 'b');
    expect(changed).toMatchObject({ number: invoice.number, total: '250.00', timeExternalIds: [id] });
    at.later(1);
    at.books.change(made.externalId, { due_date: '2026-06-30' });
    expect(await failureOf(target.updateInvoice!(at.http, changed, invoice, 'c'))).toMatchObject({
      vendorCode: 'changed_there',
    });
  });

  test('all that is open can be written off, a part cannot', async () => {
    const at = await open();
    const made = await target.invoices.create(at.http, invoiceFor(at), 'a');
    at.books.pay(made.externalId, '100.00', '2026-04-02');
    const off = { key: 'w-1', invoice: made, amount: '250.00', on: '2026-05-01', reason: 'insolvent' };
    expect(await target.writeOffs!.find(at.http, off)).toBeNull();
    expect(
      await failureOf(target.writeOffs!.create(at.http, { ...off, amount: '249.00' }, 'w')),
    ).toMatchObject({
      vendorCode: 'partial_write_off',
    });
    await target.writeOffs!.create(at.http, off, 'w');
    expect(await target.writeOffs!.find(at.http, off)).toMatchObject({ externalId: made.externalId });
    expect(await target.readInvoice(at.http, made.externalId)).toMatchObject({
      balance: '0.00',
      status: 'paid',
    });
  });

  test('mail goes to whom we say', async () => {
    const at = await open();
    const made = await target.invoices.create(at.http, invoiceFor(at), 'a');
    await target.emailInvoice!(at.http, made, 'ap@acme.example');
    expect(at.books.mails).toEqual([{ invoiceId: made.externalId, to: ['ap@acme.example'] }]);
  });

  test('an inactive customer, a vendor and a part of a name are not the customer', async () => {
    const at = await open();
    at.books.addContact({ contact_name: 'Old Harbour', status: 'inactive' });
    at.books.addContact({ contact_name: 'Cora', contact_type: 'vendor' });
    for (const name of ['Old Harbour', 'Cora', 'Acm'])
      expect(await target.customers.find(at.http, { name, email: null, currency: 'EUR' })).toBeNull();
    expect(await target.customers.find(at.http, { name: 'acme', email: null, currency: 'EUR' })).toBeNull();
    expect(await target.customers.find(at.http, { name: 'Acme', email: null, currency: 'EUR' })).toBe(
      at.customer,
    );
  });
});

describe('payments at Zoho Books', () => {
  test('are read of our own invoices that changed, one call each, with what was taken off', async () => {
    const at = await open();
    const made = await target.invoices.create(at.http, invoiceFor(at), 'a');
    const theirs = at.books.addInvoice(at.customer, 'THEIRS-1', '5.00');
    at.books.pay(theirs, '5.00', '2026-04-01');
    const first = at.books.pay(made.externalId, '100.00', '2026-04-02', 'W-1');
    const second = at.books.pay(made.externalId, '50.00', '2026-04-03');
    const gather = async (checkpoint: string | null) => {
      const pages = await all(target.paymentsSince(at.http, checkpoint));
      return { payments: pages.flatMap((page) => page.payments), checkpoint: pages.at(-1)!.checkpoint };
    };
    const paid = await gather(null);
    expect(paid.payments).toMatchObject([
      { externalId: first, amount: '100.00', valueDate: '2026-04-02', reference: 'W-1', currency: 'EUR' },
      { externalId: second, applications: [{ invoiceExternalId: made.externalId, amount: '50.00' }] },
    ]);
    at.later(60);
    at.sandbox.requests.length = 0;
    // Nothing changed: no call but the list.
    const idle = await gather(paid.checkpoint);
    expect(idle.payments).toEqual([]);
    expect(at.sandbox.requests).toHaveLength(1);
    expect(at.sandbox.requests[0]!.query.last_modified_time).toMatch(/^2026-03-20T11:55:00\+0000$/);
    at.books.removePayment(first);
    at.later(60);
    const changed = await gather(idle.checkpoint);
    expect(changed.payments.filter(({ deleted }) => deleted)).toMatchObject([
      { externalId: first, amount: '0.00' },
    ]);
    expect(changed.payments.filter(({ deleted }) => !deleted)).toMatchObject([{ externalId: second }]);
  });

  test('invoices that were voided there are told', async () => {
    const at = await open();
    const made = await target.invoices.create(at.http, invoiceFor(at), 'a');
    const first = (await all(target.invoicesSince!(at.http, null))).at(-1)!;
    at.later(60);
    at.books.change(made.externalId, { status: 'void' });
    const changed = await all(target.invoicesSince!(at.http, first.checkpoint));
    expect(changed.flatMap(({ invoices }) => invoices)).toMatchObject([
      { externalId: made.externalId, status: 'void' },
    ]);
  });
});

describe('what Zoho Books says no to', () => {
  test('a code above 0 is a refusal, whatever the status', () => {
    for (const status of [200, 201, 400])
      expect(classify(status, { code: 1002, message: 'Task is not in the project' }, {})).toMatchObject({
        kind: 'InvalidRequest',
        vendorCode: '1002',
        message: expect.stringContaining('Task is not in the project'),
      });
    expect(classify(200, { code: 0, message: 'success' }, {})).toBeNull();
  });

  test('a hundred calls a minute, then a thousand a day, which is waited out to its end', async () => {
    const at = await open({ limits: { minute: 3, day: 5 } });
    // One was made to begin with.
    await at.http.get('/organizations');
    const { headers } = await at.http.get('/organizations');
    expect(zohoBooks.quotaOf!(headers)).toEqual({ left: 2, resetMs: 12 * 3_600_000 });
    const minute = (await failureOf(at.http.get('/organizations'))) as Throttled;
    expect(minute).toBeInstanceOf(Throttled);
    expect(minute.retryAfterMs).toBeGreaterThanOrEqual(60_000);
    at.later(1);
    await at.http.get('/organizations');
    await at.http.get('/organizations');
    at.later(1);
    const day = (await failureOf(at.http.get('/organizations'))) as Throttled;
    expect(day).toMatchObject({ vendorCode: '45' });
    // Noon and two minutes: not asked again before midnight.
    expect(day.retryAfterMs).toBe(43_080_000);
  });

  test('without the organisation, or as Bearer, nothing is answered', async () => {
    const { sandbox, http } = await open();
    const stranger = httpTo(zohoBooks, sandbox.url, { settings: { ...settings, organizationId: '1' } });
    expect(await failureOf(read(stranger))).toMatchObject({ vendorCode: '6041' });
    expect(await failureOf(zohoBooks.test(stranger))).toMatchObject({ vendorCode: 'organization_unknown' });
    const bearer = httpTo({ ...zohoBooks, auth: { type: 'bearer' } }, sandbox.url, { settings });
    expect(await failureOf(bearer.get('/organizations'))).toBeInstanceOf(AuthorizationLost);
    expect((await zohoBooks.test(http)).account).toBe('Sandbox Marine Engineering');
  });
});

describe('data centres and sign-in', () => {
  test.each([
    ['us', 'https://accounts.zoho.com', 'https://www.zohoapis.com'],
    ['eu', 'https://accounts.zoho.eu', 'https://www.zohoapis.eu'],
    ['au', 'https://accounts.zoho.com.au', 'https://www.zohoapis.com.au'],
    ['ca', 'https://accounts.zohocloud.ca', 'https://www.zohoapis.ca'],
  ])('%s has its own pair of hosts, and sign-in and token tell it', (dataCentre, accounts, api) => {
    expect(accountsHost({ dataCentre })).toBe(accounts);
    expect(apiHost({ dataCentre })).toBe(api);
    expect(settingsOf({ location: dataCentre })).toEqual({ dataCentre });
    expect(settingsOf({ api_domain: api })).toEqual({ dataCentre });
  });

  test('a place that nobody knows is not guessed', () => {
    expect(settingsOf({ location: 'moon', api_domain: 'https://api.example' })).toEqual({});
    expect(() => apiHost({ dataCentre: 'moon' })).toThrow(InvalidRequest);
  });

  test('a refresh brings no new refresh token, and the eleventh within ten minutes is refused', async () => {
    const { sandbox, later } = await open({ refreshToken: 'refresh-one' });
    const calls = openOAuth({
      connector: zohoBooks,
      settings,
      ...client,
      baseUrlOverride: sandbox.url,
      rules: { allowLoopback: true, allowedHosts: [] },
    });
    for (let n = 0; n < 10; n += 1) {
      const tokens = await calls.refresh('refresh-one', null);
      expect(tokens).toMatchObject({ refreshToken: null, lifeMs: 3_600_000, settings: { dataCentre: 'eu' } });
    }
    await failureOf(calls.refresh('refresh-one', null));
    later(11);
    await calls.refresh('refresh-one', null);
  });

  test('consent is asked for in the words that yield a refresh token', () => {
    const { authorizeParams, scopeSeparator, authorizeUrl } = zohoBooks.auth.oauth!;
    expect(authorizeParams).toEqual({ access_type: 'offline', prompt: 'consent' });
    expect(scopeSeparator).toBe(',');
    expect(authorizeUrl!({ dataCentre: 'in' })).toBe('https://accounts.zoho.in/oauth/v2/auth');
  });
});

describe('webhooks of Zoho Books', () => {
  const webhooks = zohoBooks.webhooks!;
  const secret = 'abcDEF1234567890';
  const rawBody = Buffer.from('{"invoice":{"invoice_id":"460000000000044021"}}');
  const sign = (text: string) => createHmac('sha256', secret).update(text).update(rawBody).digest('hex');

  test('parameters by name and then the body are what is signed', () => {
    const headers = { 'x-zoho-webhook-signature': sign('a1b2') };
    expect(webhooks.verify({ rawBody, headers, query: { b: '2', a: '1' } }, secret)).toBe(true);
    expect(webhooks.verify({ rawBody, headers, query: { b: '2', a: '3' } }, secret)).toBe(false);
    expect(
      webhooks.verify({ rawBody, headers: { 'x-zoho-webhook-signature': sign('') }, query: {} }, secret),
    ).toBe(true);
  });

  test('where signing is not switched on, a header with the secret does instead', () => {
    expect(webhooks.verify({ rawBody, headers: { 'x-slipway-token': secret }, query: {} }, secret)).toBe(
      true,
    );
    expect(webhooks.verify({ rawBody, headers: { 'x-slipway-token': 'guess' }, query: {} }, secret)).toBe(
      false,
    );
    expect(webhooks.verify({ rawBody, headers: { 'x-slipway-token': '' }, query: {} }, '')).toBe(false);
  });

  test.each([
    [{ invoice: { invoice_id: '7' } }, 'invoice', '7'],
    [{ invoice_id: '7', organization_id: '9' }, 'invoice', '7'],
    [{ customer_payment: { payment_id: '8' } }, 'payment', '8'],
    [{ payment_id: '8' }, 'payment', '8'],
  ])('the record, alone or under its name, tells what to read again: %j', (body, entity, externalId) => {
    const request = { rawBody: Buffer.from(JSON.stringify(body)), headers: {}, query: {} };
    expect(webhooks.events(request)).toMatchObject([{ entity, externalId, change: 'updated' }]);
  });
});
