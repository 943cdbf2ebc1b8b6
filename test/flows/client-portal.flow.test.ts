/** Owns what a client's member sees and does: own issued invoices, own payments, own approved work, their word that they paid. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followConfirmations } from '../../store/client-confirmations.ts';
import { clients } from '../../store/clients.ts';
import { doDaily } from '../../store/daily.ts';
import { projects } from '../../store/projects.ts';
import { entryOf, exceptionsOf, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { newSession, type TestSession } from '../support/sessions.ts';
import { named } from '../support/source-entry.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

interface Portal {
  firm: Firm;
  invoiceId: string;
  ours: TestSession;
  theirs: TestSession;
}

/** A firm with one issued invoice of 160.00 GBP to its client, and a second client; a member of each signed in. */
async function openPortal(): Promise<Portal> {
  const firm = await openFirm(api);
  const { books, key } = firm;
  await take(books, [entryOf('A', { quantity: 7200, notes: 'They argued about the price' })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(books);
  const other = await books.in((tx) =>
    clients.insert(tx, { name: 'Southern Tugs', code: 'STU', currency: 'GBP' }),
  );
  return {
    firm,
    invoiceId: invoice!.id,
    ours: await newSession(api, key, 'client', { clientId: books.clientId }),
    theirs: await newSession(api, key, 'client', { clientId: other.id }),
  };
}

test('a client sees their issued invoice, without what is our own business', async () => {
  const { firm, invoiceId, ours } = await openPortal();
  const list = await ours.call('GET', '/invoices');
  expect(list.json.items).toMatchObject([{ id: invoiceId, number: 'NFE-0001', total: '160.00' }]);
  const read = await ours.call('GET', `/invoices/${invoiceId}`);
  expect(read.status).toBe(200);
  expect(read.json).toMatchObject({ sync: null, runId: null, holdReason: null });
  expect(read.json.lines).toMatchObject([{ amount: '160.00', formula: {} }]);
  expect((await firm.get(`/invoices/${invoiceId}`)).json.lines[0].formula).not.toEqual({});
  const lines = await ours.call('GET', `/invoices/${invoiceId}/lines`);
  expect(lines.json.items).toMatchObject([{ amount: '160.00', formula: {} }]);
});

test("another client's member gets 404, as for what does not exist", async () => {
  const { firm, invoiceId, theirs } = await openPortal();
  expect((await theirs.call('GET', '/invoices')).json.items).toEqual([]);
  const { clientId } = firm.books;
  expect((await theirs.call('GET', `/invoices?clientId=${clientId}`)).json.items).toEqual([]);
  expect((await theirs.call('GET', `/projects?clientId=${clientId}`)).json.items).toEqual([]);
  for (const path of [
    `/invoices/${invoiceId}`,
    `/invoices/${invoiceId}/lines`,
    `/projects/${firm.books.projects.P1!}`,
  ])
    expect((await theirs.call('GET', path)).status, path).toBe(404);
  const confirmed = await theirs.call('POST', `/invoices/${invoiceId}/confirm-payment`, { body: {} });
  expect(confirmed.status).toBe(404);
  expect((await firm.get(`/invoices/${invoiceId}`)).json.confirmedAt).toBeNull();
});

test('a draft is not shown to its client before it is issued', async () => {
  const { firm, invoiceId, ours } = await openPortal();
  await take(firm.books, [entryOf('B')]);
  await firm.run('draft');
  const all = (await firm.get('/invoices')).json.items as { id: string; status: string }[];
  const draft = all.find(({ id }) => id !== invoiceId);
  expect(draft?.status).toBe('draft');
  expect((await ours.call('GET', '/invoices')).json.items).toMatchObject([{ id: invoiceId }]);
  expect((await ours.call('GET', `/invoices/${draft!.id}`)).status).toBe(404);
});

test('a client follows the payments of theirs and of nobody else', async () => {
  const { firm, invoiceId, ours, theirs } = await openPortal();
  const paid = await firm.post('/payments', {
    clientId: firm.books.clientId,
    currency: 'GBP',
    amount: '60.00',
    valueDate: '2026-04-10',
    applications: [{ invoiceId, amount: '60.00' }],
  });
  expect(paid.status).toBe(201);
  expect((await ours.call('GET', '/payments')).json.items).toMatchObject([{ amount: '60.00' }]);
  expect((await ours.call('GET', `/payments/${paid.json.id}`)).json).toMatchObject({ amount: '60.00' });
  expect((await theirs.call('GET', '/payments')).json.items).toEqual([]);
  expect((await theirs.call('GET', `/payments/${paid.json.id}`)).status).toBe(404);
});

test('a client sees the approved work of their projects, without notes or prices, and none that waits for approval', async () => {
  const { firm, ours, theirs } = await openPortal();
  const { books } = firm;
  await books.in((tx) => projects.insert(tx, { clientId: books.clientId, code: 'P2', name: 'P2' }));
  await take(books, [
    entryOf('W1', { project: { ...named('P2'), code: 'P2' }, workDate: '2026-03-05' }),
    entryOf('W2', { approval: 'submitted' }),
  ]);
  const seen = await ours.call('GET', '/work');
  expect(seen.json.items).toMatchObject([
    { projectName: 'P2', workDate: '2026-03-05', quantity: 3600, personName: 'Ann Berg' },
    { projectName: 'P1', workDate: '2026-03-02', quantity: 7200 },
  ]);
  expect(seen.text).not.toMatch(/argued|80\.00|price|cost|rate/i);
  expect((await ours.call('GET', '/work?from=2026-03-04')).json.items).toHaveLength(1);
  expect((await theirs.call('GET', '/work')).json.items).toEqual([]);
  expect((await theirs.call('GET', `/work?projectId=${books.projects.P1!}`)).json.items).toEqual([]);
});

test('a client says that they paid: shown with its time, once, and no money moves', async () => {
  const { firm, invoiceId, ours } = await openPortal();
  const path = `/invoices/${invoiceId}/confirm-payment`;
  const [first, second] = await Promise.all([
    ours.call('POST', path, { body: { paidOn: '2026-04-09', reference: 'WIRE-9' } }),
    ours.call('POST', path, { body: { paidOn: '2026-04-09', reference: 'WIRE-9' } }),
  ]);
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(first.json.id).toBe(second.json.id);
  expect(first.json).toMatchObject({ status: 'shown', reference: 'WIRE-9' });
  const invoice = (await firm.get(`/invoices/${invoiceId}`)).json;
  expect(invoice).toMatchObject({ status: 'issued', applied: '0.00', confirmedAt: first.json.confirmedAt });
  await api.sequence();
  const told = (await firm.get('/events')).json.items as { type: string; actor: string }[];
  expect(told.filter(({ type }) => type === 'client_invoice.payment_confirmed')).toMatchObject([
    { actor: `member:${ours.memberId}` },
  ]);
});

test("where the workspace asks an admin, the client's word waits and a refused one can be given again", async () => {
  const { firm, invoiceId, ours } = await openPortal();
  await firm.patch('/workspace', { settings: { clientConfirmations: 'ask_admin' } });
  const path = `/invoices/${invoiceId}`;
  const given = await ours.call('POST', `${path}/confirm-payment`, { body: {} });
  expect(given.json.status).toBe('waiting');
  expect((await firm.get(path)).json.confirmedAt).toBeNull();
  expect(
    (await ours.call('POST', `${path}/decide-confirmation`, { body: { decision: 'show' } })).status,
  ).toBe(403);
  const refused = await firm.post(`${path}/decide-confirmation`, { decision: 'refuse' });
  expect(refused.json.status).toBe('refused');
  expect((await firm.post(`${path}/decide-confirmation`, { decision: 'show' })).json.code).toBe(
    'client_confirmation.none_waiting',
  );
  const again = await ours.call('POST', `${path}/confirm-payment`, { body: {} });
  expect(again.json.id).not.toBe(given.json.id);
  expect((await firm.post(`${path}/decide-confirmation`, { decision: 'show' })).json.status).toBe('shown');
  expect((await firm.get(path)).json.confirmedAt).toBe(again.json.confirmedAt);
});

test('a word that no money follows is asked after, once, and is matched when the money comes', async () => {
  const { firm, invoiceId, ours } = await openPortal();
  const { books } = firm;
  const path = `/invoices/${invoiceId}/confirm-payment`;
  await ours.call('POST', path, { body: {} });
  const follow = () => books.in((tx) => followConfirmations(tx, 10));
  expect(await follow()).toBe(0);
  await books.in((tx) =>
    tx.run(
      `update client_confirmations set confirmed_at = now() - interval '11 days' where workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  expect([await follow(), await follow()]).toEqual([1, 0]);
  expect((await exceptionsOf(books)).map(({ rule }) => rule)).toEqual(['payment.confirmed_not_received']);
  await firm.post('/payments', {
    clientId: books.clientId,
    currency: 'GBP',
    amount: '160.00',
    valueDate: '2026-04-10',
    applications: [{ invoiceId, amount: '160.00' }],
  });
  await follow();
  expect((await ours.call('POST', path, { body: {} })).json.status).toBe('matched');
});

test('after how many days it is asked for is the workspace’s to say: ten, unless it says another', async () => {
  const rulesAfter = async (daysAgo: number, settings: Record<string, unknown>) => {
    const { firm, invoiceId, ours } = await openPortal();
    const { books } = firm;
    const said = await firm.patch('/workspace', { settings: { digestTime: '00:00', ...settings } });
    expect(said.status, said.text).toBe(200);
    await ours.call('POST', `/invoices/${invoiceId}/confirm-payment`, { body: {} });
    await books.in((tx) =>
      tx.run(
        `update client_confirmations set confirmed_at = now() - $2 * interval '1 day' where workspace_id = $1`,
        [books.workspaceId, daysAgo],
      ),
    );
    await doDaily(api.test.database);
    return (await exceptionsOf(books)).map(({ rule }) => rule);
  };
  const missing = ['payment.confirmed_not_received'];
  expect(await rulesAfter(4, { clientConfirmationDays: 3 })).toEqual(missing);
  expect(await rulesAfter(9, {})).toEqual([]);
  expect(await rulesAfter(11, {})).toEqual(missing);
});

test('both sides see it: we are told what the client says, the client when the money has come, and so says the invoice', async () => {
  const { firm, invoiceId, ours } = await openPortal();
  const finance = await api.newMember(firm.books.workspaceId, 'admin');
  const toldTo = (memberId: string) =>
    firm.books.in(async (tx) => {
      const rows = await tx.rows<{ kind: string }>(
        'select kind from notifications where workspace_id = $1 and member_id = $2 order by id',
        [firm.books.workspaceId, memberId],
      );
      return rows.map(({ kind }) => kind);
    });
  const paidBy = async () => [
    (await firm.get(`/invoices/${invoiceId}`)).json.paidBy,
    (await ours.call('GET', `/invoices/${invoiceId}`)).json.paidBy,
  ];
  expect(await paidBy()).toEqual([null, null]);
  await ours.call('POST', `/invoices/${invoiceId}/confirm-payment`, { body: {} });
  expect(await toldTo(finance.id)).toEqual(['invoice.confirmed_by_client']);
  expect(await paidBy()).toEqual(['client', 'client']);
  const paid = await firm.post('/payments', {
    currency: 'GBP',
    amount: '160.00',
    valueDate: '2026-04-10',
    applications: [{ invoiceId, amount: '160.00' }],
  });
  expect(await toldTo(ours.memberId)).toEqual(['invoice.paid']);
  expect(await paidBy()).toEqual(['money', 'money']);
  const follow = () => firm.books.in((tx) => followConfirmations(tx, 10));
  await follow();
  // The bank takes it back: the word stands alone again.
  await firm.post(`/payments/${paid.json.id}/reverse`, { reason: 'bounced' });
  await follow();
  const again = await ours.call('POST', `/invoices/${invoiceId}/confirm-payment`, { body: {} });
  expect(again.json.status).toBe('shown');
  expect(await paidBy()).toEqual(['client', 'client']);
});

test('an employee sees their own entries and nobody else’s', async () => {
  const firm = await openFirm(api);
  await take(firm.books, [entryOf('A'), entryOf('B', { person: { ...named('Bo Dahl'), email: null } })]);
  const entries = (await firm.get('/entries')).json.items as {
    id: string;
    personId: string;
    personName: string;
  }[];
  const ann = entries.find(({ personName }) => personName === 'Ann Berg')!;
  const bo = entries.find(({ personName }) => personName === 'Bo Dahl')!;
  const member = await newSession(api, firm.key, 'employee', { personId: ann.personId });
  expect((await member.call('GET', '/entries')).json.items).toMatchObject([{ id: ann.id }]);
  expect((await member.call('GET', `/entries/${ann.id}`)).status).toBe(200);
  expect((await member.call('GET', `/entries/${bo.id}`)).status).toBe(404);
  expect((await member.call('GET', `/entries?personId=${bo.personId}`)).json.items).toEqual([]);
});

test('a key with a permission for own rows only, of nobody who could have such, is refused and not shown all', async () => {
  const { firm } = await openPortal();
  const key = await api.newKey(firm.books.workspaceId, [
    'invoices.read:own',
    'entries.read:own',
    'work.read:own',
  ]);
  for (const path of ['/invoices', '/entries', '/work']) {
    const answer = await api.call('GET', path, { key });
    expect(answer.status, path).toBe(403);
    expect(answer.json.code, path).toBe('auth.no_own_rows');
  }
});
