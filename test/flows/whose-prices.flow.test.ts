/** Owns what nobody outside is shown: a contractor what the client pays, a client what we note of their money. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut, entryOf, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { newSession } from '../support/sessions.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ok = (answer: Answered, status: number) => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json;
};

test("a contractor sees tasks, projects and their own work without the client's prices", async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  const contractor = await api.newMember(books.workspaceId, 'contractor');
  const by = (method: string, path: string, body?: object) =>
    api.call(method, path, { key: contractor.key, ...(body && { body }) });
  const projectId = books.projects.P1!;
  ok(await firm.patch(`/projects/${projectId}`, { price: '66123.45' }), 200);
  const task = ok(await firm.post('/tasks', { projectId, name: 'Welding', unitPrice: '95.77' }), 201);
  expect(task.unitPrice).toBe('95.77');
  const own = { taskId: task.id, kind: 'labor', workDate: '2026-03-02', seconds: 3600 };
  const entry = ok(
    await firm.post('/task-entries', { ...own, personId: contractor.personId, unitPrice: '88.77' }),
    201,
  );
  const seen = [
    await by('GET', '/tasks'),
    await by('GET', `/tasks/${task.id}`),
    await by('GET', '/projects'),
    await by('GET', `/projects/${projectId}`),
    await by('GET', '/task-entries'),
    await by('GET', `/task-entries/${entry.id}`),
    // Sending back what they were shown leaves the price as it was.
    await by('PATCH', `/task-entries/${entry.id}`, { note: 'Hull', unitPrice: null }),
  ];
  for (const answer of seen) {
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).not.toMatch(/66123|95\.77|88\.77/);
  }
  expect(ok(await firm.get(`/task-entries/${entry.id}`), 200)).toMatchObject({
    unitPrice: '88.77',
    note: 'Hull',
  });
});

test('a contractor learns that the invoice of their work is held, and not for which sum', async () => {
  const firm = await openFirm(api);
  const { books } = firm;
  await books.in((tx) =>
    tx.run(
      `with o as (insert into purchase_orders (workspace_id, client_id, number, currency, limit_amount) values ($1, $2, 'PO-7', 'GBP', 61.77) returning id)
       update contracts k set purchase_order_id = o.id from o where k.workspace_id = $1 and k.id = $3`,
      [books.workspaceId, books.clientId, books.contractId],
    ),
  );
  const contractor = await api.newMember(books.workspaceId, 'contractor');
  await take(books, [entryOf('A')]);
  await books.in((tx) =>
    tx.run('update entry_versions set person_id = $2 where workspace_id = $1', [
      books.workspaceId,
      contractor.personId,
    ]),
  );
  const run = ok(await firm.post('/billing-runs', runOf(books, { finishAt: 'issue' })), 202);
  await carryOut(api.test.database, books, run);
  const [entry] = ok(await firm.get('/entries'), 200).items;
  const whole = ok(await firm.get(`/entries/${entry.id}`), 200);
  expect(JSON.stringify(whole.whyNotBilled)).toContain('61.77');
  const theirs = await api.call('GET', `/entries/${entry.id}`, { key: contractor.key });
  expect(ok(theirs, 200)).toMatchObject({ items: null });
  expect(theirs.json.whyNotBilled.length).toBe(whole.whyNotBilled.length);
  expect(theirs.text).not.toMatch(/61\.77|80\.00/);
});

async function paidFirm(): Promise<{ firm: Firm; paymentId: string }> {
  const firm = await openFirm(api);
  await take(firm.books, [entryOf('A')]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  const payment = ok(
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'GBP',
      amount: '80.00',
      valueDate: '2026-04-01',
      note: 'They pay late, as ever',
      reference: 'NFE-0001',
      applications: [{ invoiceId: invoice!.id, amount: '80.00' }],
    }),
    201,
  );
  return { firm, paymentId: payment.id };
}

test('a client sees their payment with what it settled, without our notes, names and books', async () => {
  const { firm, paymentId } = await paidFirm();
  const client = await newSession(api, firm.key, 'client', { clientId: firm.books.clientId });
  const list = await client.call('GET', '/payments');
  const one = await client.call('GET', `/payments/${paymentId}`);
  for (const row of [list.json.items[0], one.json])
    expect(row).toMatchObject({
      amount: '80.00',
      applied: '80.00',
      reference: 'NFE-0001',
      note: null,
      recordedBy: '',
    });
  expect(one.json.applications).toMatchObject([
    { kind: 'invoice', invoiceNumber: 'NFE-0001', exchangeDifference: null },
  ]);
  expect(ok(await firm.get(`/payments/${paymentId}`), 200)).toMatchObject({ note: 'They pay late, as ever' });
  const other = await firm.books.in((tx) =>
    tx.row<{ id: string }>(
      `insert into clients (workspace_id, name, code, currency) values ($1, 'Southern Tugs', 'STU', 'GBP') returning id`,
      [firm.books.workspaceId],
    ),
  );
  const stranger = await newSession(api, firm.key, 'client', { clientId: other!.id });
  expect((await stranger.call('GET', `/payments/${paymentId}`)).status).toBe(404);
  expect((await stranger.call('GET', '/payments')).json.items).toEqual([]);
});

test('ids of another workspace in a body are ids of nothing', async () => {
  const { firm: theirs, paymentId } = await paidFirm();
  const ours = await openFirm(api);
  const idOf = (table: string) =>
    theirs.books.in(async (tx) => {
      const row = await tx.row<{ id: string }>(`select id from ${table} where workspace_id = $1 limit 1`, [
        tx.workspaceId,
      ]);
      return row!.id;
    });
  const itemIds = [await idOf('billable_items')];
  const invoiceId = await idOf('client_invoices');
  const terms = await idOf('payment_terms');
  await take(ours.books, [entryOf('A')]);
  await ours.run('draft');
  const [draft] = await invoicesOf(ours.books);
  const foreignLine = await idOf('invoice_lines');
  const before = await tracesOf(theirs);
  const answers = [
    await ours.post('/billing-runs', runOf(ours.books, { itemIds })),
    await ours.post('/billing-runs', runOf(ours.books, { paymentTermsId: terms })),
    await ours.post(
      '/billing-runs',
      runOf(ours.books, { scope: { type: 'contract', id: theirs.books.contractId } }),
    ),
    await ours.post('/billing-runs/preview', runOf(ours.books, { itemIds, finishAt: undefined })),
    await ours.post('/billable-items/release', { itemIds, reason: 'Ours now' }),
    await ours.post('/billable-items/hold', { itemIds, reason: 'Ours now' }),
    await ours.post('/billable-items/write-off', { itemIds, reasonCode: 'goodwill', reason: 'Ours now' }),
    await ours.post(`/invoices/${draft!.id}/discounts`, {
      lineId: foreignLine,
      percentage: '5',
      reason: 'x',
    }),
    await ours.patch(`/contracts/${ours.books.contractId}`, { paymentTermsId: terms }),
    await ours.post('/payments', {
      clientId: theirs.books.clientId,
      currency: 'GBP',
      amount: '1.00',
      valueDate: '2026-04-01',
    }),
    await ours.post('/payments', {
      currency: 'GBP',
      amount: '1.00',
      valueDate: '2026-04-01',
      applications: [{ invoiceId, amount: '1.00' }],
    }),
    await ours.post(`/payments/${paymentId}/refund`, {
      amount: '1.00',
      method: 'wire',
      valueDate: '2026-04-01',
      reason: 'Ours now',
    }),
    await ours.post(`/invoices/${invoiceId}/credit-notes`, { by: 'full', reason: 'Ours now' }),
    await ours.post(`/invoices/${invoiceId}/void`, { reason: 'Ours now' }),
  ];
  expect(
    answers
      .filter(({ status }) => ![404, 409, 422].includes(status))
      .map(({ status, text }) => `${status} ${text}`),
  ).toEqual([]);
  expect(await tracesOf(theirs)).toEqual(before);
});

/** How many rows each ledger of the workspace has. */
const tracesOf = (firm: Firm) =>
  firm.books.in((tx) =>
    tx.row<Record<string, number>>(
      `select (select count(*) from events where workspace_id = $1)::int as events, (select count(*) from allocations where workspace_id = $1)::int as allocations,
         (select count(*) from payment_applications where workspace_id = $1)::int as applications, (select count(*) from runs where workspace_id = $1)::int as runs,
         (select count(*) from credit_notes where workspace_id = $1)::int as credits`,
      [tx.workspaceId],
    ),
  );
