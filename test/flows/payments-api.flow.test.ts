/** Owns payments over HTTP: what may be applied to what, once, and taking it back. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../../store/new-id.ts';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
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

/** A firm with one issued invoice of 160.00 GBP. */
async function firmWithInvoice(): Promise<{ firm: Firm; invoiceId: string }> {
  const firm = await openFirm(api);
  opened.push(firm);
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(firm.books);
  return { firm, invoiceId: invoice!.id };
}
const paymentOf = (invoiceId: string, facts: Record<string, unknown> = {}) => ({
  currency: 'GBP',
  amount: '160.00',
  valueDate: '2026-04-10',
  applications: [{ invoiceId, amount: '160.00' }],
  ...facts,
});

test('a payment settles its invoice; the rest stays on account', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const made = await firm.post('/payments', paymentOf(invoiceId, { amount: '200.00', reference: 'WIRE-7' }));
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    amount: '200.00',
    applied: '160.00',
    status: 'cleared',
    reference: 'WIRE-7',
  });
  expect(made.json.applications).toMatchObject([
    { kind: 'invoice', documentId: invoiceId, invoiceNumber: 'NFE-0001', amount: '160.00' },
    { kind: 'on_account', documentId: null, amount: '40.00' },
  ]);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'settled',
    applied: '160.00',
  });
  expect((await firm.get(made.headers.get('location')!)).json).toEqual(made.json);
  expect((await firm.get('/payments')).json.items).toMatchObject([{ id: made.json.id, applied: '160.00' }]);
});

test('the same command sent again books no second payment', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const half = paymentOf(invoiceId, { amount: '80.00', applications: [{ invoiceId, amount: '80.00' }] });
  expect((await firm.post('/payments', half, null)).json.code).toBe('idempotency.key_required');
  const answers = await Promise.all(Array.from({ length: 4 }, () => firm.post('/payments', half, 'wire-1')));
  expect(answers.filter((answer) => answer.status === 201).length).toBeGreaterThan(0);
  expect(
    answers.every((answer) => answer.status === 201 || answer.json.code === 'idempotency.in_flight'),
  ).toBe(true);
  expect((await firm.post('/payments', half, 'wire-1')).headers.get('idempotency-replayed')).toBe('true');
  expect((await firm.get('/payments')).json.items).toHaveLength(1);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'partially_paid',
    applied: '80.00',
  });
});

test('what cannot be applied is refused whole, with what to do', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const apply = (amount: string, invoice = invoiceId) => [{ invoiceId: invoice, amount }];
  const refusals: [Record<string, unknown>, number, string][] = [
    [{ applications: apply('160.01'), amount: '500.00' }, 409, 'payment.beyond_balance'],
    [
      { applications: [...apply('100.00'), ...apply('100.00')], amount: '200.00' },
      409,
      'payment.beyond_balance',
    ],
    [{ applications: apply('160.00'), amount: '100.00' }, 409, 'payment.applied_beyond_amount'],
    [{ currency: 'EUR' }, 409, 'payment.currency_differs'],
    [{ applications: apply('1.00', newId()) }, 409, 'payment.invoice_not_issued'],
    [{ amount: '0.00' }, 422, 'request.invalid_body'],
    [{ amount: '-5.00', applications: [] }, 422, 'request.invalid_body'],
    [{ applications: apply('-1.00') }, 422, 'request.invalid_body'],
    [{ amount: '1e3' }, 422, 'request.invalid_body'],
    [{ amount: 160 }, 422, 'request.invalid_body'],
    [{ clientId: newId() }, 422, 'reference.unknown'],
  ];
  for (const [facts, status, code] of refusals) {
    const answer = await firm.post('/payments', paymentOf(invoiceId, facts));
    expect([answer.status, answer.json.code], JSON.stringify(facts)).toEqual([status, code]);
  }
  const client = await firm.post('/clients', {
    name: 'Other Ferries',
    email: 'ap@other.example',
    code: 'OFE',
    currency: 'GBP',
  });
  expect((await firm.post('/payments', paymentOf(invoiceId, { clientId: client.json.id }))).json.code).toBe(
    'payment.invoice_of_other_client',
  );
  expect((await firm.get('/payments')).json.items).toEqual([]);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'issued',
    applied: '0.00',
  });
});

test('another workspace cannot pay, see or reverse ours', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const { firm: other } = await firmWithInvoice();
  const made = await firm.post('/payments', paymentOf(invoiceId));
  expect((await other.post('/payments', paymentOf(invoiceId))).json.code).toBe('payment.invoice_not_issued');
  expect((await other.get(`/payments/${made.json.id}`)).status).toBe(404);
  expect((await other.post(`/payments/${made.json.id}/reverse`, { reason: 'mine' })).status).toBe(404);
  expect((await other.get('/payments')).json.items).toEqual([]);
});

test('payers at the same moment never overpay an invoice', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const part = paymentOf(invoiceId, { amount: '60.00', applications: [{ invoiceId, amount: '60.00' }] });
  const answers = await Promise.all(Array.from({ length: 5 }, () => firm.post('/payments', part)));
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 201, 409, 409, 409]);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'partially_paid',
    applied: '120.00',
  });
});

test('a reversed payment opens its invoice again, by rows of its own, and is reversed once', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const made = await firm.post('/payments', paymentOf(invoiceId, { amount: '200.00' }));
  const path = `/payments/${made.json.id}/reverse`;
  expect((await firm.post(path, { reason: 'returned' }, null)).json.code).toBe('idempotency.key_required');
  const answers = await Promise.all(Array.from({ length: 3 }, () => firm.post(path, { reason: 'returned' })));
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 409, 409]);
  expect(answers.find((answer) => answer.status === 409)?.json.code).toBe('payment.already_reversed');
  const after = (await firm.get(`/payments/${made.json.id}`)).json;
  expect(after).toMatchObject({ status: 'reversed', applied: '0.00' });
  const amounts = after.applications.map(
    (row: { kind: string; amount: string }) => `${row.kind} ${Number(row.amount)}`,
  );
  expect(amounts.sort()).toEqual(['invoice -160', 'invoice 160', 'on_account -40', 'on_account 40']);
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'issued',
    settledAt: null,
  });
  expect((await firm.post('/payments', paymentOf(invoiceId))).status).toBe(201);
});
