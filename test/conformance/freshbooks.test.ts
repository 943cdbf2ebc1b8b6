import { describe, expect, onTestFinished, test } from 'vitest';
import { freshbooks } from '../../connectors/freshbooks/index.ts';
import {
  type FreshbooksSandboxOptions,
  startFreshbooksSandbox,
} from '../../connectors/freshbooks/sandbox.ts';
import { signedText } from '../../connectors/freshbooks/webhooks.ts';
import type { TargetInvoice, TargetTimeEntry } from '../../connectors/kit/define.ts';
import { AuthorizationLost, InvalidRequest, Unavailable } from '../../connectors/kit/errors.ts';
import { all, failureOf, httpTo } from './loopback.ts';

const source = freshbooks.timeSource!;
const target = freshbooks.invoiceTarget!;
const settings = { accountId: 'ZyQ04o', businessId: '6543' };

/** A business with one person, client and project; its clock stands at 2026-03-20, noon UTC. */
async function business(options: Partial<FreshbooksSandboxOptions> = {}) {
  let nowMs = Date.parse('2026-03-20T12:00:00Z');
  const sandbox = await startFreshbooksSandbox({
    accountId: 'ZyQ04o',
    businessId: 6543,
    accessToken: 'token-one',
    refreshToken: 'refresh-one',
    clientId: 'app',
    clientSecret: 'app-secret',
    tokenLifeMs: 400 * 86_400_000,
    rateLimit: 'off',
    now: () => new Date(nowMs),
    ...options,
  });
  onTestFinished(() => sandbox.close());
  const personId = sandbox.addPerson({ name: 'Ines Roth', email: 'ines@nordwerft.example' });
  const clientId = sandbox.addClient({ organization: 'Nordlicht GmbH', currency_code: 'CAD' });
  const projectId = sandbox.addProject({ title: 'Import rebuild', clientId, rate: '140.00' });
  const serviceId = sandbox.addService('Development');
  const itemId = sandbox.addItem('API design');
  return {
    sandbox,
    personId,
    clientId,
    projectId,
    itemId: String(itemId),
    /** Two hours on the fourth of March, 20:00 UTC, in Toronto; as printed in FreshBooks' pages. */
    entry: (change: Parameters<typeof sandbox.changeEntry>[1] = {}) =>
      String(
        sandbox.addEntry({
          identity_id: personId,
          started_at: '2026-03-04T20:00:00Z',
          local_started_at: '2026-03-04T15:00:00',
          local_timezone: 'America/Toronto',
          duration: 7_200,
          client_id: clientId,
          project_id: projectId,
          service_id: serviceId,
          note: 'Workshop',
          ...change,
        }),
      ),
    later: (minutes: number) => {
      nowMs += minutes * 60_000;
    },
    http: (more: Record<string, string> = {}) =>
      httpTo(freshbooks, sandbox.url, { settings: { ...settings, ...more } }),
  };
}
type Business = Awaited<ReturnType<typeof business>>;

async function poll({ http }: Pick<Business, 'http'>, checkpoint: string | null, more = {}) {
  const pages = await all(source.changedSince!(http(more), checkpoint));
  return {
    entries: pages.flatMap((page) => page.entries),
    deleted: pages.flatMap((page) => page.deleted ?? []),
    unreadable: pages.flatMap((page) => page.unreadable),
    checkpoint: pages.at(-1)!.checkpoint,
  };
}
const posting = (method: string, path: string) => method === 'POST' && path.endsWith('/invoices');

describe('time is read', () => {
  test('everybody’s, with names, rate, zone and the local day', async () => {
    const here = await business();
    const id = here.entry();
    const { entries, unreadable } = await poll(here, null);
    expect(unreadable).toEqual([]);
    expect(entries).toEqual([
      {
        externalId: id,
        kind: 'labor',
        workDate: '2026-03-04',
        zone: 'America/Toronto',
        startedAt: '2026-03-04T20:00:00.000Z',
        endedAt: '2026-03-04T22:00:00.000Z',
        quantity: 7_200,
        person: {
          externalId: String(here.personId),
          code: null,
          name: 'Ines Roth',
          email: 'ines@nordwerft.example',
        },
        client: { externalId: String(here.clientId), code: null, name: 'Nordlicht GmbH' },
        project: { externalId: String(here.projectId), code: null, name: 'Import rebuild' },
        task: expect.objectContaining({ name: 'Development' }) as unknown,
        position: null,
        billable: true,
        running: false,
        approval: 'unsubmitted',
        billedElsewhere: false,
        notes: 'Workshop',
        rate: '140',
        cost: null,
        currency: 'CAD',
        sourceUpdatedAt: null,
      },
    ]);
  });

  test('a caller who forgets "team" would see one person only', async () => {
    const here = await business();
    const id = here.entry();
    const { body } = await here.http().get('/timetracking/business/6543/time_entries');
    expect(body).toMatchObject({ time_entries: [], meta: { total: 0 } });
    expect((await poll(here, null)).entries.map(({ externalId }) => externalId)).toEqual([id]);
  });

  test('a page size above 100 is capped in silence: 101 entries are two pages', async () => {
    const here = await business();
    for (let n = 0; n < 101; n += 1) here.entry();
    const { body } = await here.http().get('/timetracking/business/6543/time_entries', {
      query: { team: true, per_page: 500 },
    });
    expect(body).toMatchObject({ meta: { per_page: 100, pages: 2 } });
    expect((await poll(here, null)).entries).toHaveLength(101);
  });

  test('from half an hour before the last reading began, with what was deleted', async () => {
    const here = await business();
    const [kept, gone] = [here.entry(), here.entry()];
    const first = await poll(here, null);
    expect(first.checkpoint).toBe('2026-03-20T12:00:00.000Z');
    here.later(120);
    here.sandbox.changeEntry(Number(gone), { active: false });
    here.sandbox.requests.length = 0;
    const second = await poll(here, first.checkpoint);
    expect(here.sandbox.requests[0]!.query).toEqual({
      updated_since: '2026-03-20T11:30:00Z',
      include_deleted: 'true',
      team: 'true',
      include_unlogged: 'true',
      page: '1',
      per_page: '100',
    });
    // What changed in the overlap is told again.
    expect(second).toMatchObject({ entries: [{ externalId: kept }], deleted: [gone] });
    here.later(120);
    expect(await poll(here, second.checkpoint)).toMatchObject({ entries: [], deleted: [gone] });
    here.later(120);
    here.sandbox.requests.length = 0;
    expect(await poll(here, '2026-03-20T18:00:00.000Z')).toMatchObject({ entries: [], deleted: [] });
    // An idle poll is one call: names are not read for nothing.
    expect(here.sandbox.requests).toHaveLength(1);
  });

  test('a running timer is no finished work, whatever length it has', async () => {
    const here = await business();
    here.entry({ is_logged: false, duration: null, timer: { id: 1, is_running: true } });
    here.entry({ is_logged: false, duration: 600, timer: null });
    expect((await poll(here, null)).entries).toMatchObject([
      { running: true, quantity: 600, endedAt: null },
      { running: true, quantity: 0, endedAt: null },
    ]);
  });

  test('billed there is settled elsewhere; what we put there does not come back as new work', async () => {
    const here = await business();
    here.entry({ billed: true });
    here.entry({ note: 'Hull refit slipway:0f5b6f4e-0000-4000-8000-000000000001' });
    expect((await poll(here, null)).entries.map((entry) => entry.billedElsewhere)).toEqual([true, true]);
  });

  test('without a local start the day is reckoned in the zone, else in the business’s, else it is quarantined', async () => {
    const here = await business();
    const late = { started_at: '2026-03-05T03:30:00Z', local_started_at: null as unknown as string };
    here.entry(late);
    here.entry({ ...late, local_timezone: null as unknown as string });
    const without = await poll(here, null);
    expect(without.entries.map(({ workDate }) => workDate)).toEqual(['2026-03-04']);
    expect(without.unreadable).toMatchObject([{ reason: 'local_started_at.missing' }]);
    const tokyo = await poll(here, null, { timeZone: 'Asia/Tokyo' });
    expect(tokyo.entries.map(({ workDate }) => workDate)).toEqual(['2026-03-05', '2026-03-04']);
  });

  test('a duration that is no whole number of seconds is quarantined, and the rest arrives', async () => {
    const here = await business();
    const [odd, good] = [here.entry({ duration: 1.5 }), here.entry()];
    expect(await poll(here, null)).toMatchObject({
      entries: [{ externalId: good }],
      unreadable: [{ position: odd, reason: 'duration.invalid' }],
    });
  });

  test('a foreign checkpoint is refused before any call', async () => {
    const here = await business();
    expect(await failureOf(poll(here, '42'))).toMatchObject({ vendorCode: 'checkpoint_invalid' });
    expect(here.sandbox.requests).toEqual([]);
  });
});

describe('time is written', () => {
  const wanted = (here: Business, change: Partial<TargetTimeEntry> = {}): TargetTimeEntry => ({
    key: '0f5b6f4e-0000-4000-8000-000000000001',
    workDate: '2026-03-10',
    seconds: 5_431,
    startedAt: null,
    person: { externalId: String(here.personId) },
    customer: { externalId: String(here.clientId) },
    projectExternalId: String(here.projectId),
    itemExternalId: null,
    billable: true,
    hourlyRate: '80.00',
    description: 'Hull refit',
    ...change,
  });

  test('an entry from elsewhere is made once, for the person whose it is', async () => {
    const here = await business();
    const { timeTarget } = freshbooks;
    const people = timeTarget!.people!;
    expect(await people.find(here.http(), { name: 'Somebody', email: 'INES@nordwerft.example' })).toBe(
      String(here.personId),
    );
    expect(await people.find(here.http(), { name: 'ines roth', email: null })).toBe(String(here.personId));
    expect(await people.find(here.http(), { name: 'Nobody', email: null })).toBeNull();
    const entry = wanted(here);
    expect(await timeTarget!.find(here.http(), entry)).toBeNull();
    here.sandbox.fault({ kind: 'commit_then_drop', times: 1, match: (method) => method === 'POST' });
    expect(await failureOf(timeTarget!.create(here.http(), entry, 'k'))).toBeInstanceOf(Unavailable);
    const [made] = here.sandbox.entries.values();
    expect(made).toMatchObject({
      identity_id: here.personId,
      client_id: here.clientId,
      project_id: here.projectId,
      started_at: '2026-03-10T12:00:00Z',
      duration: 5_431,
      is_logged: true,
      billable: true,
      note: 'Hull refit slipway:0f5b6f4e-0000-4000-8000-000000000001',
    });
    expect(await timeTarget!.find(here.http(), entry)).toEqual({
      externalId: String(made!.id),
      versionToken: null,
    });
    expect(await timeTarget!.find(here.http(), wanted(here, { key: 'another' }))).toBeNull();
    expect(here.sandbox.entries.size).toBe(1);
  });

  test('a mark as billed keeps everything else of the entry, and can be taken back', async () => {
    const here = await business();
    const [id, running] = [
      here.entry(),
      here.entry({ is_logged: false, timer: { id: 1, is_running: true } }),
    ];
    const before = { ...here.sandbox.entries.get(Number(id)) };
    const marks = freshbooks.billedMarks!;
    expect(await marks.mark(here.http(), [id, running, '42'], true)).toEqual({
      done: [id],
      refused: [
        { externalId: running, reason: 'Its timer still runs.' },
        { externalId: '42', reason: 'FreshBooks no longer has this entry.' },
      ],
    });
    expect(here.sandbox.entries.get(Number(id))).toEqual({ ...before, billed: true });
    await marks.mark(here.http(), [id], false);
    expect(here.sandbox.entries.get(Number(id))).toEqual(before);
  });
});

describe('invoices', () => {
  function anInvoice(here: Business, change: Partial<TargetInvoice> = {}): TargetInvoice {
    const line = {
      description: '2026-03-04, 2 h',
      itemExternalId: here.itemId,
      quantity: '17059.10',
      unitPrice: '80.00',
      amount: '1364728.00',
      serviceDate: '2026-03-04',
      taxCode: null,
    };
    return {
      key: '0f5b6f4e-0000-4000-8000-000000000002',
      number: 'HUB-00042',
      customer: { externalId: String(here.clientId) },
      currency: 'CAD',
      issueDate: '2026-03-31',
      dueDate: '2026-04-30',
      email: null,
      lines: [line],
      net: '1364728.00',
      tax: '0.00',
      total: '1364728.00',
      ...change,
    };
  }
  const only = (here: Business) => [...here.sandbox.invoices.values()][0]!;

  test('figures go out as exact digits, and the draft is marked as sent', async () => {
    const here = await business();
    const booked = await target.invoices.create(here.http(), anInvoice(here), 'k');
    expect(booked).toMatchObject({
      number: 'HUB-00042',
      net: '1364728.00',
      tax: '0.00',
      total: '1364728.00',
      balance: '1364728.00',
      currency: 'CAD',
      status: 'open',
    });
    expect(here.sandbox.requests.find(({ method }) => method === 'POST')!.body).toEqual({
      invoice: {
        customerid: here.clientId,
        create_date: '2026-03-31',
        due_offset_days: 30,
        currency_code: 'CAD',
        invoice_number: 'HUB-00042',
        notes: 'slipway:0f5b6f4e-0000-4000-8000-000000000002',
        lines: [
          {
            type: 0,
            name: 'API design',
            description: '2026-03-04, 2 h',
            qty: 17059.1,
            unit_cost: { amount: '80.00', code: 'CAD' },
          },
        ],
      },
    });
    expect(only(here).status).toBe(2);
  });

  test('a draft stays one where the card says so', async () => {
    const here = await business();
    const draft = anInvoice(here, { draft: true });
    expect(await target.invoices.create(here.http(), draft, 'k')).toMatchObject({ status: 'draft' });
    expect(await target.invoices.find(here.http(), draft)).toMatchObject({ status: 'draft' });
  });

  test('interrupted between making and sending, a find does the second half', async () => {
    const here = await business();
    const invoice = anInvoice(here);
    here.sandbox.fault({ kind: 'drop', times: 1, match: (method) => method === 'PUT' });
    expect(await failureOf(target.invoices.create(here.http(), invoice, 'k'))).toBeInstanceOf(Unavailable);
    expect(only(here).status).toBe(1);
    expect(await target.invoices.find(here.http(), invoice)).toMatchObject({ status: 'open' });
    expect(only(here).status).toBe(2);
    expect(here.sandbox.invoices.size).toBe(1);
  });

  test('tax goes by name and percentage, and is read back as what is not net', async () => {
    const here = await business();
    const hst = here.sandbox.addTax('HST', '13');
    for (const taxCode of ['HST', String(hst)]) {
      const line = {
        ...anInvoice(here).lines[0]!,
        quantity: '2.00',
        unitPrice: '140.00',
        amount: '280.00',
        taxCode,
      };
      const figures = { lines: [line], net: '280.00', tax: '36.40', total: '316.40' };
      const invoice = anInvoice(here, {
        ...figures,
        key: crypto.randomUUID(),
        number: `T-${taxCode}`.slice(0, 10),
      });
      expect(await target.invoices.create(here.http(), invoice, 'k')).toMatchObject({
        net: '280.00',
        tax: '36.40',
        total: '316.40',
      });
    }
    const taxed = anInvoice(here, { tax: '36.40', total: '1364764.40' });
    expect(await failureOf(target.invoices.create(here.http(), taxed, 'k'))).toMatchObject({
      vendorCode: 'tax_code_missing',
    });
    const [line] = taxed.lines;
    const odd = anInvoice(here, { lines: [{ ...line!, taxCode: 'PST' }] });
    expect(await failureOf(target.invoices.create(here.http(), odd, 'k'))).toMatchObject({
      vendorCode: 'tax_code_unknown',
    });
  });

  test('eleven characters of a number are refused before they are sent, unless FreshBooks counts', async () => {
    const here = await business();
    const long = anInvoice(here, { number: 'NW-2026-0042' });
    expect(await failureOf(target.invoices.create(here.http(), long, 'k'))).toMatchObject({
      vendorCode: 'number_length',
    });
    expect(here.sandbox.requests).toEqual([]);
    const theirs = { ...long, numberBy: 'platform' as const };
    const booked = await target.invoices.create(here.http(), theirs, 'k');
    expect(booked.number).toBe('0000001');
    expect(only(here).po_number).toBe('NW-2026-0042');
    expect(await target.invoices.find(here.http(), theirs)).toEqual(booked);
    expect(await target.invoices.find(here.http(), { ...theirs, key: 'another' })).toBeNull();
  });

  test('a price of more places than FreshBooks keeps is refused before it is sent', async () => {
    const here = await business();
    const line = { ...anInvoice(here).lines[0]!, quantity: '3.00', unitPrice: '33.333', amount: '100.00' };
    const invoice = anInvoice(here, { lines: [line], net: '100.00', total: '100.00' });
    expect(await failureOf(target.invoices.create(here.http(), invoice, 'k'))).toMatchObject({
      vendorCode: 'too_many_places',
    });
  });

  test('the firm’s template is left alone, or chosen', async () => {
    const here = await business();
    const styleOf = async (template: string) => {
      here.sandbox.invoices.clear();
      await target.invoices.create(here.http({ template }), anInvoice(here), 'k');
      return only(here).presentation;
    };
    expect(await styleOf('modern')).toEqual({ theme_layout: 'modern' });
    // As the last one was: nothing is sent.
    expect(await styleOf('firm')).toEqual({ theme_layout: 'modern' });
    expect(await styleOf('none')).toBeNull();
    expect(await failureOf(styleOf('fancy'))).toMatchObject({ vendorCode: 'settings_invalid' });
  });

  test('a change is made only over what was read last', async () => {
    const here = await business();
    const booked = await target.invoices.create(here.http(), anInvoice(here), 'k');
    const line = { ...anInvoice(here).lines[0]!, quantity: '2.00', amount: '160.00' };
    const smaller = anInvoice(here, { lines: [line], net: '160.00', total: '160.00' });
    here.later(10);
    const after = await target.updateInvoice!(here.http(), booked, smaller, 'k');
    expect(after).toMatchObject({ total: '160.00', status: 'open' });
    here.later(10);
    here.sandbox.changeInvoice(Number(booked.externalId), { notes: 'by hand' });
    expect(await failureOf(target.updateInvoice!(here.http(), after, smaller, 'k'))).toMatchObject({
      vendorCode: 'changed_meanwhile',
    });
  });

  test('deleted is void, archived is still owed', async () => {
    const here = await business();
    const invoice = anInvoice(here);
    const booked = await target.invoices.create(here.http(), invoice, 'k');
    here.sandbox.changeInvoice(Number(booked.externalId), { vis_state: 2 });
    expect(await target.readInvoice(here.http(), booked.externalId)).toMatchObject({ status: 'open' });
    expect(await target.voidInvoice!(here.http(), booked, 'k')).toMatchObject({ status: 'void' });
    // In no list any more, and found by id.
    expect(await target.invoices.find(here.http(), invoice)).toBeNull();
    expect(await target.readInvoice(here.http(), booked.externalId)).toMatchObject({ status: 'void' });
    expect(await failureOf(target.updateInvoice!(here.http(), booked, invoice, 'k'))).toMatchObject({
      vendorCode: 'gone',
    });
  });

  test('its own mail goes where it is told', async () => {
    const here = await business();
    const booked = await target.invoices.create(here.http(), anInvoice(here), 'k');
    await target.emailInvoice!(here.http(), booked, 'ap@acme.example');
    expect(only(here).emailed_to).toEqual(['ap@acme.example']);
  });

  test('two clients of one name are never guessed between; another currency is another client', async () => {
    const here = await business();
    const party = (currency: string) => ({ name: 'nordlicht gmbh', email: null, currency });
    expect(await target.customers.find(here.http(), party('CAD'))).toBe(String(here.clientId));
    expect(await target.customers.find(here.http(), party('USD'))).toBeNull();
    here.sandbox.addClient({ organization: 'Nordlicht GmbH', currency_code: 'CAD' });
    expect(await failureOf(target.customers.find(here.http(), party('CAD')))).toMatchObject({
      vendorCode: 'client_ambiguous',
    });
  });

  test('a "no" in either form, also under 200, is one; "not there" is null', async () => {
    const here = await business();
    const strange = anInvoice(here, { customer: { externalId: '42' } });
    for (const form of ['old', 'under 200', 'new']) {
      here.sandbox.errorsUnder200(form === 'under 200');
      here.sandbox.newErrors(form === 'new');
      const error = await failureOf(target.invoices.create(here.http(), strange, 'k'));
      expect(error, form).toBeInstanceOf(InvalidRequest);
      expect(error, form).toMatchObject({ vendorCode: '1012' });
      expect((error as Error).message).toMatch(/Client not found/);
      expect(await target.readInvoice(here.http(), '42'), form).toBeNull();
    }
    expect(here.sandbox.invoices.size).toBe(0);
    const lost = { response: { errors: [{ errno: 1003, message: 'The server could not verify you.' }] } };
    here.sandbox.fault({ kind: 'status', status: 200, body: lost, times: 1 });
    expect(await failureOf(target.readInvoice(here.http(), '42'))).toBeInstanceOf(AuthorizationLost);
  });

  test('an answer lost after the booking is looked for and never booked twice', async () => {
    const here = await business();
    const invoice = anInvoice(here);
    here.sandbox.fault({ kind: 'commit_then_drop', times: 1, match: posting });
    expect(await failureOf(target.invoices.create(here.http(), invoice, 'k'))).toBeInstanceOf(Unavailable);
    expect(await target.invoices.find(here.http(), invoice)).toMatchObject({ total: '1364728.00' });
    expect(here.sandbox.invoices.size).toBe(1);
  });

  test('payments: times of New York, days only, and deletions that no list shows', async () => {
    const here = await business();
    const { externalId } = await target.invoices.create(here.http(), anInvoice(here), 'k');
    const read = async (checkpoint: string | null) => {
      const pages = await all(target.paymentsSince(here.http(), checkpoint));
      return { payments: pages.flatMap(({ payments }) => payments), checkpoint: pages.at(-1)!.checkpoint };
    };
    const [kept, gone] = [1, 2].map((n) =>
      String(here.sandbox.pay(Number(externalId), `${n}00.10`, '2026-03-19')),
    );
    const first = await read(null);
    // 12:00 UTC is 8:00 in New York, which is what FreshBooks writes.
    expect(here.sandbox.payments.get(Number(kept))!.updated).toBe('2026-03-20 08:00:00');
    expect(first.payments).toEqual([
      {
        externalId: kept,
        valueDate: '2026-03-19',
        currency: 'CAD',
        amount: '100.10',
        applications: [{ invoiceExternalId: externalId, amount: '100.10' }],
        reference: 'W-1',
        deleted: false,
        updatedAt: '2026-03-20T12:00:00.000Z',
      },
      expect.objectContaining({ externalId: gone, amount: '200.10' }),
    ]);
    here.later(10);
    here.sandbox.removePayment(Number(gone));
    here.sandbox.requests.length = 0;
    const second = await read(first.checkpoint);
    expect(here.sandbox.requests[0]!.query).toMatchObject({ 'search[updated_min]': '2026-01-19' });
    expect(second.payments).toMatchObject([
      { externalId: gone, deleted: true, amount: '0.00', applications: [] },
    ]);
    expect((await read(second.checkpoint)).payments).toEqual([]);
    expect(await failureOf(read('{"told":7}'))).toMatchObject({ vendorCode: 'checkpoint_invalid' });
  });
});

describe('signing in', () => {
  test('the two ids must be those of one business', async () => {
    const { http } = await business();
    expect(await freshbooks.test(http())).toEqual({ account: 'Sandbox Marine Engineering', warnings: [] });
    for (const wrong of [
      { accountId: '6543' },
      { businessId: 'ZyQ04o' },
      { businessId: '99' },
      { accountId: 'OtHer1' },
    ])
      expect(await failureOf(freshbooks.test(http(wrong)))).toMatchObject({ vendorCode: 'settings_invalid' });
    // The wrong kind of id finds nothing there.
    expect(await failureOf(all(target.paymentsSince(http({ accountId: '6543' }), null)))).toMatchObject({
      vendorCode: '1012',
    });
  });

  test('all businesses that the sign-in reaches are offered', async () => {
    const { http } = await business();
    expect(await freshbooks.accounts!(http())).toEqual([
      { externalId: '6543', name: 'Sandbox Marine Engineering', settings },
      { externalId: '99', name: 'Another business', settings: { accountId: 'OtHer1', businessId: '99' } },
    ]);
  });

  test('whoever is only an employee is told that the rest is missing', async () => {
    const { http } = await business({ role: 'business_employee' });
    expect((await freshbooks.test(http())).warnings).toHaveLength(1);
  });

  test('a GET with a content type is refused by time and projects, and ours have none', async () => {
    const here = await business();
    const answer = await fetch(`${here.sandbox.url}/timetracking/business/6543/time_entries`, {
      headers: { authorization: 'Bearer token-one', 'content-type': 'application/json' },
    });
    expect(answer.status).toBe(400);
    await poll(here, null);
  });
});

describe('webhooks', () => {
  const webhooks = freshbooks.webhooks!;
  // Written by Python's own json.dumps and hmac.
  const body =
    'name=invoice.create&object_id=1234567&account_id=6BApk&business_id=6543&identity_id=1234&user_id=1&note=M%C3%BCller+%22A%22%3A+1%2C+%F0%9F%9A%80+%0A%7F%E2%82%AC';
  const signature = 'sFeqff2it93G/zIbIY1Cy1OTuhREw9xMElu0RiEArZM=';
  const request = {
    rawBody: Buffer.from(body),
    headers: { 'x-freshbooks-hmac-sha256': signature },
    query: {},
  };

  test('are signed over Python’s JSON, which is written by hand', () => {
    expect(signedText([...new URLSearchParams(body)])).toBe(
      String.raw`{"name": "invoice.create", "object_id": "1234567", "account_id": "6BApk", "business_id": "6543", "identity_id": "1234", "user_id": "1", "note": "M\u00fcller \"A\": 1, \ud83d\ude80 \n\u007f\u20ac"}`,
    );
    expect(webhooks.verify(request, 'verifier-1')).toBe(true);
    expect(webhooks.verify(request, 'verifier-2')).toBe(false);
    const swapped = body.replace(
      'name=invoice.create&object_id=1234567',
      'object_id=1234567&name=invoice.create',
    );
    expect(webhooks.verify({ ...request, rawBody: Buffer.from(swapped) }, 'verifier-1')).toBe(false);
  });

  test('say what to read again', () => {
    expect(webhooks.events(request)).toEqual([
      { account: '6BApk', entity: 'invoice', externalId: '1234567', change: 'created', occurredAt: null },
    ]);
    const mailed = { ...request, rawBody: Buffer.from('name=invoice.sendByEmail&object_id=7') };
    expect(webhooks.events(mailed)).toMatchObject([{ account: null, change: 'emailed' }]);
  });

  test('a callback for each kind proves itself with a verifier of its own', async () => {
    const { sandbox, http } = await business();
    const made = await webhooks.subscribe!(http(), { url: 'https://hub.example/hooks/1', secret: 'unused' });
    expect(sandbox.callbacks.map(({ event }) => event)).toEqual(['time_entry', 'invoice', 'payment']);
    for (const { id, verifier } of sandbox.callbacks) {
      const form = new URLSearchParams({ name: 'callback.verify', object_id: String(id), verifier });
      const proof = { rawBody: Buffer.from(form.toString()), headers: {}, query: {} };
      // Nobody waits for it: whoever asks does not get their secret in.
      expect(webhooks.handshake!(proof, '', false)).toBeNull();
      const shaken = webhooks.handshake!(proof, '', true)!;
      expect(shaken).toMatchObject({
        answer: { status: 200 },
        learned: verifier,
        proved: { externalId: String(id) },
      });
      const subscription = made.find(({ externalId }) => externalId === String(id))!;
      await webhooks.activate!(http(), subscription, shaken.proved!);
    }
    expect(sandbox.callbacks.every(({ verified }) => verified)).toBe(true);
    expect(webhooks.handshake!(request, '', true)).toBeNull();
  });
});
