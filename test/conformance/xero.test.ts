import { createHmac } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TargetInvoice } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Throttled, Unavailable } from '../../connectors/kit/errors.ts';
import type { VendorHttp } from '../../connectors/kit/http.ts';
import { classify, instantOfXero } from '../../connectors/xero/answers.ts';
import { toInvoice } from '../../connectors/xero/documents.ts';
import { xero } from '../../connectors/xero/index.ts';
import { startXeroSandbox, type XeroSandboxOptions } from '../../connectors/xero/sandbox.ts';
import { all, failureOf, httpTo, json, serve } from './loopback.ts';

const tenantId = 'c2cc9b6e-9458-4c7d-93cc-f02b81b0594f';
const settings = {
  tenantId,
  accountCode: '200',
  expenseAccountCode: '400',
  bankAccountCode: '090',
  trackingCategory: 'Project',
  hubUrl: 'https://hub.example/',
};
const target = xero.invoiceTarget!;
const source = xero.timeSource!;

/** A firm in Auckland, with one project, one task and one person. */
async function open(options: Partial<XeroSandboxOptions> = {}, more: Record<string, string> = {}) {
  let nowMs = Date.parse('2026-03-20T12:00:00Z');
  const sandbox = await startXeroSandbox({
    tenantId,
    accessToken: 'token-one',
    clientId: 'client',
    clientSecret: 'secret',
    limits: 'off',
    now: () => new Date(nowMs),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const { books, projects } = sandbox;
  const contact = books.addContact({ Name: 'Acme', EmailAddress: 'ap@acme.example' });
  const user = projects.addUser('Ines Roth', 'ines@nordwerft.example');
  const project = projects.addProject({ name: 'Hull refit', contactId: contact });
  const task = projects.addTask({ name: 'Welding', projectId: project });
  const http = httpTo(xero, sandbox.url, { settings: { ...settings, ...more } });
  const time = (dateUtc: string, change: { duration?: number; taskId?: string } = {}) =>
    projects.addTime({ userId: user, taskId: task, dateUtc, duration: 45, ...change });
  const later = (minutes: number) => (nowMs += minutes * 60_000);
  return { sandbox, books, projects, contact, user, project, task, http, time, later };
}

const read = async (http: VendorHttp, from = '2026-03-01', to = '2026-03-31') => {
  const pages = await all(source.window(http, from, to));
  return {
    entries: pages.flatMap((page) => page.entries),
    unreadable: pages.flatMap((page) => page.unreadable),
  };
};

const line = {
  description: 'Hull refit, March',
  itemExternalId: '',
  quantity: '3.50',
  unitPrice: '140.00',
  amount: '490.00',
  serviceDate: '2026-03-04',
  taxCode: null,
};
const invoiceFor = (contact: string, change: Partial<TargetInvoice> = {}): TargetInvoice => ({
  key: crypto.randomUUID(),
  number: 'HUB-2026-0042',
  customer: { externalId: contact },
  currency: 'EUR',
  issueDate: '2026-03-31',
  dueDate: '2026-04-30',
  email: null,
  lines: [line],
  net: '490.00',
  tax: '0.00',
  total: '490.00',
  ...change,
});

describe('the time of Xero Projects', () => {
  test('minutes become exact seconds, and an entry brings person, client, project, task, rate and currency', async () => {
    const { http, time } = await open();
    const id = time('2026-03-03T21:00:00Z', { duration: 59_940 });
    const { entries } = await read(http);
    expect(entries).toMatchObject([
      {
        externalId: id,
        quantity: 3_596_400,
        person: { name: 'Ines Roth', email: 'ines@nordwerft.example' },
        client: { name: 'Acme' },
        project: { name: 'Hull refit', code: null },
        task: { name: 'Welding' },
        rate: '95.5',
        currency: 'EUR',
        billable: true,
        billedElsewhere: false,
        startedAt: null,
      },
    ]);
  });

  test('an instant is a day by the organisation’s zone: 15:00 UTC is tomorrow in Auckland', async () => {
    const { http, sandbox, time } = await open();
    time('2026-03-03T15:00:00Z');
    expect((await read(http)).entries).toMatchObject([{ workDate: '2026-03-04', zone: 'Pacific/Auckland' }]);
    sandbox.organisation.Timezone = 'PACIFICSTANDARDTIME';
    expect((await read(http)).entries).toMatchObject([
      { workDate: '2026-03-03', zone: 'America/Los_Angeles' },
    ]);
  });

  test('a window holds exactly its days, though its bounds are inclusive instants', async () => {
    const { http, time } = await open();
    const first = time('2026-02-28T11:00:00Z');
    const last = time('2026-03-02T10:59:59Z');
    time('2026-02-28T10:59:59Z');
    // Midnight after the last day: the bound itself.
    time('2026-03-02T11:00:00Z');
    const { entries } = await read(http, '2026-03-01', '2026-03-02');
    expect(entries.map(({ externalId }) => externalId).sort()).toEqual([first, last].sort());
  });

  test('a zone that nobody knows is asked for, and a setting answers', async () => {
    const { sandbox, http, time } = await open({ timezone: 'MOONSTANDARDTIME' });
    time('2026-03-03T15:00:00Z');
    expect(await failureOf(read(http))).toMatchObject({ vendorCode: 'zone_unknown' });
    const set = httpTo(xero, sandbox.url, { settings: { ...settings, zone: 'Europe/Berlin' } });
    expect((await read(set)).entries).toMatchObject([{ workDate: '2026-03-03', zone: 'Europe/Berlin' }]);
  });

  test('whether it is chargeable stands on its task', async () => {
    const { http, projects, project, time } = await open();
    const free = projects.addTask({ name: 'Travel', projectId: project, chargeType: 'NON_CHARGEABLE' });
    const fixed = projects.addTask({ name: 'Survey', projectId: project, chargeType: 'FIXED' });
    time('2026-03-03T21:00:00Z', { taskId: free });
    time('2026-03-03T21:00:00Z', { taskId: fixed });
    const byTask = new Map((await read(http)).entries.map((entry) => [entry.task!.name, entry]));
    expect(byTask.get('Travel')).toMatchObject({ billable: false, rate: null });
    // The rate of a fixed task is a price for all of it, not for an hour.
    expect(byTask.get('Survey')).toMatchObject({ billable: true, rate: null });
  });

  test('a task with an unknown kind of charge, or no task, quarantines its time', async () => {
    const { http, projects, project, time } = await open();
    const odd = projects.addTask({ name: 'Odd', projectId: project, chargeType: 'BARTER' });
    const id = time('2026-03-03T21:00:00Z', { taskId: odd });
    expect(await read(http)).toMatchObject({
      entries: [],
      unreadable: [{ position: id, reason: 'taskid.unknown' }],
    });
  });

  test('INVOICED was billed there, LOCKED is not finished, another word is quarantined', async () => {
    const { http, projects, time } = await open();
    const [invoiced, locked, odd] = ['INVOICED', 'LOCKED', 'PAID'].map((status) => {
      const id = time('2026-03-03T21:00:00Z');
      projects.changeTime(id, { status });
      return id;
    });
    const { entries, unreadable } = await read(http);
    expect(entries.find(({ externalId }) => externalId === invoiced)).toMatchObject({
      billedElsewhere: true,
    });
    expect(entries.find(({ externalId }) => externalId === locked)).toMatchObject({
      running: true,
      billedElsewhere: false,
    });
    expect(unreadable).toMatchObject([{ position: odd, reason: 'status.invalid' }]);
  });

  test('projects without time cost no call; closed ones are read unless that is switched off', async () => {
    const { sandbox, http, projects, contact, project, time } = await open();
    for (let n = 0; n < 20; n += 1) projects.addProject({ name: `Idle ${n}`, contactId: contact });
    time('2026-03-03T21:00:00Z');
    projects.changeProject(project, { status: 'CLOSED' });
    expect((await read(http)).entries).toHaveLength(1);
    expect(sandbox.requests.filter(({ path }) => path.endsWith('/Time'))).toHaveLength(1);
    const skipping = httpTo(xero, sandbox.url, { settings: { ...settings, closedProjects: 'skip' } });
    expect((await read(skipping)).entries).toEqual([]);
  });

  test('time of a project that was closed is not gone, also where closed ones are not read', async () => {
    const { sandbox, projects, project, contact, user, time } = await open();
    const ids = [time('2026-03-03T21:00:00Z'), time('2026-03-04T21:00:00Z'), time('2026-03-05T21:00:00Z')];
    for (let n = 0; n < 20; n += 1) {
      const projectId = projects.addProject({ name: `Other ${n}`, contactId: contact });
      const taskId = projects.addTask({ name: 'Planks', projectId });
      projects.addTime({ userId: user, taskId, dateUtc: '2026-03-03T21:00:00Z', duration: 5 });
    }
    projects.changeProject(project, { status: 'CLOSED' });
    projects.removeTime(ids[2]!);
    const skipping = httpTo(xero, sandbox.url, { settings: { ...settings, closedProjects: 'skip' } });
    expect(await source.readEntry(skipping, ids[0]!)).toMatchObject({ externalId: ids[0] });
    sandbox.requests.length = 0;
    const found = await source.readEntries!.read(skipping, ids);
    expect(found.entries.map(({ externalId }) => externalId).toSorted((a, b) => a.localeCompare(b))).toEqual(
      ids.slice(0, 2).toSorted((a, b) => a.localeCompare(b)),
    );
    // A call a project for all of them, and not one for each of them.
    expect(sandbox.requests.filter(({ path }) => path.includes('/Time')).length).toBeLessThanOrEqual(21);
  });

  test('an entry that moved to another project keeps its id and is found there', async () => {
    const { http, projects, contact, time } = await open();
    const id = time('2026-03-03T21:00:00Z');
    time('2026-03-03T21:00:00Z');
    const deck = projects.addProject({ name: 'Deck', contactId: contact });
    const taskId = projects.addTask({ name: 'Planks', projectId: deck });
    projects.changeTime(id, { projectId: deck, taskId });
    expect(await source.readEntry(http, id)).toMatchObject({ externalId: id, project: { name: 'Deck' } });
    projects.removeTime(id);
    expect(await source.readEntry(http, id)).toBeNull();
  });

  test('the number of items is never believed, and no page at all ends the list', async () => {
    const { http } = await open({ pageSizeMax: 2 });
    expect(await read(http)).toEqual({ entries: [], unreadable: [] });
    const { http: full, time, sandbox } = await open({ pageSizeMax: 2 });
    for (let n = 0; n < 5; n += 1) time('2026-03-03T21:00:00Z');
    expect((await read(full)).entries).toHaveLength(5);
    expect(
      sandbox.requests.filter(({ path }) => path.endsWith('/Time')).map(({ query }) => query.page),
    ).toEqual(['1', '2', '3']);
  });

  test('without Projects a connection is told so before it begins, or reads no time at all', async () => {
    const { sandbox, http } = await open({ hasProjects: false });
    expect(await failureOf(xero.test(http))).toMatchObject({ vendorCode: 'projects_missing' });
    const books = httpTo(xero, sandbox.url, { settings: { ...settings, time: 'none' } });
    expect((await xero.test(books)).account).toBe('Sandbox Marine Engineering');
    sandbox.requests.length = 0;
    expect(await read(books)).toEqual({ entries: [], unreadable: [] });
    expect(sandbox.requests).toEqual([]);
  });

  test('people are warned not to invoice the same projects at Xero too', async () => {
    const { http } = await open();
    expect((await xero.test(http)).warnings.join()).toMatch(/Do not invoice the same projects/);
  });
});

describe('our documents in Xero’s words', () => {
  test('with exact figures, our key in the reference, and a link back', () => {
    const invoice = { ...invoiceFor('c-1'), key: 'k-1' };
    expect(JSON.stringify(toInvoice(invoice, settings))).toBe(
      '{"Type":"ACCREC","Contact":{"ContactID":"c-1"},"Date":"2026-03-31","CurrencyCode":"EUR","LineAmountTypes":"Exclusive","DueDate":"2026-04-30","InvoiceNumber":"HUB-2026-0042","Reference":"slipway:k-1","Url":"https://hub.example/documents/k-1","Status":"AUTHORISED","LineItems":[{"Description":"Hull refit, March","Quantity":3.5,"UnitAmount":140,"LineAmount":490.00,"AccountCode":"200","TaxType":"NONE"}]}',
    );
  });

  test.each([
    ['tax_code_missing', { tax: '93.10', total: '583.10' }],
    ['number_length', { number: 'N'.repeat(256) }],
    ['totals_differ', { net: '490.01' }],
    ['amount_differs', { lines: [{ ...line, quantity: '3.49' }] }],
    ['too_many_places', { lines: [{ ...line, quantity: '3.50001', unitPrice: '139.9996' }] }],
    ['no_lines', { lines: [] }],
  ])('is refused before it is sent: %s', (vendorCode, change) => {
    const send = () => toInvoice(invoiceFor('c-1', change), settings);
    expect(send).toThrow(expect.objectContaining({ vendorCode, kind: 'InvalidRequest' }));
  });
});

describe('invoices at Xero', () => {
  test('four decimals of a price are kept, for they are asked for', async () => {
    const { http, contact } = await open();
    const lines = [{ ...line, quantity: '1000', unitPrice: '0.1234', amount: '123.40' }];
    const invoice = invoiceFor(contact, { lines, net: '123.40', total: '123.40' });
    expect(await target.invoices.create(http, invoice, 'k')).toMatchObject({
      net: '123.40',
      total: '123.40',
    });
  });

  test('tax is reckoned there and told to the cent', async () => {
    const { http, contact } = await open();
    const lines = [{ ...line, taxCode: 'OUTPUT2' }];
    const invoice = invoiceFor(contact, { lines, tax: '73.50', total: '563.50' });
    expect(await target.invoices.create(http, invoice, 'k')).toMatchObject({
      net: '490.00',
      tax: '73.50',
      total: '563.50',
      balance: '563.50',
      status: 'open',
    });
  });

  test('a refusal under HTTP 200 is a refusal', async () => {
    const { http, contact, books } = await open();
    books.addInvoice(contact, 'HUB-2026-0042', '1.00');
    const error = await failureOf(target.invoices.create(http, invoiceFor(contact), 'k'));
    expect(error).toBeInstanceOf(InvalidRequest);
    expect(error).toMatchObject({ status: 200, vendorCode: 'number_taken' });
    expect((error as Error).message).toContain('Invoice # must be unique');
  });

  test('creating is a PUT: a POST would overwrite whatever has the number', async () => {
    const { http, sandbox, contact, books } = await open();
    const theirs = books.addInvoice(contact, 'HUB-2026-0042', '1.00');
    await failureOf(target.invoices.create(http, invoiceFor(contact), 'k'));
    expect(books.tables.documents.get(theirs)!.lines).toMatchObject([{ LineAmount: 1 }]);
    expect(sandbox.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'PUT /api.xro/2.0/Invoices',
    ]);
  });

  test('the same key gets the first answer again, and is forgotten within minutes: then only the look helps', async () => {
    const { http, contact, books, later } = await open();
    const invoice = invoiceFor(contact);
    const first = await target.invoices.create(http, invoice, 'k');
    expect(await target.invoices.create(http, invoice, 'k')).toEqual(first);
    later(10);
    expect(await failureOf(target.invoices.create(http, invoice, 'k'))).toMatchObject({
      vendorCode: 'number_taken',
    });
    expect(await target.invoices.find(http, invoice)).toEqual(first);
    expect(books.tables.documents.size).toBe(1);
  });

  test('an invoice that somebody renumbered there is found by our key', async () => {
    const { http, contact, books } = await open();
    const invoice = invoiceFor(contact);
    const { externalId } = await target.invoices.create(http, invoice, 'k');
    books.touch(externalId, { Number: 'INV-9' });
    expect(await target.invoices.find(http, invoice)).toMatchObject({ externalId, number: 'INV-9' });
  });

  test('Xero may number it, and our number stays in the reference', async () => {
    const { http, contact, books } = await open();
    const invoice = invoiceFor(contact, { numberBy: 'platform' });
    const made = await target.invoices.create(http, invoice, 'k');
    expect(made.number).toBe('INV-0001');
    expect(books.tables.documents.get(made.externalId)!.Reference).toBe(
      `HUB-2026-0042 slipway:${invoice.key}`,
    );
    expect(await target.invoices.find(http, invoice)).toEqual(made);
  });

  test('an invoice with our key but another total, currency or customer is not taken for ours', async () => {
    const { http, contact, books } = await open();
    const invoice = invoiceFor(contact);
    await target.invoices.create(http, invoice, 'k');
    const other = books.addContact({ Name: 'Other' });
    for (const [vendorCode, change] of [
      ['total_differs', { total: '490.01' }],
      ['currency_differs', { currency: 'USD' }],
      ['customer_differs', { customer: { externalId: other } }],
    ] as const)
      expect(await failureOf(target.invoices.find(http, { ...invoice, ...change }))).toMatchObject({
        vendorCode,
      });
  });

  test('a draft is a draft until a person posts it, and is deleted where an approved one is voided', async () => {
    const { http, contact, books } = await open();
    const draft = await target.invoices.create(http, invoiceFor(contact, { draft: true }), 'a');
    expect(draft.status).toBe('draft');
    await target.voidInvoice!(http, draft, 'b');
    expect(books.tables.documents.get(draft.externalId)!.Status).toBe('DELETED');
    const posted = await target.invoices.create(http, invoiceFor(contact, { number: 'HUB-2' }), 'c');
    expect(await target.voidInvoice!(http, posted, 'd')).toMatchObject({ status: 'void', balance: '0.00' });
    expect(books.tables.documents.get(posted.externalId)!.Status).toBe('VOIDED');
  });

  test('what is paid can be neither voided nor changed', async () => {
    const { http, contact, books } = await open();
    const invoice = invoiceFor(contact);
    const { externalId } = await target.invoices.create(http, invoice, 'a');
    books.pay(externalId, '490.00', '2026-04-02');
    const paid = (await target.readInvoice(http, externalId))!;
    expect(paid).toMatchObject({ status: 'paid', balance: '0.00' });
    expect(await failureOf(target.voidInvoice!(http, paid, 'b'))).toBeInstanceOf(InvalidRequest);
    expect(await failureOf(target.updateInvoice!(http, paid, invoice, 'c'))).toBeInstanceOf(InvalidRequest);
  });

  test('an update replaces the lines, unless somebody changed the invoice meanwhile', async () => {
    const { http, contact, books, later } = await open();
    const invoice = invoiceFor(contact);
    const made = await target.invoices.create(http, invoice, 'a');
    const half = {
      ...invoice,
      lines: [{ ...line, quantity: '1.75', amount: '245.00' }],
      net: '245.00',
      total: '245.00',
    };
    later(1);
    const changed = await target.updateInvoice!(http, made, half, 'b');
    expect(changed).toMatchObject({ total: '245.00', number: invoice.number });
    later(1);
    books.touch(made.externalId);
    expect(await failureOf(target.updateInvoice!(http, changed, invoice, 'c'))).toMatchObject({
      vendorCode: 'changed_there',
    });
  });

  test('project codes stand on the lines as options of the tracking category', async () => {
    const { http, contact, books } = await open();
    expect(await target.dimension!.find(http, 'hull')).toBe('HULL');
    expect(await target.dimension!.find(http, 'DECK')).toBe('DECK Deck works');
    expect(await target.dimension!.find(http, 'DEC')).toBeNull();
    const invoice = invoiceFor(contact, { lines: [{ ...line, dimension: 'DECK Deck works' }] });
    const { externalId } = await target.invoices.create(http, invoice, 'a');
    expect(books.tables.documents.get(externalId)!.lines[0]!.Tracking).toEqual([
      { Name: 'Project', Option: 'DECK Deck works' },
    ]);
  });

  test('mail goes to the contact’s own address, once, or not at all', async () => {
    const { http, contact, books } = await open();
    const made = await target.invoices.create(http, invoiceFor(contact), 'a');
    expect(await failureOf(target.emailInvoice!(http, made, 'boss@acme.example'))).toMatchObject({
      vendorCode: 'email_differs',
    });
    await target.emailInvoice!(http, made, 'AP@acme.example');
    // Asked again, as after an answer that was lost.
    await target.emailInvoice!(http, made, 'ap@acme.example');
    expect(books.tables.mails).toEqual([{ invoiceId: made.externalId, to: 'ap@acme.example' }]);
  });

  test('a long item name is cut to a code that finds it again, and one that exists under another code is used', async () => {
    const { http, books } = await open();
    const name = 'Underwater inspection of the hull by certified divers';
    const code = await target.items.create(http, { name }, 'a');
    expect(code.length).toBeLessThanOrEqual(30);
    expect(await target.items.find(http, { name })).toBe(code);
    books.tables.items.set('W-1', {
      Code: 'W-1',
      Name: 'Work',
      ItemID: crypto.randomUUID(),
      IsSold: true,
      IsPurchased: true,
    });
    expect(await target.items.find(http, { name: 'Work' })).toBe('W-1');
    expect(await target.items.find(http, { name: 'Wo"rk' })).toBeNull();
  });

  test('a contact made meanwhile by somebody else is taken, not made twice', async () => {
    const { http, contact, books } = await open();
    expect(await target.customers.create(http, { name: 'ACME', email: null, currency: 'EUR' }, 'a')).toBe(
      contact,
    );
    books.addContact({ Name: 'Old Harbour', ContactStatus: 'ARCHIVED' });
    expect(
      await target.customers.find(http, { name: 'Old Harbour', email: null, currency: 'EUR' }),
    ).toBeNull();
    // Part of a name is not the name.
    expect(await target.customers.find(http, { name: 'Acm', email: null, currency: 'EUR' })).toBeNull();
  });
});

describe('money at Xero', () => {
  test('a credit note is applied to its invoice once, and refunded from the bank', async () => {
    const { http, contact } = await open();
    const invoice = invoiceFor(contact);
    const booked = await target.invoices.create(http, invoice, 'a');
    const note = { ...invoiceFor(contact, { number: 'CN-1' }), invoice: booked };
    const made = await target.creditNotes!.create(http, note, 'b');
    const application = {
      key: 'ap-1',
      creditNote: made,
      invoice: booked,
      amount: '400.00',
      on: '2026-04-01',
    };
    expect(await target.creditApplications!.find(http, application)).toBeNull();
    const applied = await target.creditApplications!.create(http, application, 'c');
    expect(await target.creditApplications!.find(http, application)).toEqual(applied);
    expect(await target.readInvoice(http, booked.externalId)).toMatchObject({
      balance: '90.00',
      status: 'partially_paid',
    });
    const refund = {
      key: 'rf-1',
      customer: { externalId: contact },
      creditNote: made,
      payment: null,
      amount: '90.00',
      currency: 'EUR',
      on: '2026-04-02',
      reference: 'SEPA',
    };
    expect(await target.refunds!.find(http, refund)).toBeNull();
    const refunded = await target.refunds!.create(http, refund, 'd');
    expect(await target.refunds!.find(http, refund)).toEqual(refunded);
    expect(await target.creditNotes!.find(http, note)).toMatchObject({ balance: '0.00', status: 'paid' });
  });

  test('two contractors may use one number: a bill is known by its link', async () => {
    const { http, books } = await open();
    const bills = ['Cora', 'Dan'].map((Name) => ({
      ...invoiceFor('', { number: 'R-1' }),
      vendor: { externalId: books.addContact({ Name }) },
    }));
    for (const bill of bills) {
      expect(await target.bills!.find(http, bill)).toBeNull();
      const made = await target.bills!.create(http, bill, bill.key);
      expect(await target.bills!.find(http, bill)).toEqual(made);
    }
    expect(await target.bills!.find(http, { ...bills[0]!, key: 'another' })).toBeNull();
    const made = (await target.bills!.find(http, bills[0]!))!;
    const payment = {
      key: 'bp-1',
      bill: made,
      vendor: bills[0]!.vendor,
      amount: '490.00',
      currency: 'EUR',
      on: '2026-04-02',
      reference: null,
    };
    const paid = await target.billPayments!.create(http, payment, 'p');
    expect(await target.billPayments!.find(http, payment)).toEqual(paid);
    // Money that went out is no payment of a client.
    expect((await all(target.paymentsSince(http, null))).flatMap((page) => page.payments)).toEqual([]);
  });

  test('hundreds of payments of one second are each told once, and a deleted one reopens its invoice', async () => {
    const { http, contact, books, later } = await open();
    const { externalId } = await target.invoices.create(http, invoiceFor(contact), 'a');
    const paid = Array.from({ length: 250 }, () => books.pay(externalId, '1.00', '2026-04-02'));
    const pages = await all(target.paymentsSince(http, null));
    const told = pages.flatMap((page) => page.payments.map((payment) => payment.externalId));
    expect([...told].sort()).toEqual([...paid].sort());
    later(60);
    books.removePayment(paid[7]!);
    const changed = (await all(target.paymentsSince(http, pages.at(-1)!.checkpoint))).flatMap(
      (page) => page.payments,
    );
    expect(changed.filter(({ deleted }) => deleted)).toMatchObject([
      { externalId: paid[7], amount: '0.00', applications: [] },
    ]);
    expect(await target.readInvoice(http, externalId)).toMatchObject({ balance: '241.00' });
  });

  test('invoices that were edited or voided there are told, those of others are not', async () => {
    const { http, contact, books, later } = await open();
    const made = await target.invoices.create(http, invoiceFor(contact), 'a');
    books.addInvoice(contact, 'THEIRS-1', '5.00');
    const first = await all(target.invoicesSince!(http, null));
    expect(first.flatMap(({ invoices }) => invoices.map(({ number }) => number))).toEqual(['HUB-2026-0042']);
    later(60);
    books.setStatus(made.externalId, 'VOIDED');
    const second = await all(target.invoicesSince!(http, first.at(-1)!.checkpoint));
    expect(second.flatMap(({ invoices }) => invoices)).toMatchObject([
      { externalId: made.externalId, status: 'void' },
    ]);
  });

  test('a date of .NET is a day in UTC', () => {
    expect(instantOfXero('/Date(1552326816230)/')).toBe('2019-03-11T17:53:36.230Z');
    expect(instantOfXero('/Date(1552326816230+1300)/')).toBe('2019-03-11T17:53:36.230Z');
    expect(instantOfXero('2019-03-11')).toBeNull();
  });
});

describe('what Xero says no to', () => {
  test.each([
    ['minute', '17', 17_000, 23_000],
    ['day', '36000', 36_000_000, 36_000_000],
    ['concurrent', undefined, 2_000, 2_000],
    ['', undefined, 60_000, 66_000],
  ])('429 of the %s limit waits as long as it is told', (problem, wait, least, most) => {
    const headers = {
      ...(problem ? { 'x-rate-limit-problem': problem } : {}),
      ...(wait === undefined ? {} : { 'retry-after': wait }),
    };
    const error = classify(429, null, headers) as Throttled;
    expect(error).toBeInstanceOf(Throttled);
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(error.retryAfterMs).toBeLessThanOrEqual(most);
  });

  test('sixty calls a minute and no more, with the rest told in headers', async () => {
    const { http, later } = await open({ limits: { minute: 3, day: 5 } });
    const seen = [];
    for (let n = 0; n < 3; n += 1) seen.push(xero.quotaOf!((await http.get('/Organisation')).headers));
    expect(seen.map((quota) => quota!.left)).toEqual([2, 1, 0]);
    expect(await failureOf(http.get('/Organisation'))).toMatchObject({
      kind: 'Throttled',
      vendorCode: 'minute',
    });
    later(1);
    for (let n = 0; n < 2; n += 1) await http.get('/Organisation');
    later(1);
    expect(await failureOf(http.get('/Organisation'))).toMatchObject({
      kind: 'Throttled',
      vendorCode: 'day',
    });
  });

  test('a validation exception speaks in its own words, under 400 too', () => {
    const failed = { HasErrors: true, ValidationErrors: [{ Message: 'Account code must be specified' }] };
    const body = {
      ErrorNumber: 10,
      Type: 'ValidationException',
      Message: 'A validation exception occurred',
      Elements: [failed],
    };
    expect(classify(400, body, {})).toMatchObject({
      kind: 'InvalidRequest',
      message: expect.stringContaining('Account code'),
    });
    expect(classify(400, { message: 'bad', modelState: { page: ['too large'] } }, {})).toMatchObject({
      message: expect.stringContaining('too large'),
    });
    // A list that is read is not a write that failed.
    expect(classify(200, { Contacts: [{ HasErrors: false }, { HasErrors: true }] }, {})).toBeNull();
  });

  test('without the organisation’s header nothing is answered', async () => {
    const { sandbox } = await open();
    const stranger = httpTo(xero, sandbox.url, { settings: { ...settings, tenantId: crypto.randomUUID() } });
    expect(await failureOf(stranger.get('/Organisation'))).toBeInstanceOf(AuthorizationLost);
  });

  test('an XML answer is no answer', async () => {
    const { origin } = await serve((_, response) => response.writeHead(200).end('<Response/>'));
    expect(await failureOf(httpTo(xero, origin, { settings }).get('/Organisation'))).toBeInstanceOf(
      Unavailable,
    );
  });
});

describe('signing in to Xero', () => {
  test('the organisations that the sign-in reaches are told, without practices', async () => {
    const { sandbox } = await open();
    // Before one is chosen there is no setting yet; the header is simply not sent.
    const http = httpTo({ ...xero, settings: {} }, sandbox.url, { settings: {} });
    expect(await xero.accounts!(http)).toEqual([
      { externalId: tenantId, name: 'Sandbox Marine Engineering', settings: { tenantId } },
    ]);
    expect(sandbox.requests.at(-1)!.headers['xero-tenant-id']).toBeUndefined();
  });

  test('only granular scopes are asked for, with the one that yields a refresh token', () => {
    const { scopes } = xero.auth.oauth!;
    expect(scopes).toContain('offline_access');
    expect(scopes).not.toContain('accounting.transactions');
  });
});

describe('webhooks of Xero', () => {
  const webhooks = xero.webhooks!;
  const key = 'T2gsIGl0IGxvb2tzIGxpa2UgYmFzZTY0';
  const sent = (body: unknown, secret = key) => {
    const rawBody = Buffer.from(JSON.stringify(body));
    const signature = createHmac('sha256', secret).update(rawBody).digest('base64');
    return { rawBody, headers: { 'x-xero-signature': signature }, query: {} };
  };
  const empty = { events: [], firstEventSequence: 0, lastEventSequence: 0, entropy: 'S0m3r4Nd0mt3xt' };
  const event = {
    resourceUrl: 'https://api.xero.com/api.xro/2.0/Invoices/717f2bfc-c6d4-41fd-b238-3f2f0c0cf777',
    resourceId: '717f2bfc-c6d4-41fd-b238-3f2f0c0cf777',
    eventDateUtc: '2026-03-21T01:15:39.902',
    eventType: 'UPDATE',
    eventCategory: 'INVOICE',
    tenantId,
    tenantType: 'ORGANISATION',
  };

  test('the intent to receive: 200 for what is signed well, 401 for what is signed wrongly on purpose', () => {
    expect(webhooks.handshake!(sent(empty), key, true)).toEqual({ answer: { status: 200 } });
    expect(webhooks.handshake!(sent(empty, 'wrong'), key, true)).toEqual({ answer: { status: 401 } });
    expect(webhooks.handshake!(sent({ ...empty, events: [event] }), key, true)).toBeNull();
    expect(webhooks.acknowledges).toBe(200);
  });

  test('the key is used as the text that it is, not as base64', () => {
    const delivery = sent({ ...empty, events: [event] });
    expect(webhooks.verify(delivery, key)).toBe(true);
    const decoded = Buffer.from(key, 'base64').toString('utf8');
    expect(webhooks.verify(sent({ ...empty, events: [event] }, decoded), key)).toBe(false);
  });

  test('a time without a zone is UTC, and the tenant says whose it is', () => {
    expect(webhooks.events(sent({ ...empty, events: [event, { ...event, eventType: 'CREATE' }] }))).toEqual([
      {
        account: tenantId,
        entity: 'invoice',
        externalId: event.resourceId,
        change: 'updated',
        occurredAt: '2026-03-21T01:15:39.902Z',
      },
      expect.objectContaining({ change: 'created' }),
    ]);
  });

  test('a body of another form does not pass in silence', async () => {
    expect(() => webhooks.events(sent({ happenings: [] }))).toThrow(InvalidRequest);
    const { origin } = await serve((_, response) => json(response, 200, { Organisations: [] }));
    expect(
      await failureOf(
        httpTo(xero, origin, { settings })
          .get('/Organisation')
          .then(() => read(httpTo(xero, origin, { settings }))),
      ),
    ).toBeInstanceOf(Unavailable);
  });
});
