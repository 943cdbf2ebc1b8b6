/** Owns what comes to less than nothing over HTTP: it carries forward, or goes out as credit notes of what it corrects. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { lockContract } from '../../store/contract-versions.ts';
import { lockBalancesOf, lockEntriesOf } from '../../store/corrected-items.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { issueInvoices } from '../../store/issue.ts';
import { series } from '../../store/series.ts';
import { watchCorrections } from '../../store/waiting-corrections.ts';
import {
  carryOut,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
  totalOf,
} from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours, openTicketFirm } from '../support/tickets.ts';

let api: TestApi;
const opened: Firm['books'][] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'Europe/London');
const ok = (answer: Answered, status = 200) => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json;
};
const hour = 3_600;

async function newFirm(options: Parameters<typeof openFirm>[1] = {}): Promise<Firm> {
  const contract = {
    tax: { rate: '20', category: 'standard' },
    grouping: { invoice: 'one_line', line: 'entry' },
    ...options.contract,
  } as const;
  const firm = await openFirm(api, { ...options, contract });
  opened.push(firm.books);
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  return firm;
}

/** Taken in, what changed after its invoice released, so that the next run compiles the difference. */
async function corrected(firm: Firm, ...entries: ReturnType<typeof entryOf>[]): Promise<void> {
  await take(firm.books, entries);
  await firm.books.in((tx) =>
    releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'key:ada', 'agreed'),
  );
}

/** Two hours of A, issued as NFE-0001 for 160.00 and tax; then only `left` of them are true. */
async function billedTooMuch(firm: Firm, left = hour): Promise<string> {
  await take(firm.books, [entryOf('A', { quantity: 2 * hour })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  await corrected(firm, entryOf('A', { quantity: left }));
  return invoice!.id;
}

const open = (firm: Firm) =>
  firm.books.in((tx) =>
    tx.rows<{ id: string; quantity: string }>(
      `select i.id, b.quantity - b.allocated as quantity from item_balance b join billable_items i on i.workspace_id = $1 and i.id = b.item_id
       where b.workspace_id = $1 and b.quantity <> b.allocated order by i.id`,
      [firm.books.workspaceId],
    ),
  );
const creditItems = (firm: Firm, itemIds: string[]) =>
  firm.post('/billable-items/credit', { itemIds, reason: 'Noted twice' });
const creditDraft = (firm: Firm, id: string) =>
  firm.post(`/invoices/${id}/credit-corrections`, { reason: 'Noted twice' });
const nets = async (firm: Firm) =>
  (await invoicesOf(firm.books)).map(({ status, number, net }) => `${status} ${number ?? '–'} ${net}`);
const select = async (firm: Firm, itemIds: string[]) =>
  carryOut(
    api.test.database,
    firm.books,
    ok(
      await firm.post('/billing-runs', {
        itemIds,
        reason: 'These',
        finishAt: 'draft',
        cutoffOn: '2027-01-01',
      }),
      202,
    ),
  );

test('what comes to less than nothing carries forward: preview and run say so, and the next run takes it off', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  const preview = ok(await firm.post('/billing-runs/preview', runOf(firm.books)));
  expect(preview.invoices).toEqual([]);
  expect(preview.leftOut).toMatchObject([
    { code: 'below_zero', items: 1, amounts: [{ currency: 'GBP', amount: '-80' }] },
  ]);
  expect((await firm.run('issue')).counts).toMatchObject({ drafts: 0, carriedForward: 1 });
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00']);
  // As much again is an invoice of nothing, which nobody owes.
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
  expect((await firm.run('issue')).counts).toMatchObject({ issued: 1 });
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00', 'settled NFE-0002 0.00']);
  expect(await open(firm)).toEqual([]);
});

test('a correction that no later work takes off is told after a month, until it is credited', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await firm.run('issue');
  const watched = async (days: number) => {
    await firm.books.in((tx) => watchCorrections(tx, addDays(today, days)));
    return (await exceptionsOf(firm.books)).map(({ rule, detail }) => `${rule}: ${String(detail.figure)}`);
  };
  expect(await watched(30)).toEqual([]);
  const told = [expect.stringMatching(/^contract.corrections_wait: 1 correction of -80.00 GBP, since /)];
  expect(await watched(33)).toEqual(told);
  expect(await watched(34)).toEqual(told);
  ok(await creditItems(firm, [(await open(firm))[0]!.id]));
  expect(await watched(35)).toEqual([]);
});

test('of invoices by month a correction goes onto a later month’s, and with less than it onto none', async () => {
  const firm = await newFirm({ contract: { grouping: { invoice: 'month', line: 'entry' } } });
  await billedTooMuch(firm);
  await take(firm.books, [entryOf('B', { workDate: '2026-04-02', quantity: hour / 2 })]);
  expect((await firm.run('draft')).counts).toMatchObject({ drafts: 1, carriedForward: 1 });
  await take(firm.books, [entryOf('C', { workDate: '2026-05-04', quantity: 3 * hour })]);
  expect((await firm.run('draft')).counts).toMatchObject({ drafts: 1 });
  expect((await nets(firm)).slice(1)).toEqual(['draft – 40.00', 'draft – 160.00']);
});

test('approvals that gathered on a draft carry forward with a correction that is more, and are drafted again with what comes', async () => {
  const firm = await newFirm();
  const { books } = firm;
  const approvals = async () =>
    carryOut(
      api.test.database,
      books,
      await requestBilling(books, { trigger: 'entry', pulledBy: 'policy', finishAt: 'draft' }),
    );
  await billedTooMuch(firm, 2 * hour);
  await take(books, [entryOf('B', { workDate: '2026-03-03', quantity: hour / 2 })]);
  await approvals();
  expect((await nets(firm))[1]).toBe('draft – 40.00');
  await corrected(firm, entryOf('A', { quantity: hour }));
  expect((await approvals()).counts).toMatchObject({ drafts: 0, carriedForward: 2 });
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00']);
  await expectBalanced(api.test.database, books);
  await take(books, [entryOf('C', { workDate: '2026-03-04' })]);
  await approvals();
  expect((await nets(firm))[1]).toBe('draft – 40.00');
});

test('one call makes a credit note of what carries forward, of the invoice that it corrects, and no run bills it again', async () => {
  const firm = await newFirm();
  const invoiceId = await billedTooMuch(firm);
  await firm.run('issue');
  const [correction] = await open(firm);
  expect(correction!.quantity).toBe('-1.00');
  const credited = ok(await creditItems(firm, [correction!.id]));
  expect(credited).toMatchObject({
    creditNotes: [
      { status: 'issued', number: 'CN-0001', invoiceId, net: '80.00', tax: '16.00', total: '96.00' },
    ],
    left: [],
  });
  const note = ok(await firm.get(`/credit-notes/${credited.creditNotes[0].id}`));
  expect(note.lines).toMatchObject([{ quantity: '1', amount: '80.00', disposition: 'write_off' }]);
  expect(ok(await firm.get(`/invoices/${invoiceId}`))).toMatchObject({ credited: '96.00', status: 'issued' });
  expect(ok(await firm.get(`/billable-items/${correction!.id}`))).toMatchObject({
    status: 'written_off',
    heldReason: null,
  });
  // Both sides of it are written off against each other, and stay so.
  const [off] = ok(await firm.get('/write-offs')).items;
  expect(off).toMatchObject({ items: 2, amounts: [{ currency: 'GBP', amount: '0.00' }] });
  const reversed = await firm.post(`/write-offs/${off.id}/reverse`, { reason: 'Try' });
  expect([reversed.status, reversed.json.code]).toEqual([409, 'write_off.credited']);
  expect(await totalOf(firm.books, 'receivable', 'GBP')).toBe('96');
  expect(await totalOf(firm.books, 'pending_amount', 'GBP')).toBe('0');
  const again = await creditItems(firm, [correction!.id]);
  expect([again.status, again.json.code]).toEqual([409, 'item.not_open']);
  const wip = ok(await firm.get(`/reports/finance/wip?startsOn=2026-01-01&asOf=${today}`));
  const [{ earned, billed, writtenOff, closing }] = wip.rows;
  expect([earned, billed, writtenOff, closing].map(Number)).toEqual([80, 80, 0, 0]);
  await firm.run('issue');
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00']);
  // Corrected again, up and then to nothing: each difference is billed or credited by itself.
  await corrected(firm, entryOf('A', { quantity: 2 * hour }));
  await firm.run('issue');
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 80.00']);
  await corrected(firm, entryOf('A', { quantity: 0 }));
  await firm.run('issue');
  const all = ok(await creditItems(firm, [(await open(firm))[0]!.id]));
  expect(all.creditNotes).toMatchObject([
    { invoiceNumber: 'NFE-0001', number: 'CN-0002', total: '96.00' },
    { invoiceNumber: 'NFE-0002', number: 'CN-0003', total: '96.00' },
  ]);
  expect((await invoicesOf(firm.books)).map(({ status }) => status)).toEqual(['credited', 'credited']);
});

test('a draft below zero is not issued; its corrections are credited with one call, and the rest of it is billed', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03', quantity: hour / 2 })]);
  await firm.run('draft');
  await select(
    firm,
    (await open(firm)).map(({ id }) => id),
  );
  const draft = (await invoicesOf(firm.books)).find(({ number }) => number === null)!;
  expect(draft).toMatchObject({ status: 'draft', net: '-40.00' });
  const refused = await firm.post(`/invoices/${draft.id}/issue`, {});
  expect([refused.status, refused.json.code]).toEqual([409, 'invoice.gate']);
  expect(refused.json.detail).toContain('comes to less than nothing and needs a credit note');
  // Held by somebody who tried all: credited, it is a draft again, and nobody needs to release it.
  await firm.books.in((tx) => issueInvoices(tx, [draft.id], 'key:ada', new Date().toISOString()));
  expect(ok(await firm.get(`/invoices/${draft.id}`)).status).toBe('held');
  const answer = ok(await creditDraft(firm, draft.id));
  expect(answer).toMatchObject({
    creditNotes: [{ number: 'CN-0001', total: '96.00' }],
    invoice: { status: 'draft', net: '40.00', total: '48.00' },
  });
  const nothing = await creditDraft(firm, draft.id);
  expect([nothing.status, nothing.json.code]).toEqual([409, 'correction.nothing_to_credit']);
  ok(await firm.post(`/invoices/${draft.id}/issue`, {}));
  expect(await nets(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 40.00']);
  await expectBalanced(api.test.database, firm.books);
  const events = ok(await firm.get('/events?limit=200')).items as { type: string }[];
  expect(events.filter(({ type }) => type === 'items.credited')).toHaveLength(1);
});

test('of many who credit the same draft at once one does, and a draft of nothing else is discarded', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await firm.run('draft');
  await select(
    firm,
    (await open(firm)).map(({ id }) => id),
  );
  const draft = (await invoicesOf(firm.books)).find(({ number }) => number === null)!;
  const [correction] = await firm.books.in((tx) =>
    tx.rows<{ id: string }>('select id from billable_items where workspace_id = $1 and quantity < 0', [
      firm.books.workspaceId,
    ]),
  );
  const answers = await Promise.all([
    ...Array.from({ length: 3 }, () => creditDraft(firm, draft.id)),
    ...Array.from({ length: 3 }, () => creditItems(firm, [correction!.id])),
    firm.run('issue').then(() => null),
  ]);
  const statuses = answers.flatMap((answer) => (answer ? [answer.status] : [])).sort((a, b) => a - b);
  expect(statuses).toEqual([200, 409, 409, 409, 409, 409]);
  expect(ok(await firm.get('/credit-notes')).items).toHaveLength(1);
  expect(ok(await firm.get(`/invoices/${draft.id}`)).status).toBe('discarded');
  expect(await open(firm)).toEqual([]);
});

test('credited as a correction and by hand, and paid, at the same moment: whatever comes first, no hour and no money twice', async () => {
  const firm = await newFirm({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  const names = ['A', 'B', 'C', 'D'];
  const entries = (quantity: number) =>
    names.map((name, index) => entryOf(name, { quantity, workDate: `2026-03-0${index + 2}` }));
  await take(firm.books, entries(2 * hour));
  await firm.run('issue');
  await corrected(firm, ...entries(hour));
  await firm.run('issue');
  const corrections = await open(firm);
  expect(corrections).toHaveLength(names.length);
  const invoices = await invoicesOf(firm.books);
  const answers = await Promise.all([
    creditItems(
      firm,
      corrections.map(({ id }) => id),
    ),
    ...corrections.map(({ id }) => creditItems(firm, [id])),
    ...invoices.flatMap(({ id, total }) => [
      firm.post(`/invoices/${id}/credit-notes`, { by: 'full', reason: 'All of it' }),
      firm.post('/payments', {
        clientId: firm.books.clientId,
        currency: 'GBP',
        amount: total,
        valueDate: today,
        applications: [{ invoiceId: id, amount: total }],
      }),
    ]),
  ]);
  expect(answers.filter(({ status }) => ![200, 201, 409].includes(status)).map(({ text }) => text)).toEqual(
    [],
  );
  await expectBalanced(api.test.database, firm.books);
  // Of each entry one hour is true; what a credit by hand gave back is held, and its correction takes it off again.
  const [sum] = await firm.books.in((tx) =>
    tx.rows<{ hours: string }>(
      `select coalesce(sum(a.quantity), 0)::text as hours from allocations a join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id
       where a.workspace_id = $1 and n.number is not null`,
      [firm.books.workspaceId],
    ),
  );
  const left = (await open(firm)).reduce((hours, { quantity }) => hours + Number(quantity), 0);
  expect(Number(sum!.hours) + left).toBe(names.length);
});

test('of a paid invoice the money is on account, and what is taken back after it is exactly the rest', async () => {
  const firm = await newFirm();
  const invoiceId = await billedTooMuch(firm);
  const paid = ok(
    await firm.post('/payments', {
      clientId: firm.books.clientId,
      currency: 'GBP',
      amount: '192.00',
      valueDate: today,
      applications: [{ invoiceId, amount: '192.00' }],
    }),
    201,
  );
  await firm.run('issue');
  ok(await creditItems(firm, [(await open(firm))[0]!.id]));
  const onAccount = await firm.books.in((tx) =>
    tx.row<{ amount: string }>(
      `select sum(amount)::text as amount from payment_applications where workspace_id = $1 and payment_id = $2 and kind = 'on_account'`,
      [firm.books.workspaceId, paid.id],
    ),
  );
  expect(onAccount!.amount).toBe('96.00');
  expect(ok(await firm.get(`/invoices/${invoiceId}`)).status).toBe('settled');
  // The freed money pays the next invoice.
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
  await firm.run('issue');
  const next = (await invoicesOf(firm.books)).find(({ number }) => number === 'NFE-0002')!;
  ok(
    await firm.post(`/payments/${paid.id}/apply`, {
      applications: [{ invoiceId: next.id, amount: '96.00' }],
    }),
  );
  const voided = ok(await firm.post(`/invoices/${invoiceId}/void`, { reason: 'All of it was wrong' }));
  expect(voided).toMatchObject({
    outcome: 'credited',
    creditNote: { number: 'CN-0002', total: '96.00' },
    invoice: { status: 'credited' },
  });
});

describe('a contract that has it credited', () => {
  const asCredit = async (firm: Firm) =>
    ok(await firm.patch(`/contracts/${firm.books.contractId}`, { clauses: { belowZero: 'credit_note' } }));

  test('is credited by the run that issues, and what else is on the draft goes out', async () => {
    const firm = await newFirm({ contract: { grouping: { invoice: 'one_line', line: 'one_line' } } });
    await asCredit(firm);
    await billedTooMuch(firm);
    await take(firm.books, [entryOf('B', { workDate: '2026-03-03', quantity: hour / 2 })]);
    const run = await firm.run('issue');
    expect(run.counts).toMatchObject({ drafts: 1, creditNotes: 1, issued: 1, held: 0 });
    expect(await nets(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 40.00']);
    expect(ok(await firm.get('/credit-notes')).items).toMatchObject([
      { number: 'CN-0001', net: '80.00', status: 'issued', invoiceNumber: 'NFE-0001' },
    ]);
  });

  test('waits for a person where the run ends at drafts; what never was on an invoice of ours carries forward', async () => {
    const firm = await newFirm();
    await asCredit(firm);
    await billedTooMuch(firm);
    await firm.run('draft');
    expect((await nets(firm))[1]).toBe('draft – -80.00');
    // Cash back on an expense that never was on an invoice of ours.
    await take(firm.books, [
      entryOf('R', {
        kind: 'expense',
        quantity: -3_000,
        workDate: '2026-03-05',
        rate: null,
        currency: 'GBP',
      }),
    ]);
    const run = await firm.run('issue');
    expect(run.counts).toMatchObject({ creditNotes: 0, held: 0, carriedForward: 1 });
    expect(await nets(firm)).toEqual(['issued NFE-0001 160.00', 'draft – -80.00']);
  });

  test('above the limit the credit note waits for a second person; discarded, it lowers the next invoice', async () => {
    const firm = await newFirm();
    await asCredit(firm);
    await billedTooMuch(firm);
    await firm.patch('/workspace', { settings: { fourEyes: true } });
    const limit = { action: 'credit', currency: 'GBP', amount: '50.00' };
    ok(await api.call('PUT', '/duty-limits', { key: firm.key, body: limit }));
    const ann = await api.newMember(firm.books.workspaceId, 'admin', { name: 'Ann' });
    expect(ann.key).toBeDefined();
    await firm.run('issue');
    const [note] = ok(await firm.get('/credit-notes')).items;
    expect(note).toMatchObject({ status: 'draft', total: '96.00' });
    const [waiting] = ok(await firm.get('/billable-items?status=held')).items;
    expect(waiting).toMatchObject({ quantity: '-1.00', heldReason: expect.stringContaining('credit note') });
    // Nobody bills it meanwhile.
    expect((await firm.run('issue')).counts).toMatchObject({ drafts: 0 });
    ok(await firm.post(`/credit-notes/${note.id}/discard`, {}));
    await firm.run('issue');
    const [, second] = ok(await firm.get('/credit-notes')).items.toReversed();
    expect(second.status).toBe('draft');
    const issued = ok(
      await api.call('POST', `/credit-notes/${second.id}/issue`, {
        key: ann.key,
        body: {},
        headers: { 'Idempotency-Key': 'second-person' },
      }),
    );
    expect(issued).toMatchObject({ status: 'issued', number: 'CN-0001', total: '96.00' });
    expect(await open(firm)).toEqual([]);
  });
});

test.each([
  // 1 h 37 min and 13 s of 3 h: 1.62 h and 3.00 h at the rate; the difference is 1.38 h.
  { currency: 'JPY', rate: '9501', places: 0, net: '13111', tax: '2622', total: '15733' },
  { currency: 'KWD', rate: '31.337', places: 3, net: '43.245', tax: '8.649', total: '51.894' },
  { currency: 'EUR', rate: '93.35', places: 2, net: '128.82', tax: '25.76', total: '154.58' },
])(
  'in $currency it is credited to the smallest coin',
  async ({ currency, rate, places, net, tax, total }) => {
    const firm = await newFirm({
      rate: null,
      contract: { currency, rounding: { mode: 'half_up', moneyPlaces: places, quantityPlaces: 2 } },
    });
    const scope = { scopeType: 'contract', scopeId: firm.books.contractId };
    ok(await firm.post('/strategies', { ...scope, category: 'labor', method: 'service_rates' }), 201);
    ok(await firm.post('/rate-cards', { ...scope, position: '*', regularRate: rate, currency }), 201);
    const posted = { rateOn: today, source: 'ECB', base: currency, quote: 'GBP', rate: '0.7' };
    ok(await firm.post('/currency-rates', posted), 201);
    await take(firm.books, [entryOf('A', { quantity: 3 * hour })]);
    await firm.run('issue');
    await corrected(firm, entryOf('A', { quantity: 5_833 }));
    await firm.run('issue');
    const { creditNotes } = ok(await creditItems(firm, [(await open(firm))[0]!.id]));
    expect(creditNotes).toMatchObject([{ net, tax, total, currency }]);
    const [invoice] = await invoicesOf(firm.books);
    // All of it taken back, the rest is what is left to the coin.
    ok(await firm.post(`/invoices/${invoice!.id}/credit-notes`, { by: 'full', reason: 'All of it' }), 201);
    expect(ok(await firm.get(`/invoices/${invoice!.id}`))).toMatchObject({ status: 'credited' });
  },
);

test('with the tax in the price and a discount, what a correction and the rest take back is the invoice to the cent', async () => {
  const firm = await newFirm({ contract: { tax: { rate: '19', category: 'standard' } } });
  ok(await firm.patch(`/clients/${firm.books.clientId}`, { address: { country: 'DE' } }));
  const taxRate = { region: 'DE', category: 'standard', rate: '19', inclusive: true };
  ok(await firm.post('/tax-rates', taxRate), 201);
  await take(firm.books, [
    entryOf('A', { quantity: 12_345 }),
    entryOf('B', { quantity: 5_000, workDate: '2026-03-03' }),
  ]);
  await firm.run('draft');
  const [draft] = await invoicesOf(firm.books);
  ok(await firm.post(`/invoices/${draft!.id}/discounts`, { percentage: '12.7', reason: 'All' }), 201);
  ok(await firm.post(`/invoices/${draft!.id}/issue`, {}));
  await corrected(firm, entryOf('A', { quantity: 4_321 }));
  await firm.run('issue');
  const { creditNotes } = ok(await creditItems(firm, [(await open(firm))[0]!.id]));
  expect(creditNotes).toHaveLength(1);
  const rest = ok(
    await firm.post(`/invoices/${draft!.id}/credit-notes`, { by: 'full', reason: 'All of it' }),
    201,
  );
  const cents = (value: string) => Math.round(Number(value) * 100);
  const invoice = ok(await firm.get(`/invoices/${draft!.id}`));
  expect(invoice.status).toBe('credited');
  for (const part of ['net', 'tax', 'total'] as const)
    expect(cents(creditNotes[0][part]) + cents(rest[part]), part).toBe(cents(invoice[part]));
});

test('what changed again, is not approved, or was never billed by us is left, and says why', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await take(firm.books, [
    entryOf('R', { kind: 'expense', quantity: -3_000, workDate: '2026-03-05', rate: null, currency: 'GBP' }),
  ]);
  await firm.run('issue');
  const items = await open(firm);
  expect(items.map(({ quantity }) => quantity).sort()).toEqual(['-1.00', '-30.00']);
  const [correction, refund] = items[0]!.quantity === '-1.00' ? items : items.toReversed();
  // A new doubt about A: until it is settled nobody credits it.
  await take(firm.books, [entryOf('A', { quantity: 2 * hour })]);
  const refused = await creditItems(firm, [correction!.id]);
  expect([refused.status, refused.json.code]).toEqual([409, 'correction.nothing_to_credit']);
  expect(refused.json.detail).toContain('changed again');
  await take(firm.books, [entryOf('A', { quantity: hour })]);
  await corrected(firm);
  expect(ok(await creditItems(firm, [correction!.id, refund!.id]))).toMatchObject({
    creditNotes: [{ number: 'CN-0001' }],
    left: [{ itemId: refund!.id, why: 'not_on_an_invoice', message: null }],
  });
  const work = await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
  expect(work).toBeDefined();
  ok(await firm.post(`/billable-items/hold`, { itemIds: [refund!.id], reason: 'Next month' }));
  await firm.run('draft');
  const [draft] = (await invoicesOf(firm.books)).filter(({ number }) => number === null);
  const { lines } = ok(await firm.get(`/invoices/${draft!.id}`));
  const [bill] = ok(await firm.get(`/invoices/${draft!.id}/lines/${lines[0].id}/entries`)).items;
  const wrong = await creditItems(firm, [bill.itemId]);
  expect([wrong.status, wrong.json.code]).toEqual([409, 'item.no_correction']);
});

test('of invoices by month a correction brings none below the minimum, unless a person chose them', async () => {
  const firm = await newFirm({ contract: { grouping: { invoice: 'month', line: 'entry' } } });
  const clauses = { minimumInvoiceAmount: '100.00' };
  ok(await firm.patch(`/contracts/${firm.books.contractId}`, { clauses }));
  await billedTooMuch(firm);
  await take(firm.books, [entryOf('B', { workDate: '2026-04-02', quantity: 2 * hour })]);
  // 160 would be 80 with it.
  expect((await firm.run('draft')).counts).toMatchObject({ drafts: 1, carriedForward: 1 });
  const [, april] = await invoicesOf(firm.books);
  expect(april).toMatchObject({ status: 'draft', net: '160.00' });
  ok(await firm.post(`/invoices/${april!.id}/discard`, { reason: 'Both of them' }));
  const items = await open(firm);
  expect(items).toHaveLength(2);
  await select(
    firm,
    items.map(({ id }) => id),
  );
  const chosen = (await invoicesOf(firm.books)).find(({ status }) => status === 'draft')!;
  expect(chosen.net).toBe('80.00');
  ok(await firm.post(`/invoices/${chosen.id}/discard`, { reason: 'Rather apart' }));
  await take(firm.books, [entryOf('C', { workDate: '2026-05-04', quantity: 3 * hour })]);
  expect((await firm.run('draft')).counts).toMatchObject({ drafts: 2 });
  const drafts = (await nets(firm)).filter((draft) => draft.startsWith('draft'));
  expect(drafts).toEqual(['draft – 160.00', 'draft – 160.00']);
});

test('an invoice that takes no credit keeps no other correction from its own, and says why', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('issue');
  await corrected(firm, entryOf('A', { quantity: 2 * hour }));
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03', quantity: 2 * hour })]);
  await firm.run('issue');
  const [first] = await invoicesOf(firm.books);
  ok(await firm.post(`/invoices/${first!.id}/write-off-bad-debt`, { reason: 'They dispute it' }));
  // A takes back an hour on each invoice, B one on the second.
  await corrected(
    firm,
    entryOf('A', { quantity: 0 }),
    entryOf('B', { workDate: '2026-03-03', quantity: hour }),
  );
  await firm.run('issue');
  const items = await open(firm);
  const [ofA, ofB] = items[0]!.quantity === '-2.00' ? items : items.toReversed();
  expect([ofA!.quantity, ofB!.quantity]).toEqual(['-2.00', '-1.00']);
  const alone = await creditItems(firm, [ofA!.id]);
  expect([alone.status, alone.json.code]).toEqual([409, 'correction.nothing_to_credit']);
  expect(alone.json.detail).toContain('Invoice NFE-0001 has 0 left to credit');
  const { creditNotes, left } = ok(
    await creditItems(
      firm,
      items.map(({ id }) => id),
    ),
  );
  expect(creditNotes).toMatchObject([{ invoiceNumber: 'NFE-0002', net: '80.00' }]);
  expect(left).toEqual([
    { itemId: ofA!.id, why: 'not_creditable', message: expect.stringContaining('bad debt') },
  ]);
  expect(await open(firm)).toEqual([ofA]);
  // Taken back, it is credited on both.
  ok(await firm.post(`/invoices/${first!.id}/reverse-bad-debt`, { reason: 'They were right' }));
  expect(ok(await creditItems(firm, [ofA!.id])).creditNotes).toMatchObject([
    { invoiceNumber: 'NFE-0001', net: '80.00' },
    { invoiceNumber: 'NFE-0002', net: '80.00' },
  ]);
});

test('who credits waits for a run of the contract before they hold any entry, so that neither stops the other', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await firm.run('issue');
  const [correction] = await open(firm);
  const { credited, waits } = await firm.books.in(async (tx) => {
    await lockContract(tx, firm.books.contractId);
    await lockBalancesOf(tx, [correction!.id]);
    const credited = creditItems(firm, [correction!.id]);
    const waits: string[] = [];
    while (waits.length === 0) {
      await setTimeout(20);
      const rows = await tx.rows<{ lock: string }>(
        'select locktype as lock from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))',
        [],
      );
      waits.push(...rows.map(({ lock }) => lock));
    }
    await lockEntriesOf(tx, [correction!.id]);
    // Not awaited here: it waits for this transaction.
    return { credited: { answer: credited }, waits };
  });
  expect(waits).toEqual(['advisory']);
  expect(ok(await credited.answer).creditNotes).toMatchObject([{ number: 'CN-0001' }]);
});

describe('while a credit note waits for a second person', () => {
  async function withLimit(firm: Firm, amount: string) {
    await firm.patch('/workspace', { settings: { fourEyes: true } });
    ok(
      await api.call('PUT', '/duty-limits', {
        key: firm.key,
        body: { action: 'credit', currency: 'GBP', amount },
      }),
    );
    const ann = await api.newMember(firm.books.workspaceId, 'admin', { name: 'Ann' });
    return (noteId: string) =>
      api.call('POST', `/credit-notes/${noteId}/issue`, {
        key: ann.key,
        body: {},
        headers: { 'Idempotency-Key': noteId },
      });
  }
  const itemOf = async (firm: Firm, id: string) => ok(await firm.get(`/billable-items/${id}`));

  test('its corrections are not credited again, and a hold of somebody’s own outlives it', async () => {
    const firm = await newFirm();
    await billedTooMuch(firm);
    await firm.run('issue');
    await withLimit(firm, '50.00');
    const [correction] = await open(firm);
    const id = correction!.id;
    ok(await firm.post('/billable-items/hold', { itemIds: [id], reason: 'Ask them first' }));
    const { creditNotes } = ok(await creditItems(firm, [id]));
    expect(creditNotes).toMatchObject([{ status: 'draft', total: '96.00' }]);
    const again = await creditItems(firm, [id]);
    expect([again.status, again.json.code]).toEqual([409, 'correction.on_credit_note']);
    expect(again.json.detail).toContain('not issued yet');
    expect((await itemOf(firm, id)).heldReason).toBe('Ask them first');
    ok(await firm.post(`/credit-notes/${creditNotes[0].id}/discard`, {}));
    expect((await itemOf(firm, id)).heldReason).toBe('Ask them first');
    ok(await firm.post('/billable-items/release', { itemIds: [id], reason: 'They know' }));
    expect(ok(await creditItems(firm, [id])).creditNotes).toMatchObject([{ status: 'draft' }]);
  });

  test('what a correction was adjusted to beyond it is open once it is issued', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A', { quantity: 3 * hour })]);
    await firm.run('issue');
    await corrected(firm, entryOf('A', { quantity: hour }));
    await firm.run('issue');
    const issue = await withLimit(firm, '50.00');
    const [correction] = await open(firm);
    const id = correction!.id;
    const { creditNotes } = ok(await creditItems(firm, [id]));
    ok(await firm.post(`/billable-items/${id}/adjust`, { quantity: '-3', reason: 'All of it' }));
    expect((await itemOf(firm, id)).heldReason).toContain('credit note');
    expect(ok(await issue(creditNotes[0].id))).toMatchObject({ status: 'issued', net: '160.00' });
    expect((await open(firm)).map(({ quantity }) => Number(quantity))).toEqual([-1]);
    expect((await itemOf(firm, id)).heldReason).toBeNull();
    expect((await firm.run('issue')).counts).toMatchObject({ drafts: 0, carriedForward: 1 });
  });

  test('a correction of two invoices stays held while one of its credit notes waits', async () => {
    const firm = await newFirm();
    await take(firm.books, [entryOf('A')]);
    await firm.run('issue');
    await corrected(firm, entryOf('A', { quantity: 3 * hour }));
    await firm.run('issue');
    await corrected(firm, entryOf('A', { quantity: 0 }));
    await firm.run('issue');
    await withLimit(firm, '100.00');
    const [correction] = await open(firm);
    const id = correction!.id;
    const { creditNotes } = ok(await creditItems(firm, [id]));
    expect(creditNotes).toMatchObject([
      { invoiceNumber: 'NFE-0001', status: 'issued', total: '96.00' },
      { invoiceNumber: 'NFE-0002', status: 'draft', total: '192.00' },
    ]);
    expect((await open(firm)).map(({ quantity }) => Number(quantity))).toEqual([-2]);
    expect((await itemOf(firm, id)).heldReason).toContain('credit note');
    ok(await firm.post(`/credit-notes/${creditNotes[1].id}/discard`, {}));
    expect((await itemOf(firm, id)).heldReason).toBeNull();
  });
});

test('a correcting ticket credits the invoice of the ticket that it corrects', async () => {
  const firm = await openTicketFirm(api);
  opened.push(firm.books);
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  const run = async () => {
    const asked = expectStatus(await firm.admin.post('/billing-runs', runOf(firm.books)), 202);
    return carryOut(api.test.database, firm.books, asked as Parameters<typeof carryOut>[2]);
  };
  const approved = async (...facts: Parameters<typeof firm.submitted>) => {
    const id = await firm.submitted(...facts);
    expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
    return id;
  };
  const ticket = await approved([hours(6), hours(2)]);
  await run();
  await approved([hours(-3)], { correctsTicketId: ticket });
  expect((await run()).counts).toMatchObject({ carriedForward: 1 });
  const [item] = ok(await firm.admin.get('/billable-items?status=pending')).items;
  const answer = ok(
    await firm.admin.post('/billable-items/credit', { itemIds: [item.id], reason: 'Three too many' }),
  );
  const [invoice] = await invoicesOf(firm.books);
  expect(answer.creditNotes).toMatchObject([{ invoiceId: invoice!.id, net: '240.00' }]);
});
