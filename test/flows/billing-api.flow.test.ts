/** Owns billing over HTTP: why an entry is not billed, previews, runs, drafts, issue, the lines and what they are made of. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readTotals } from '../../store/totals.ts';
import { billingActivities, carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
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

async function newFirm(options?: Parameters<typeof openFirm>[1]): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}
const codes = (reasons: { code: string }[]) => reasons.map((reason) => reason.code);
const entryId = async ({ books }: Firm, externalId: string) =>
  (await books.in((tx) =>
    tx.row<{ id: string }>('select id from work_entries where workspace_id = $1 and external_id = $2', [
      books.workspaceId,
      externalId,
    ]),
  ))!.id;
const whyNot = async (firm: Firm, externalId: string) =>
  codes((await firm.get(`/entries/${await entryId(firm, externalId)}`)).json.whyNotBilled);

/** Rows of every table of the workspace, as counts: what a preview must leave as it was. */
async function countAll({ books }: Firm): Promise<Record<string, number>> {
  const tables = [
    'runs',
    'run_steps',
    'client_invoices',
    'invoice_lines',
    'billable_items',
    'claims',
    'allocations',
    'exceptions',
    'exception_entries',
    'events',
    'outbox',
    'total_deltas',
    'products',
    'idempotency_keys',
  ];
  return books.in(async (tx) => {
    const counts: Record<string, number> = {};
    for (const table of tables) {
      const row = await tx.row<{ count: number }>(
        `select count(*) as count from ${table} where workspace_id = $1`,
        [books.workspaceId],
      );
      counts[table] = row!.count;
    }
    return counts;
  });
}

test('an entry that is too small to show on a line says so, also after the run that left it', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A'), entryOf('small', { quantity: 17, workDate: '2026-03-03' })]);
  expect(await whyNot(firm, 'small')).toEqual(['entry.too_small']);
  const reasons = (await firm.get(`/entries/${await entryId(firm, 'small')}`)).json.whyNotBilled;
  expect(reasons[0].message).toContain('by itself it rounds to 0.00');
  const preview = await firm.post('/billing-runs/preview', runOf(firm.books));
  expect(preview.json.staysBack).toMatchObject([{ code: 'entry.too_small', entries: 1, seconds: 17 }]);
  await firm.run('issue');
  expect(await whyNot(firm, 'A')).toEqual([]);
  expect(await whyNot(firm, 'small')).toEqual(['entry.too_small']);
  // 18 seconds are 0.005 h, which rounds up.
  await take(firm.books, [entryOf('small', { quantity: 18, workDate: '2026-03-03' })]);
  expect(await whyNot(firm, 'small')).toEqual(['entry.waits_for_run']);
});

test('an entry says why it is not billed, at each step of its way to the invoice', async () => {
  const firm = await newFirm();
  await take(firm.books, [
    entryOf('waits'),
    entryOf('unapproved', { approval: 'submitted' }),
    entryOf('lost', { project: named('Nobody knows') }),
    entryOf('free', { billable: false }),
    entryOf('elsewhere', { billedElsewhere: true }),
    entryOf('early', { workDate: '2025-12-01' }),
  ]);
  expect(await whyNot(firm, 'waits')).toEqual(['entry.waits_for_run']);
  expect(await whyNot(firm, 'unapproved')).toEqual(['entry.not_approved']);
  expect(await whyNot(firm, 'lost')).toEqual(['match.project']);
  expect(await whyNot(firm, 'free')).toEqual(['entry.not_billable']);
  expect(await whyNot(firm, 'elsewhere')).toEqual(['entry.settled_elsewhere']);

  await firm.run('draft');
  expect(await whyNot(firm, 'waits')).toEqual(['invoice.not_issued']);
  expect(await whyNot(firm, 'early')).toEqual(['contract.outside_dates', 'contract.before_go_live']);
  const [draft] = await invoicesOf(firm.books);
  const issued = await firm.post(`/invoices/${draft!.id}/issue`, {});
  expect(issued.status).toBe(200);
  expect(issued.json).toMatchObject({ status: 'issued', number: 'NFE-0001', net: '80.00' });

  const entry = (await firm.get(`/entries/${await entryId(firm, 'waits')}`)).json;
  expect(entry.status).toBe('billed');
  expect(entry.whyNotBilled).toEqual([]);
  expect(entry.claims).toHaveLength(1);
  expect(entry.items[0].lines[0]).toMatchObject({ invoiceNumber: 'NFE-0001', lineNo: 1, amount: '80.00' });
});

test('prices of an entry are shown to those who may see items only', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('draft');
  const worker = await firm.withScopes(['entries.read']);
  const seen = (await worker.get(`/entries/${await entryId(firm, 'A')}`)).json;
  expect(seen.items).toBeNull();
  expect(seen.status).toBe('claimed');
});

test('entries are listed by project, person, day and status, page after page, each once', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  const onP2 = { project: { externalId: null, code: 'P2', name: 'P2' } };
  await take(firm.books, [
    ...Array.from({ length: 7 }, (_, index) => entryOf(`A${index}`, { workDate: `2026-03-0${index + 1}` })),
    entryOf('B0', { ...onP2, approval: 'submitted' }),
    entryOf('B1', { ...onP2, person: { ...named('Bo Lund'), email: null } }),
    entryOf('C0', { project: named('Nobody knows') }),
    entryOf('D0', { billable: false }),
  ]);
  await firm.run('draft');
  const list = async (query: string) =>
    (await firm.get(`/entries?${query}`)).json.items as { externalId: string }[];
  const keys = (rows: { externalId: string }[]) => rows.map((row) => row.externalId).sort();
  expect(keys(await list('status=open'))).toEqual(['B0']);
  expect(keys(await list(`status=open&projectId=${firm.books.projects.P2}`))).toEqual(['B0']);
  expect(keys(await list('status=excepted'))).toEqual(['C0']);
  expect(keys(await list('status=not_billable'))).toEqual(['D0']);
  expect(keys(await list(`projectId=${firm.books.projects.P2}`))).toEqual(['B0', 'B1']);
  expect(keys(await list('from=2026-03-02&before=2026-03-04&status=claimed'))).toEqual(['A1', 'A2', 'B1']);
  const bo = (await list(`projectId=${firm.books.projects.P2}&status=claimed`))[0] as unknown as {
    personId: string;
  };
  expect(keys(await list(`personId=${bo.personId}`))).toEqual(['B1']);
  expect(keys(await list(`personId=${bo.personId}&before=2026-03-02`))).toEqual([]);

  const pages: string[] = [];
  let cursor = '';
  for (let page = 0; page < 10; page += 1) {
    const answer = (await firm.get(`/entries?limit=3${cursor}`)).json;
    pages.push(...answer.items.map((row: { externalId: string }) => row.externalId));
    if (answer.nextCursor === null) break;
    cursor = `&cursor=${answer.nextCursor}`;
  }
  expect(pages).toHaveLength(11);
  expect(new Set(pages).size).toBe(11);
  expect((await firm.get('/entries?from=2026-02-30')).status).toBe(422);
  expect((await firm.get('/entries?cursor=WyJ4Il0')).json.code).toBe('request.invalid_cursor');
});

test('a filter that hardly anything passes gives short pages that lead on to what there is', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('needle', { billable: false })]);
  for (let chunk = 0; chunk < 2; chunk += 1)
    await take(
      firm.books,
      Array.from({ length: 3000 }, (_, index) => entryOf(`hay-${chunk}-${index}`, { quantity: 1 })),
    );
  const first = (await firm.get('/entries?status=not_billable')).json;
  expect(first.items).toEqual([]);
  expect(first.nextCursor).not.toBeNull();
  const second = (await firm.get(`/entries?status=not_billable&cursor=${first.nextCursor}`)).json;
  expect(second.items.map((row: { externalId: string }) => row.externalId)).toEqual(['needle']);
  expect(second.nextCursor).toBeNull();
});

test('a preview shows what the run makes, and has no effect', async () => {
  const firm = await newFirm();
  await take(firm.books, [
    entryOf('A', { quantity: 5400 }),
    entryOf('B', { quantity: 1800 }),
    entryOf('unapproved', { approval: 'submitted' }),
    entryOf('early', { workDate: '2025-12-01' }),
    entryOf('late', { workDate: '2026-12-30' }),
    entryOf('lost', { project: named('Nobody knows') }),
  ]);
  const before = await countAll(firm);
  const wanted = runOf(firm.books, { cutoffOn: '2026-12-01', finishAt: 'draft' });
  const preview = await firm.post('/billing-runs/preview', wanted, null);
  expect(preview.status).toBe(200);
  expect(preview.json.totals).toEqual([
    { currency: 'GBP', invoices: 1, net: '160.00', total: '160.00', seconds: 7200 },
  ]);
  expect(preview.json.invoices[0].lines[0]).toMatchObject({
    quantity: '2.00',
    unitPrice: '80.00',
    amount: '160.00',
  });
  expect(preview.json.exceptions).toEqual([
    { rule: 'contract.before_go_live', severity: 'E', exceptions: 1, entries: 1 },
    { rule: 'contract.outside_dates', severity: 'E', exceptions: 1, entries: 1 },
  ]);
  expect(preview.json.staysBack).toMatchObject([
    { code: 'contract.outside_dates', entries: 1, seconds: 3600 },
    { code: 'entry.not_approved', entries: 1, seconds: 3600 },
  ]);
  expect(await countAll(firm)).toEqual(before);

  const all = await firm.post(
    '/billing-runs/preview',
    { ...wanted, scope: { type: 'workspace', id: firm.books.workspaceId } },
    null,
  );
  expect(codes(all.json.staysBack).sort()).toEqual([
    'contract.outside_dates',
    'entry.not_approved',
    'match.project',
  ]);
  expect(await countAll(firm)).toEqual(before);

  const run = await firm.run('draft');
  const made = (await firm.get(`/billing-runs/${run.id}`)).json;
  expect(made.run).toMatchObject({ status: 'done', trigger: 'by_hand', reason: 'Quarter end' });
  expect(made.steps.map((row: { step: string }) => row.step)).toEqual(['compile', 'draft']);
  expect(made.invoices).toEqual([
    { status: 'draft', currency: 'GBP', invoices: 1, net: '240.00', total: '240.00', seconds: 10_800 },
  ]);
  expect(made.exceptions).toContainEqual({
    rule: 'contract.before_go_live',
    severity: 'E',
    exceptions: 1,
    entries: 1,
  });
});

test('a preview of too much is refused with what to do', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await books.in((tx) =>
    tx.run(
      `insert into entry_balance (workspace_id, entry_id, version, project_id, work_date, quantity)
       select $1, gen_random_uuid(), 1, $2, '2026-03-01', 60 from generate_series(1, 20001)`,
      [books.workspaceId, books.projects.P1],
    ),
  );
  const answer = await firm.post('/billing-runs/preview', runOf(books), null);
  expect(answer.status).toBe(409);
  expect(answer.json.code).toBe('billing_run.preview_too_large');
  expect(answer.json.whatToDo).toContain('Preview one contract');
  // These balances belong to no entries: nothing that the books could be held to.
  opened.splice(opened.indexOf(firm), 1);
});

test('a run needs a key, a reason and a scope of this workspace, and is made once', async () => {
  const firm = await newFirm();
  const other = await newFirm();
  const wanted = runOf(firm.books);
  expect((await firm.post('/billing-runs', wanted, null)).json.code).toBe('idempotency.key_required');
  expect((await firm.post('/billing-runs', { ...wanted, reason: ' ' })).status).toBe(422);
  const foreign = await firm.post('/billing-runs', runOf(other.books));
  expect(foreign.status).toBe(422);
  expect(foreign.json.errors[0].pointer).toBe('/scope/id');

  const first = await firm.post('/billing-runs', wanted, 'run-1');
  expect(first.status).toBe(202);
  expect(first.headers.get('location')).toBe(`/api/v1/billing-runs/${first.json.id}`);
  const again = await firm.post('/billing-runs', wanted, 'run-1');
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.json).toEqual(first.json);
  expect((await firm.post('/billing-runs', { ...wanted, reason: 'other' }, 'run-1')).json.code).toBe(
    'idempotency.key_reused',
  );
  expect((await firm.get('/billing-runs')).json.items).toHaveLength(1);
  expect((await other.get('/billing-runs')).json.items).toEqual([]);
  expect((await other.get(`/billing-runs/${first.json.id}`)).status).toBe(404);
});

test('who may not issue cannot start a run that issues', async () => {
  const firm = await newFirm();
  const planner = await firm.withScopes(['runs.create', 'runs.read']);
  expect((await planner.post('/billing-runs', runOf(firm.books, { finishAt: 'issue' }))).json.code).toBe(
    'auth.permission_missing',
  );
  expect((await planner.post('/billing-runs', runOf(firm.books, { finishAt: 'draft' }))).status).toBe(202);
});

test('a cancelled run takes its drafts back, an ended one is refused', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  const asked = await firm.post('/billing-runs', runOf(firm.books));
  const activities = billingActivities(api.test.database);
  const ref = { workspaceId: firm.books.workspaceId, subjectId: asked.json.id as string };
  await activities.compileRun(ref);
  await activities.draftRun(ref);
  expect((await firm.get(`/invoices?runId=${asked.json.id}`)).json.items).toMatchObject([
    { status: 'draft' },
  ]);

  const cancelled = await firm.post(`/billing-runs/${asked.json.id}/cancel`);
  expect(cancelled.status).toBe(202);
  expect(cancelled.json.cancelRequested).toBe(true);
  expect(await carryOut(api.test.database, firm.books, asked.json)).toMatchObject({ status: 'cancelled' });
  const left = (await firm.get(`/invoices?runId=${asked.json.id}`)).json.items;
  expect(left).toMatchObject([{ status: 'discarded', number: null }]);
  const refused = await firm.post(`/billing-runs/${asked.json.id}/cancel`);
  expect(refused.status).toBe(409);
  expect(refused.json.code).toBe('billing_run.ended');
});

test('a discarded draft is open again and goes onto the next one', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('draft');
  const [draft] = await invoicesOf(firm.books);
  expect((await firm.post(`/invoices/${draft!.id}/discard`, {})).status).toBe(422);
  const discarded = await firm.post(`/invoices/${draft!.id}/discard`, { reason: 'wrong month' });
  expect(discarded.json).toMatchObject({ status: 'discarded', number: null });
  expect((await firm.post(`/invoices/${draft!.id}/discard`, { reason: 'again' })).json.code).toBe(
    'invoice.not_discardable',
  );
  expect((await firm.post(`/invoices/${draft!.id}/issue`, {})).json.code).toBe('invoice.not_issuable');
  expect(await whyNot(firm, 'A')).toEqual(['item.not_drafted']);
  await firm.run('issue');
  expect(await invoicesOf(firm.books)).toMatchObject([
    { status: 'issued', number: 'NFE-0001', net: '80.00' },
  ]);
});

test('an invoice is issued once, however often it is asked', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('draft');
  const [draft] = await invoicesOf(firm.books);
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => firm.post(`/invoices/${draft!.id}/issue`, {})),
  );
  expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  expect(answers.filter((answer) => answer.json.code === 'invoice.not_issuable')).toHaveLength(5);
  expect((await firm.get(`/invoices/${draft!.id}`)).json).toMatchObject({
    number: 'NFE-0001',
    status: 'issued',
  });
});

test('what has no price is held; a person releases it with a reason, or it stays', async () => {
  const firm = await newFirm({ rate: null });
  await take(firm.books, [entryOf('A')]);
  await firm.run('draft');
  const [draft] = await invoicesOf(firm.books);
  const gate = await firm.post(`/invoices/${draft!.id}/issue`, {});
  expect(gate.status).toBe(409);
  expect(gate.json.code).toBe('invoice.gate');
  expect(gate.json.detail).toContain('1 items have no price');
  expect((await invoicesOf(firm.books))[0]!.status).toBe('draft');

  await firm.post(`/invoices/${draft!.id}/discard`, { reason: 'to be held by a run' });
  await firm.run('issue');
  const [held] = await invoicesOf(firm.books);
  expect(held!.status).toBe('held');
  expect(await whyNot(firm, 'A')).toEqual(['invoice.held']);
  expect((await firm.post(`/invoices/${held!.id}/issue`, {})).json.code).toBe('invoice.held');
  const exception = (await firm.get('/exceptions?rule=invoice.held&status=open')).json.items[0];
  expect((await firm.post('/exceptions/release', { ids: [exception.id], reason: 'ok' })).json).toMatchObject({
    code: 'exception.not_releasable',
    whatToDo: expect.stringContaining('/issue'),
  });
  const issued = await firm.post(`/invoices/${held!.id}/issue`, {
    releaseReason: 'Warranty work, free of charge',
  });
  expect(issued.json).toMatchObject({
    status: 'settled',
    number: 'NFE-0001',
    total: '0.00',
    holdReason: null,
  });
  const released = (await firm.get('/exceptions?rule=invoice.held')).json.items[0];
  expect(released).toMatchObject({ status: 'released', closeReason: 'Warranty work, free of charge' });
});

test('a release lets nothing out that changed after it was compiled', async () => {
  const firm = await newFirm({ rate: null });
  await take(firm.books, [entryOf('A')]);
  await firm.run('issue');
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  const [held] = await invoicesOf(firm.books);
  const refused = await firm.post(`/invoices/${held!.id}/issue`, { releaseReason: 'just send it' });
  expect(refused.json.code).toBe('invoice.gate');
  expect(refused.json.detail).toContain('changed after they were compiled');
  expect((await invoicesOf(firm.books))[0]!.status).toBe('held');
});

test('a line shows its formula, and the items and entries that it is made of', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  const onP2 = { project: { externalId: null, code: 'P2', name: 'P2' } };
  await take(firm.books, [
    ...Array.from({ length: 5 }, (_, index) => entryOf(`A${index}`, { quantity: 1000 + index })),
    entryOf('B', onP2),
  ]);
  await firm.run('issue');
  const [row] = await invoicesOf(firm.books);
  const invoice = (await firm.get(`/invoices/${row!.id}`)).json;
  expect(invoice.lines).toHaveLength(2);
  const first = (await firm.get(`/invoices/${row!.id}/lines?limit=1`)).json;
  const second = (await firm.get(`/invoices/${row!.id}/lines?limit=1&cursor=${first.nextCursor}`)).json;
  expect([...first.items, ...second.items]).toEqual(invoice.lines);
  expect(second.nextCursor).toBeNull();

  const line = invoice.lines.find((candidate: { itemCount: number }) => candidate.itemCount === 5);
  const path = `/invoices/${row!.id}/lines/${line.id}/entries`;
  const page = (await firm.get(`${path}?limit=4`)).json;
  const rest = (await firm.get(`${path}?limit=4&cursor=${page.nextCursor}`)).json;
  const parts = [...page.items, ...rest.items];
  expect(parts.map((part) => String(part.externalId)).sort((a, b) => a.localeCompare(b))).toEqual([
    'A0',
    'A1',
    'A2',
    'A3',
    'A4',
  ]);
  const cents = (text: string) => Math.round(Number(text) * 100);
  expect(parts.reduce((sum, part) => sum + cents(part.amount), 0)).toBe(cents(line.amount));
  expect(parts[0]).toMatchObject({ unitPrice: '80.00', personName: 'Ann Berg', flagged: false });
  expect(parts[0].priceSource).not.toBe('');
  const other = await newFirm();
  expect((await other.get(path)).status).toBe(404);
  expect((await firm.get(`/invoices/${row!.id}/lines/${row!.id}/entries`)).status).toBe(404);
});

test('only a failed sync is tried again', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('issue');
  const [row] = await invoicesOf(firm.books);
  const none = await firm.post(`/invoices/${row!.id}/retry-sync`);
  expect(none.json).toMatchObject({
    code: 'invoice.sync_not_failed',
    detail: 'It goes to no accounting platform.',
  });
  const connection = await firm.post('/connections', {
    connector: 'harvest',
    name: 'Books',
    goLiveOn: '2026-01-01',
    settings: { accountId: '1' },
    secrets: { accessToken: 'token' },
  });
  await firm.books.in((tx) =>
    tx.run(
      `insert into sync_records (workspace_id, connection_id, subject_type, subject_id, status, failed_step, reason)
       values ($1, $2, 'client_invoice', $3, 'failed', 'customer', 'no such customer')`,
      [firm.books.workspaceId, connection.json.id, row!.id],
    ),
  );
  const retried = await firm.post(`/invoices/${row!.id}/retry-sync`);
  expect(retried.status).toBe(202);
  expect(retried.json.sync).toMatchObject({ status: 'queued', failedStep: null });
  expect((await firm.post(`/invoices/${row!.id}/retry-sync`)).json.detail).toContain('it is queued');
  const looks = await firm.books.in((tx) =>
    tx.rows(`select 1 from outbox where workspace_id = $1 and subject_id = $2 and reason = 'sync retried'`, [
      firm.books.workspaceId,
      row!.id,
    ]),
  );
  expect(looks).toHaveLength(1);
});

test('the dashboard says what is open, drafted, issued, owed and paid', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [entryOf('A'), entryOf('B'), entryOf('lost', { project: named('Nobody knows') })]);
  expect((await firm.get('/dashboard')).json).toMatchObject({
    entries: 3,
    entrySeconds: 10_800,
    openSeconds: 10_800,
    unmatchedSeconds: 3600,
    exceptions: [{ rule: 'match.project', severity: 'E', exceptions: 1 }],
    invoices: {},
  });
  await firm.run('draft');
  expect((await firm.get('/dashboard')).json).toMatchObject({
    openSeconds: 3600,
    drafted: { GBP: '160' },
    invoices: { draft: 1 },
    issuedInvoices: 0,
  });
  const [draft] = await invoicesOf(books);
  await firm.post(`/invoices/${draft!.id}/issue`, {});
  const paid = await firm.post('/payments', {
    currency: 'GBP',
    amount: '60.00',
    valueDate: '2026-04-01',
    applications: [{ invoiceId: draft!.id, amount: '60.00' }],
  });
  expect(paid.status).toBe(201);
  const figures = (await firm.get('/dashboard')).json;
  expect(figures).toMatchObject({
    drafted: { GBP: '0' },
    issued: { GBP: '160' },
    receivable: { GBP: '100' },
    paid: { GBP: '60' },
    issuedInvoices: 1,
    invoices: { partially_paid: 1 },
  });
  expect(figures.receivable.GBP).toBe((await books.in((tx) => readTotals(tx, 'receivable'))).get('GBP'));
});
