/** Owns corrections over HTTP: void and credit, second persons, what a client sees, and sync on request. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connections } from '../../store/connections.ts';
import { contracts } from '../../store/contracts.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { readRun } from '../../store/runs.ts';
import { series } from '../../store/series.ts';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { newSession, type TestSession } from '../support/sessions.ts';
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

/** A firm with a series for credit notes and one issued invoice of two hours, 160.00 GBP. */
async function openBilled(): Promise<{ firm: Firm; invoiceId: string }> {
  const firm = await openFirm(api);
  opened.push(firm);
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  await take(firm.books, [entryOf('A', { quantity: 7200, notes: 'They argued about the price' })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  return { firm, invoiceId: invoice!.id };
}
const clientOf = (firm: Firm): Promise<TestSession> =>
  newSession(api, firm.key, 'client', { clientId: firm.books.clientId });

test('a void takes an invoice back once, and the same command sent again takes nothing more', async () => {
  const { firm, invoiceId } = await openBilled();
  const path = `/invoices/${invoiceId}/void`;
  expect((await firm.post(path, { reason: 'wrong client' }, null)).json.code).toBe(
    'idempotency.key_required',
  );
  const first = await firm.post(path, { reason: 'wrong client' }, 'void-1');
  expect(first.json).toMatchObject({ outcome: 'voided', because: [], invoice: { status: 'void' } });
  expect((await firm.post(path, { reason: 'wrong client' }, 'void-1')).json).toEqual(first.json);
  expect((await firm.post(path, { reason: 'again' })).json.code).toBe('invoice.already_void');
  expect((await firm.post(`/invoices/${invoiceId}/sync`)).json.code).toBe('invoice.no_target');
});

test('a draft is discarded, not voided or credited', async () => {
  const { firm } = await openBilled();
  await take(firm.books, [entryOf('B')]);
  await firm.run('draft');
  const draft = (await invoicesOf(firm.books)).find(({ status }) => status === 'draft')!;
  expect((await firm.post(`/invoices/${draft.id}/void`, { reason: 'x' })).json.code).toBe(
    'invoice.not_issued',
  );
  const credited = await firm.post(`/invoices/${draft.id}/credit-notes`, { by: 'full', reason: 'x' });
  expect([credited.status, credited.json.code]).toEqual([409, 'invoice.not_issued']);
});

test('a credit note by line is listed and read with its lines; the client sees it, and who wrote it not', async () => {
  const { firm, invoiceId } = await openBilled();
  const { lines } = (await firm.get(`/invoices/${invoiceId}`)).json;
  const made = await firm.post(`/invoices/${invoiceId}/credit-notes`, {
    by: 'lines',
    reason: 'Half an hour too many',
    lines: [{ kind: 'quantity', lineId: lines[0].id, quantity: '0.50' }],
  });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    status: 'issued',
    number: 'CN-0001',
    net: '40.00',
    invoiceNumber: 'NFE-0001',
    waitsFor: null,
    lines: [{ kind: 'quantity', disposition: 'bill_again', quantity: '0.5', amount: '40.00' }],
  });
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({ credited: '40.00' });
  expect((await firm.get(`/credit-notes?invoiceId=${invoiceId}`)).json.items).toMatchObject([
    { id: made.json.id },
  ]);
  const ours = await clientOf(firm);
  const seen = await ours.call('GET', `/credit-notes/${made.json.id}`);
  expect(seen.json).toMatchObject({ number: 'CN-0001', createdBy: null, issuedBy: null });
  expect((await ours.call('GET', '/credit-notes')).json.items).toHaveLength(1);
  const refused = await ours.call('POST', `/invoices/${invoiceId}/credit-notes`, {
    body: { by: 'full', reason: 'please' },
  });
  expect(refused.status).toBe(403);
});

test('what cannot be credited is refused with where it is wrong', async () => {
  const { firm, invoiceId } = await openBilled();
  const { lines } = (await firm.get(`/invoices/${invoiceId}`)).json;
  const lineId = lines[0].id;
  const wrong: [Record<string, unknown>, number, string][] = [
    [{ by: 'amount', amount: '160.01' }, 409, 'credit_note.beyond_invoice'],
    [{ by: 'amount', amount: '0.00' }, 422, 'request.invalid_body'],
    [{ by: 'amount', amount: '1.00', disposition: 'bill_again' }, 422, 'request.invalid_body'],
    [{ by: 'lines', lines: [] }, 422, 'request.invalid_body'],
    [{ by: 'lines', lines: [{ kind: 'price', lineId, amount: '160.01' }] }, 409, 'credit_note.beyond_line'],
    [
      { by: 'lines', lines: [{ kind: 'price', lineId: invoiceId, amount: '1.00' }] },
      422,
      'credit_note.line_unknown',
    ],
  ];
  for (const [facts, status, code] of wrong) {
    const answer = await firm.post(`/invoices/${invoiceId}/credit-notes`, { reason: 'x', ...facts });
    expect([answer.status, answer.json.code], JSON.stringify(facts)).toEqual([status, code]);
  }
  expect((await firm.get('/credit-notes')).json.items).toEqual([]);
});

test('above the limit a second person issues the credit; whoever wrote it may not', async () => {
  const { firm, invoiceId } = await openBilled();
  const { workspaceId } = firm.books;
  await firm.patch('/workspace', { settings: { fourEyes: true } });
  const limit = { action: 'credit', currency: 'GBP', amount: '100.00' };
  const set = await api.call('PUT', '/duty-limits', { key: firm.key, body: limit });
  expect(set.json.items).toMatchObject([limit]);
  const ann = await api.newMember(workspaceId, 'admin', { name: 'Ann' });
  const ben = await api.newMember(workspaceId, 'admin', { name: 'Ben' });
  const as = (key: string, path: string, body: unknown) =>
    api.call('POST', path, { key, body, headers: { 'Idempotency-Key': `${path}-${key.slice(-6)}` } });
  const small = await as(ann.key, `/invoices/${invoiceId}/credit-notes`, {
    by: 'amount',
    amount: '20.00',
    reason: 'small',
  });
  expect(small.json).toMatchObject({ status: 'issued', waitsFor: null });
  const ended = await as(ann.key, `/invoices/${invoiceId}/void`, { reason: 'wrong client' });
  expect(ended.json).toMatchObject({
    outcome: 'credited',
    creditNote: { status: 'draft', number: null },
    invoice: { status: 'issued' },
  });
  const { id } = ended.json.creditNote;
  const own = await as(ann.key, `/credit-notes/${id}/issue`, {});
  expect([own.status, own.json.code]).toEqual([403, 'duty.own_credit']);
  const second = await as(ben.key, `/credit-notes/${id}/issue`, {});
  expect(second.json).toMatchObject({ status: 'issued', number: 'CN-0002', net: '140.00' });
  expect((await firm.get(`/invoices/${invoiceId}`)).json.status).toBe('credited');
});

test('in the portal each line opens to its entries: date, person, hours, who approved it and when', async () => {
  const { firm, invoiceId } = await openBilled();
  const ours = await clientOf(firm);
  const { lines } = (await ours.call('GET', `/invoices/${invoiceId}`)).json;
  const path = `/invoices/${invoiceId}/lines/${lines[0].id}/entries`;
  const seen = await ours.call('GET', path);
  expect(seen.json.items).toMatchObject([
    {
      workDate: '2026-03-02',
      personName: 'Ann Berg',
      quantity: '2.00',
      approvedBy: 'hours.csv',
      approvedAt: expect.any(String),
      priceRule: {},
    },
  ]);
  expect(seen.text).not.toMatch(/argued|rate card/i);
  expect((await firm.get(path)).json.items[0].priceSource).not.toBe('');
  // A credit takes the hours off the line; what was billed is still what was billed.
  await firm.post(`/invoices/${invoiceId}/credit-notes`, { by: 'full', reason: 'cancelled' });
  expect((await ours.call('GET', path)).json.items).toMatchObject([{ quantity: '2.00' }]);
});

test('re-issue credits in full and drafts the same work anew, to whom it should go', async () => {
  const { firm, invoiceId } = await openBilled();
  const { books } = firm;
  await firm.patch(`/clients/${books.clientId}`, { name: 'Northern Ferries Ltd' });
  const made = await firm.post(`/invoices/${invoiceId}/reissue`, { reason: 'Wrong name' });
  expect(made.json).toMatchObject({ status: 'issued', number: 'CN-0001', total: '160.00' });
  const run = await books.in((tx) => readRun(tx, made.json.replacementRunId));
  await carryOut(api.test.database, books, run!);
  const draft = (await invoicesOf(books)).find(({ status }) => status === 'draft')!;
  const issued = await firm.post(`/invoices/${draft.id}/issue`, {});
  expect(issued.json).toMatchObject({ status: 'issued', number: 'NFE-0002', net: '160.00' });
  expect((await firm.get(`/invoices/${invoiceId}`)).json.status).toBe('credited');
  const named = await books.in((tx) =>
    tx.row<{ name: string }>(
      "select snapshot #>> '{client,name}' as name from client_invoices where workspace_id = $1 and id = $2",
      [books.workspaceId, draft.id],
    ),
  );
  expect(named!.name).toBe('Northern Ferries Ltd');
});

test('a correction downwards and a late entry go onto the next invoice, and say what they are about', async () => {
  const { firm, invoiceId } = await openBilled();
  const { books } = firm;
  expect(invoiceId).toBeDefined();
  await take(books, [
    entryOf('A', { quantity: 3600, workDate: '2026-03-04', notes: 'They argued about the price' }),
    entryOf('late', { quantity: 10_800, workDate: '2026-01-15' }),
  ]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'key:ada', 'agreed'));
  await firm.run('draft');
  const draft = (await invoicesOf(books)).find(({ status }) => status === 'draft')!;
  const { lines } = (await firm.get(`/invoices/${draft.id}`)).json as {
    lines: { id: string; description: string; quantity: string; serviceFrom: string; formula: object }[];
  };
  const correction = lines.find(({ quantity }) => quantity.startsWith('-'))!;
  expect(correction).toMatchObject({ quantity: '-1.00', serviceFrom: '2026-03-04' });
  expect(correction.description).toMatch(/corrects 2026-03-02 on NFE-0001, version 1 by version 2$/);
  expect(correction.formula).toMatchObject({ version: 2, correctsVersion: 1, correctsDay: '2026-03-02' });
  const late = lines.find((line) => line !== correction)!;
  expect(late).toMatchObject({ quantity: '3.00', serviceFrom: '2026-01-15' });
  const entries = await firm.get(`/invoices/${draft.id}/lines/${correction.id}/entries`);
  expect(entries.json.items).toMatchObject([
    { workDate: '2026-03-04', replacesVersion: 1, replacedWorkDate: '2026-03-02' },
  ]);
});

test('sync can be asked for: a draft must be issued first, an issued invoice is queued once', async () => {
  const { firm, invoiceId } = await openBilled();
  const { books } = firm;
  const connection = await books.in((tx) =>
    connections.insert(tx, { connector: 'quickbooks', name: 'Our books', goLiveOn: '2026-01-01' }),
  );
  await books.in((tx) => contracts.update(tx, books.contractId, { targetConnectionId: connection.id }));
  await take(books, [entryOf('B')]);
  await firm.run('draft');
  const draft = (await invoicesOf(books)).find(({ status }) => status === 'draft')!;
  const refused = await firm.post(`/invoices/${draft.id}/sync`);
  expect([refused.status, refused.json.code]).toEqual([409, 'invoice.must_be_issued']);
  expect(refused.json.detail).toContain('must be issued first');
  const queued = await firm.post(`/invoices/${invoiceId}/sync`);
  expect([queued.status, queued.json.sync]).toEqual([
    202,
    expect.objectContaining({ status: 'queued', connectionId: connection.id }),
  ]);
  expect((await firm.post(`/invoices/${invoiceId}/sync`)).json.sync.status).toBe('queued');
  const all = (await firm.get('/invoices')).json.items as { id: string; sync: { status: string } | null }[];
  expect(all.find(({ id }) => id === invoiceId)?.sync?.status).toBe('queued');
  const events = (await firm.get('/events?limit=200')).json.items as { type: string }[];
  expect(events.filter(({ type }) => type === 'invoice.sync_requested').length).toBeLessThanOrEqual(1);
});
