/** Owns clients over HTTP: the six steps, codes, contacts in the portal, settings that are obeyed, deletion, and CSV. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { notify } from '../../store/notifications.ts';
import {
  bill,
  carryOut,
  entryOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
  totalOf,
} from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { callerOf, cookiesOf, password, signIn, tokenOf } from '../support/sessions.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

const open = async (): Promise<Firm> => {
  const firm = await openFirm(api);
  opened.push(firm);
  return firm;
};
const acme = { name: 'Acme Marine Co', email: 'accounts@acme.example', code: 'ACM', currency: 'USD' };
const remove = (firm: Firm, path: string) => api.call('DELETE', path, { key: firm.key });
const upload = (firm: Firm, path: string, content: string) =>
  api.call('POST', path, { key: firm.key, raw: content, headers: { 'Content-Type': 'text/csv' } });

describe('the steps of a client', () => {
  test('are each saved on their own, and read as one', async () => {
    const firm = await open();
    const made = await firm.post('/clients', acme);
    expect(made.status, made.text).toBe(201);
    expect(made.json).toMatchObject({
      ...acme,
      status: 'active',
      missing: [],
      contacts: [],
      rates: [],
      documents: [],
    });
    const path = `/clients/${made.json.id}`;
    const steps = [
      {
        contactName: 'Siri Aas',
        phone: '+1 555 0100',
        website: 'https://www.acme.example',
        industry: 'Shipping',
        address: {
          lines: ['1 Quay'],
          city: 'Seattle',
          region: 'WA',
          county: 'King',
          postalCode: '98101',
          country: 'US',
        },
      },
      {
        companySize: '51-200',
        annualRevenue: '5m_20m',
        taxId: 'US-1',
        serviceType: 'Inspection',
        currentSystems: 'Maximo',
        technicalRequirements: 'None',
        complianceRequirements: ['ISO 9001', 'OSHA'],
      },
      {
        mailNotifications: false,
        quarterlyReports: true,
        autoInvoicing: true,
        language: 'nb-NO',
        tax: { rate: '25', category: 'standard' },
      },
    ];
    for (const step of steps) expect((await firm.patch(path, step)).status).toBe(200);
    const rate = { scopeType: 'client', scopeId: made.json.id, currency: 'USD', position: 'Welder' };
    const early = await firm.post('/rate-cards', { ...rate, regularRate: '80.00', validTo: '2026-05-31' });
    const late = await firm.post('/rate-cards', {
      ...rate,
      regularRate: '90.00',
      overtimeRate: '135.00',
      validFrom: '2026-06-01',
    });
    const contact = await firm.post(`${path}/contacts`, {
      name: 'Bo Lie',
      email: 'Bo@Acme.example',
      title: 'Captain',
    });
    const whole = (await firm.get(path)).json;
    expect(whole).toMatchObject({
      ...acme,
      ...steps[0],
      ...steps[1],
      ...steps[2],
      website: 'https://www.acme.example/',
    });
    expect(whole.rates).toEqual([early.json, late.json]);
    expect(whole.contacts).toMatchObject([
      { id: contact.json.id, name: 'Bo Lie', email: 'bo@acme.example', memberId: null },
    ]);
  });

  test('refuse what cannot be, and save nothing of it', async () => {
    const firm = await open();
    const { json } = await firm.post('/clients', acme);
    const before = (await firm.get(`/clients/${json.id}`)).json;
    const wrong: [Record<string, unknown>, string][] = [
      [{ website: 'javascript:alert(1)' }, '/website'],
      [{ code: 'AC' }, '/code'],
      [{ code: 'acm' }, '/code'],
      [{ code: 'AC1' }, '/code'],
      [{ email: 'nobody' }, '/email'],
      [{ phone: '<b>' }, '/phone'],
      [{ industry: 'Piracy' }, '/industry'],
      [{ complianceRequirements: ['ISO 9001', 'ISO 9001'] }, '/complianceRequirements'],
      [{ companySize: '7' }, '/companySize'],
      [{ email: null, status: 'pending' }, ''],
      [{ contactName: 'Half saved', currency: 'dollars' }, '/currency'],
    ];
    for (const [change, pointer] of wrong) {
      const answer = await firm.patch(`/clients/${json.id}`, change);
      expect([409, 422], JSON.stringify(change)).toContain(answer.status);
      if (pointer !== '') expect(answer.json.errors[0].pointer, answer.text).toBe(pointer);
    }
    expect((await firm.get(`/clients/${json.id}`)).json).toEqual(before);
    expect(
      (await firm.post('/clients', { ...acme, website: 'data:text/html,x', code: 'XXX', name: 'X' })).status,
    ).toBe(422);
    expect((await firm.get('/clients?search=XXX')).json.items).toEqual([]);
  });

  test('are a draft without an e-mail address, which has to be said, and lead to active with one', async () => {
    const firm = await open();
    const later = { name: 'Later Lines', currency: 'EUR' };
    const refused = await firm.post('/clients', later);
    expect(refused.json).toMatchObject({
      status: 422,
      code: 'client.email_missing',
      errors: [{ pointer: '/email' }],
    });
    expect((await firm.get('/clients?search=later')).json.items).toEqual([]);
    const { json } = await firm.post('/clients', { ...later, status: 'pending' });
    expect(json).toMatchObject({ status: 'pending', missing: ['email'] });
    expect(json.code).toMatch(/^[A-Z]{3}$/);
    const path = `/clients/${json.id}`;
    expect((await firm.patch(path, { status: 'active' })).json.code).toBe('client.email_missing');
    expect((await firm.patch(path, { status: 'active', email: 'a@later.example' })).json).toMatchObject({
      status: 'active',
      missing: [],
    });
    // Once it is active, the address stays.
    expect((await firm.patch(path, { email: null })).json.code).toBe('client.email_missing');
    expect((await firm.get(path)).json).toMatchObject({ status: 'active', email: 'a@later.example' });
    expect((await firm.patch(path, { status: 'archived' })).json.code).toBe('client.wrong_status');
    expect((await firm.patch(path, { status: 'inactive' })).json.status).toBe('inactive');
  });

  test('follow the lists of the workspace', async () => {
    const firm = await open();
    const { json } = await firm.post('/clients', { ...acme, industry: 'Shipping' });
    await firm.patch('/workspace', { settings: { industries: ['Fish farms'] } });
    expect((await firm.patch(`/clients/${json.id}`, { industry: 'Government' })).json.code).toBe(
      'client.not_listed',
    );
    expect((await firm.patch(`/clients/${json.id}`, { industry: 'Shipping' })).status).toBe(200);
    expect((await firm.patch(`/clients/${json.id}`, { industry: 'Fish farms' })).status).toBe(200);
  });
});

describe('the code of a client', () => {
  test('belongs to one client, also when ten ask for it at once', async () => {
    const firm = await open();
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => firm.post('/clients', { ...acme, name: `Acme ${n}` })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      201,
      ...Array<number>(9).fill(409),
    ]);
    const refused = answers.find(({ status }) => status === 409)!;
    expect(refused.json).toMatchObject({ code: 'clients.duplicate', errors: [{ pointer: '/code' }] });
    expect((await firm.get('/clients?search=acme')).json.items).toHaveLength(1);
  });

  test('is suggested from the name, and free', async () => {
    const firm = await open();
    expect((await firm.get('/clients/suggested-code?name=Acme%20Marine%20Co')).json).toEqual({ code: 'AMC' });
    await firm.post('/clients', { ...acme, code: 'AMC' });
    expect((await firm.get('/clients/suggested-code?name=Acme%20Marine%20Co')).json).toEqual({ code: 'ACM' });
  });

  test('may change until an invoice carries it, and is fixed from then on', async () => {
    const firm = await open();
    const path = `/clients/${firm.books.clientId}`;
    expect((await firm.patch(path, { code: 'NFX' })).json.code).toBe('NFX');
    await take(firm.books, [entryOf('A')]);
    await firm.run('draft');
    expect((await firm.patch(path, { code: 'NFE' })).json.code).toBe('NFE');
    await take(firm.books, [entryOf('B')]);
    await firm.run('issue');
    const refused = await firm.patch(path, { code: 'NFX', name: 'Renamed' });
    expect([refused.status, refused.json.code]).toEqual([409, 'client.code_fixed']);
    expect(refused.json.detail).toContain('NFE-0001');
    expect((await firm.get(path)).json.name).toBe('Northern Ferries');
    expect((await firm.patch(path, { code: 'NFE', name: 'Renamed' })).json.name).toBe('Renamed');
  });

  test('and the number of an invoice agree, however issuing and a new code meet', async () => {
    for (let round = 0; round < 5; round += 1) {
      const firm = await open();
      await take(firm.books, [entryOf('A')]);
      const [, changed] = await Promise.all([
        bill(api.test.database, firm.books),
        firm.patch(`/clients/${firm.books.clientId}`, { code: 'NEW' }),
      ]);
      const [invoice] = await invoicesOf(firm.books);
      const { json } = await firm.get(`/clients/${firm.books.clientId}`);
      expect(invoice!.number, changed.text).toBe(`${json.code}-0001`);
    }
  });
});

test('a list of clients is searched by name, code, contact and e-mail, and leaves archived ones out', async () => {
  const firm = await open();
  await firm.post('/clients', { ...acme, contactName: 'Siri Aas' });
  await firm.post('/clients', { name: '100%_Sure', code: 'SUR', currency: 'EUR', email: 'x@sure.example' });
  const names = async (search: string) =>
    ((await firm.get(`/clients?search=${encodeURIComponent(search)}`)).json.items as { name: string }[]).map(
      ({ name }) => name,
    );
  for (const search of ['marine', 'acm', 'ACCOUNTS@', 'siri'])
    expect(await names(search)).toEqual(['Acme Marine Co']);
  expect(await names('%')).toEqual(['100%_Sure']);
  expect(await names('0_S')).toEqual([]);
  expect(await names('\\')).toEqual([]);
  await firm.books.in((tx) => tx.run(`update clients set status = 'archived' where code = 'ACM'`));
  expect(await names('acm')).toEqual([]);
  expect((await firm.get('/clients?status=archived')).json.items).toMatchObject([{ code: 'ACM' }]);
});

describe('contacts', () => {
  test('come into the portal of their own client', async () => {
    const firm = await open();
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    const path = `/clients/${firm.books.clientId}/contacts`;
    const contact = (await firm.post(path, { name: 'Siri Aas', email: 'siri@portal.example' })).json;
    expect((await firm.post(path, { name: 'Twin', email: 'SIRI@portal.example' })).json.code).toBe(
      'contacts.duplicate',
    );
    const invited = await firm.post(`/contacts/${contact.id}/invite`);
    expect(invited.status, invited.text).toBe(201);
    expect(invited.json).toMatchObject({
      role: 'client',
      clientId: firm.books.clientId,
      status: 'invited',
      mailed: true,
    });
    expect((await firm.post(`/contacts/${contact.id}/invite`)).json.code).toBe('contact.invited');
    await api.call('POST', '/invitations/accept', {
      body: { token: tokenOf(invited.json.invitationLink), password },
    });
    const siri = callerOf(api, cookiesOf(await signIn(api, 'siri@portal.example', password)));
    expect((await siri('GET', '/invoices')).json.items).toMatchObject([{ number: 'NFE-0001' }]);
    expect((await siri('GET', '/clients')).status).toBe(403);
    expect((await remove(firm, `/contacts/${contact.id}`)).json.code).toBe('contact.in_portal');
    await firm.post(`/members/${invited.json.id}/suspend`, { reason: 'Left' });
    expect((await remove(firm, `/contacts/${contact.id}`)).status).toBe(204);
  });

  test('without an address are not invited, and nobody without the right invites', async () => {
    const firm = await open();
    const contact = (await firm.post(`/clients/${firm.books.clientId}/contacts`, { name: 'No mail' })).json;
    expect((await firm.post(`/contacts/${contact.id}/invite`)).json.code).toBe('contact.email_missing');
    const editor = await firm.withScopes(['clients.*']);
    expect((await editor.post(`/contacts/${contact.id}/invite`)).status).toBe(403);
    expect((await firm.get('/members?role=client')).json.items).toEqual([]);
  });
});

describe('a setting is obeyed', () => {
  test('mail off: nobody of the client is mailed, they are told in the portal, and the invoice says so', async () => {
    const firm = await open();
    await firm.patch(`/clients/${firm.books.clientId}`, { mailNotifications: false });
    const contact = (
      await firm.post(`/clients/${firm.books.clientId}/contacts`, {
        name: 'Siri',
        email: 'siri@quiet.example',
      })
    ).json;
    const invited = (await firm.post(`/contacts/${contact.id}/invite`)).json;
    expect(invited.mailed).toBe(false);
    expect(invited.invitationLink).toContain('#token=');
    const member = await api.newMember(firm.books.workspaceId, 'client', { clientId: firm.books.clientId });
    const other = await api.newMember(firm.books.workspaceId, 'manager');
    await firm.books.in((tx) =>
      notify(tx, [
        {
          kind: 'ticket.escalated',
          to: { memberIds: [member.id, other.id] },
          key: 'quiet',
          subjectType: 'ticket',
          subjectId: null,
          params: { ticket: 'T-1', person: 'Ida', project: 'P1', submittedOn: '2026-03-02' },
        },
      ]),
    );
    const mails = await firm.books.in((tx) => tx.rows<{ address: string }>('select address from mails'));
    const told = await firm.books.in((tx) => tx.rows('select member_id from notifications'));
    expect(told).toHaveLength(2);
    expect(mails).toHaveLength(1);
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    const [invoice] = await invoicesOf(firm.books);
    expect((await firm.get(`/invoices/${invoice!.id}`)).json.mail).toBe('off');
    // As it was at issue.
    await firm.patch(`/clients/${firm.books.clientId}`, { mailNotifications: true });
    expect((await firm.get(`/invoices/${invoice!.id}`)).json.mail).toBe('off');
  });

  test('internal: numbers of a series of its own, in no revenue, whatever the client is called later', async () => {
    const firm = await open();
    const path = `/clients/${firm.books.clientId}`;
    await firm.patch(path, { internal: true, email: 'own@works.example' });
    await take(firm.books, [entryOf('A')]);
    expect((await firm.run('issue')).counts).toMatchObject({ issued: 0, held: 1 });
    const [held] = await invoicesOf(firm.books);
    expect(held!.holdReason).toBe(
      'the seller has no number series named internal, which invoices to the own company need',
    );
    const { sellerId } = firm.books;
    await firm.post('/series', {
      sellerId,
      documentType: 'invoice',
      name: 'internal',
      pattern: 'INT-{NNNN}',
    });
    const issued = await firm.post(`/invoices/${held!.id}/issue`, {
      releaseReason: 'the series is there now',
    });
    expect(issued.json).toMatchObject({ number: 'INT-0001', internal: true });
    expect(await totalOf(firm.books, 'issued_net', 'GBP')).toBe('0');
    expect(await totalOf(firm.books, 'internal_net', 'GBP')).toBe('80');
    await firm.post('/payments', {
      currency: 'GBP',
      amount: '80.00',
      valueDate: '2026-04-10',
      applications: [{ invoiceId: held!.id, amount: '80.00' }],
    });
    await firm.patch(path, { internal: false });
    // Out of revenue and of the client's history, by what it was at issue.
    expect((await firm.get(`${path}/overview`)).json).toMatchObject({
      revenue: {},
      invoicesIssued: 0,
      invoicesPaid: 0,
    });
    await take(firm.books, [entryOf('B')]);
    await firm.run('issue');
    const numbers = (await invoicesOf(firm.books)).map(({ number }) => number);
    expect(new Set(numbers)).toEqual(new Set(['INT-0001', 'NFE-0001']));
    expect(numbers).toHaveLength(2);
    expect(await totalOf(firm.books, 'issued_net', 'GBP')).toBe('80');
    expect((await firm.get(`${path}/overview`)).json.invoicesIssued).toBe(1);
  });

  test('currency and tax: a new contract begins with those of its client, and terms of payment count from issue', async () => {
    const firm = await open();
    const path = `/clients/${firm.books.clientId}`;
    await firm.patch(path, { tax: { rate: '20', category: 'standard' }, paymentTermsDays: 14 });
    const terms = {
      clientId: firm.books.clientId,
      sellerId: firm.books.sellerId,
      zone: 'Europe/London',
      startsOn: '2026-01-01',
      goLiveOn: '2026-01-01',
    };
    const plain = await firm.post('/contracts', { ...terms, name: 'As the client' });
    expect(plain.json, plain.text).toMatchObject({
      currency: 'GBP',
      tax: { rate: '20', category: 'standard' },
    });
    const own = { currency: 'NOK', tax: { rate: '25', category: 'standard' } };
    expect((await firm.post('/contracts', { ...terms, ...own, name: 'Its own' })).json).toMatchObject(own);
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    const [invoice] = (await firm.get('/invoices')).json.items as { issueDate: string; dueDate: string }[];
    expect(Date.parse(invoice!.dueDate) - Date.parse(invoice!.issueDate)).toBe(14 * 86_400_000);
  });

  test('auto-invoicing: what no person asked for is issued only where it is on', async () => {
    const firm = await open();
    await take(firm.books, [entryOf('A')]);
    const automatic = () => requestBilling(firm.books, { trigger: 'period_end' });
    await carryOut(api.test.database, firm.books, await automatic());
    expect(await invoicesOf(firm.books)).toMatchObject([{ status: 'draft', number: null }]);
    await firm.patch(`/clients/${firm.books.clientId}`, { autoInvoicing: true });
    await take(firm.books, [entryOf('B')]);
    await carryOut(api.test.database, firm.books, await automatic());
    expect((await invoicesOf(firm.books)).map(({ number }) => number)).toEqual(['NFE-0001', null]);
  });
});

describe('a client is deleted', () => {
  const preview = async (firm: Firm, id: string) => (await firm.get(`/clients/${id}/deletion`)).json;
  const confirmed = (firm: Firm, id: string, confirmation: string) =>
    remove(firm, `/clients/${id}?confirmation=${encodeURIComponent(confirmation)}`);

  test('with a confirmation made for it and for whoever sends it, and with all that is its own', async () => {
    const firm = await open();
    const { id } = (await firm.post('/clients', acme)).json;
    await firm.post(`/clients/${id}/contacts`, { name: 'Siri' });
    await firm.post('/rate-cards', {
      scopeType: 'client',
      scopeId: id,
      position: '*',
      regularRate: '1',
      currency: 'USD',
    });
    const other = (await firm.post('/clients', { ...acme, code: 'OTH', name: 'Other' })).json;
    const foreign = await preview(firm, other.id);
    expect((await remove(firm, `/clients/${id}`)).json.code).toBe('client.not_confirmed');
    expect((await confirmed(firm, id, foreign.confirmation)).json.code).toBe('client.not_confirmed');
    expect((await confirmed(firm, id, `${foreign.confirmation}x`)).json.code).toBe('client.not_confirmed');
    const mine = await preview(firm, id);
    expect(mine).toMatchObject({ outcome: 'deleted', because: null });
    const someone = await firm.withScopes(['clients.*']);
    expect((await confirmed(someone, id, mine.confirmation)).json.code).toBe('client.not_confirmed');
    const editor = await firm.withScopes(['clients.read', 'clients.create', 'clients.update']);
    expect((await confirmed(editor, id, mine.confirmation)).status).toBe(403);
    expect((await editor.get(`/clients/${id}/deletion`)).status).toBe(403);
    const done = await confirmed(firm, id, mine.confirmation);
    expect([done.status, done.json]).toEqual([200, { outcome: 'deleted', because: null }]);
    expect((await firm.get(`/clients/${id}`)).status).toBe(404);
    expect((await firm.get(`/rate-cards?scopeId=${id}`)).json.items).toEqual([]);
    expect((await firm.post('/clients', acme)).status).toBe(201);
  });

  test('into the archive where an invoice was issued, and the answer says why', async () => {
    const firm = await open();
    const { clientId } = firm.books;
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    const { confirmation, outcome } = await preview(firm, clientId);
    expect(outcome).toBe('archived');
    const done = await confirmed(firm, clientId, confirmation);
    expect(done.json).toEqual({
      outcome: 'archived',
      because:
        'It has 1 issued invoice, 1 contract, 1 project and 1 work entry, which must stay readable, so it is archived instead.',
    });
    expect((await firm.get(`/clients/${clientId}`)).json.status).toBe('archived');
    expect((await firm.get('/clients')).json.items).toEqual([]);
    expect((await firm.get('/invoices')).json.items).toHaveLength(1);
  });
});

test('the figures of a client and its story tell what happened, and no more than one may see', async () => {
  const firm = await open();
  const { clientId } = firm.books;
  const path = `/clients/${clientId}`;
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  expect((await firm.get(`${path}/overview`)).json).toEqual({
    activeProjects: 1,
    revenue: {},
    outstanding: { GBP: '160.00' },
    invoicesIssued: 1,
    invoicesPaid: 0,
  });
  await firm.post('/payments', {
    clientId,
    currency: 'GBP',
    amount: '160.00',
    valueDate: '2026-04-10',
    applications: [{ invoiceId: invoice!.id, amount: '160.00' }],
  });
  expect((await firm.get(`${path}/overview`)).json).toEqual({
    activeProjects: 1,
    revenue: { GBP: '160.00' },
    outstanding: {},
    invoicesIssued: 1,
    invoicesPaid: 1,
  });
  const contact = (await firm.post(`${path}/contacts`, { name: 'Siri' })).json;
  await remove(firm, `/contacts/${contact.id}`);
  await firm.patch(path, { phone: '+44 20 7946 0000' });
  await firm.post('/clients', acme);
  await api.sequence();
  const types = async (by: Firm, query = '') =>
    ((await by.get(`${path}/timeline${query}`)).json.items as { type: string }[]).map(({ type }) => type);
  const all = await types(firm);
  expect(all.slice(0, 3)).toEqual(['client.updated', 'contact.deleted', 'contact.created']);
  expect(all).toContain('invoice.issued');
  expect(all).not.toContain('client.created');
  const pages: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = (await firm.get(`${path}/timeline?limit=2${cursor && `&cursor=${cursor}`}`)).json as {
      items: { type: string }[];
      nextCursor: string | null;
    };
    pages.push(...page.items.map(({ type }) => type));
    cursor = page.nextCursor;
  }
  expect(pages).toEqual(all);
  const reader = await firm.withScopes(['clients.read']);
  expect(await types(reader)).toEqual(['client.updated', 'contact.deleted', 'contact.created']);
});

describe('clients and rates as CSV', () => {
  test('go out and come in again unchanged, and no spreadsheet runs them', async () => {
    const firm = await open();
    await firm.post('/clients', {
      ...acme,
      name: '=HYPERLINK("http://evil.example")',
      phone: '+1 555 0100',
      address: { lines: ['1 Quay', 'Pier "B"'], city: 'Seattle, WA', country: 'US' },
      complianceRequirements: ['ISO 9001', 'OSHA'],
      tax: { rate: '10', category: 'standard' },
    });
    const file = (await firm.get('/clients/export')).text;
    expect(file).toContain(`"'=HYPERLINK(""http://evil.example"")"`);
    expect(file).toContain(`'+1 555 0100`);
    expect((await upload(firm, '/clients/import', file)).json).toEqual({
      created: 0,
      changed: 0,
      unchanged: 2,
    });
    const elsewhere = await open();
    const moved = await upload(elsewhere, '/clients/import', file.replace(/^NFE.*\r\n/m, ''));
    expect(moved.json, moved.text).toEqual({ created: 1, changed: 0, unchanged: 0 });
    const after = (await elsewhere.get('/clients?search=acm')).json.items[0];
    const { id: _, createdAt: __, ...facts } = (await firm.get('/clients?search=acm')).json.items[0];
    expect(after).toMatchObject(facts);
  });

  test('are taken whole or not at all, with every bad row named', async () => {
    const firm = await open();
    const before = (await firm.get('/clients')).json.items;
    const file = [
      'code,name,email,currency,website',
      'GUD,Good Lines,a@good.example,EUR,',
      'BA,Bad Code,b@bad.example,EUR,',
      'JSC,Bad Link,c@bad.example,EUR,javascript:alert(1)',
      'GUD,Twin,d@bad.example,EUR,',
      'NFE,,,POUNDS,',
      'OTH,Northern Ferries,e@bad.example,EUR,',
    ].join('\n');
    const refused = await upload(firm, '/clients/import', file);
    expect([refused.status, refused.json.code]).toEqual([422, 'file.bad_rows']);
    const rows = refused.json.details.rows as { line: number; message: string }[];
    expect(rows.map(({ line, message }) => `${line} ${message.split(':')[0]}`)).toEqual([
      '3 code',
      '4 website',
      '5 code',
      '6 currency',
      '7 name',
    ]);
    expect((await firm.get('/clients')).json.items).toEqual(before);
    const unknown = await upload(firm, '/clients/import', 'code,shoeSize\nAAA,44\n');
    expect(unknown.json.details.rows).toMatchObject([{ line: 1 }]);
    expect((await upload(firm, '/clients/import', 'code,name\n"AAA,never closed\n')).json.code).toBe(
      'file.bad_rows',
    );
    const done = await upload(
      firm,
      '/clients/import',
      'code;email;name;currency\nNFE;pay@nfe.example;;\n;n@new.example;New Lines;EUR\n',
    );
    expect(done.json, done.text).toEqual({ created: 1, changed: 1, unchanged: 0 });
    expect((await firm.get(`/clients/${firm.books.clientId}`)).json).toMatchObject({
      name: 'Northern Ferries',
      email: 'pay@nfe.example',
    });
  });

  test('bring rates with their dates; a rate of the same day is changed and old work keeps its own', async () => {
    const firm = await open();
    const file = [
      'client,position,regularRate,overtimeRate,currency,validFrom,validTo',
      'NFE,Welder,80.00,,GBP,,2026-05-31',
      'NFE,Welder,90.00,135.00,GBP,2026-06-01,',
    ].join('\r\n');
    expect((await upload(firm, '/clients/rates/import', file)).json).toEqual({
      created: 2,
      changed: 0,
      unchanged: 0,
    });
    const exported = (await firm.get('/clients/rates/export')).text;
    expect((await upload(firm, '/clients/rates/import', exported)).json).toEqual({
      created: 0,
      changed: 0,
      unchanged: 2,
    });
    const dearer = exported.replace('90.00', '95.00');
    expect((await upload(firm, '/clients/rates/import', dearer)).json).toEqual({
      created: 0,
      changed: 1,
      unchanged: 1,
    });
    const bad = [
      'client,position,regularRate,currency,validFrom,validTo',
      'XXX,Welder,1.00,GBP,,',
      'NFE,Fitter,-1.00,GBP,,',
      'NFE,Fitter,1.00,GBP,2026-02-30,',
      'NFE,Fitter,1.00,GBP,2026-03-02,2026-03-01',
      'NFE,Cook,1.00,GBP,,',
      'NFE,Cook,2.00,GBP,,',
    ].join('\n');
    const refused = await upload(firm, '/clients/rates/import', bad);
    expect((refused.json.details.rows as { line: number }[]).map(({ line }) => line)).toEqual([
      2, 3, 4, 5, 7,
    ]);
    const { rates } = (await firm.get(`/clients/${firm.books.clientId}`)).json;
    expect(rates).toMatchObject([
      { position: 'Welder', regularRate: '80.00', validTo: '2026-05-31' },
      { position: 'Welder', regularRate: '95.00', validFrom: '2026-06-01' },
    ]);
  });
});
