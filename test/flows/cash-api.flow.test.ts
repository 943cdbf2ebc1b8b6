/** Owns the ways of money over HTTP: deductions, currencies, credit on account, matches, refunds, pending money, bad debt. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { series } from '../../store/series.ts';
import { type Books, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Books[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

/** A firm with issued invoices of 100.00 GBP, one a project. */
async function firmWith(count = 1): Promise<{ firm: Firm; ids: string[] }> {
  const codes = Array.from({ length: count }, (_, index) => `P${index + 1}`);
  const firm = await openFirm(api, {
    projects: codes,
    rate: '100.00',
    contract: { grouping: { invoice: 'project', line: 'project' } },
  });
  opened.push(firm.books);
  await take(
    firm.books,
    codes.map((code) => entryOf(code, { project: { externalId: null, code, name: code } })),
  );
  await firm.run('issue');
  return { firm, ids: (await invoicesOf(firm.books)).map(({ id }) => id) };
}
const wire = (amount: string, facts: Record<string, unknown> = {}) => ({
  currency: 'GBP',
  amount,
  valueDate: '2026-04-10',
  ...facts,
});
const stateOf = async (firm: Firm, id: string) => {
  const { status, applied, badDebt } = (await firm.get(`/invoices/${id}`)).json;
  return `${status} ${Number(applied)} ${Number(badDebt)}`;
};
const rowsOf = (payment: { applications: { kind: string; amount: string }[] }) =>
  payment.applications.map(({ kind, amount }) => `${kind} ${Number(amount)}`);
const rate = (firm: Firm, base: string, quote: string, value: string) =>
  firm.post('/currency-rates', { base, quote, rateOn: '2026-04-10', rate: value, source: 'ECB' });

/** A credit note of so much on an invoice; its id. */
async function credit(firm: Firm, invoiceId: string, amount: string): Promise<string> {
  const wanted = { by: 'amount', amount, reason: 'Agreed by telephone' };
  const made = await firm.post(`/invoices/${invoiceId}/credit-notes`, wanted);
  expect([made.status, made.json.status], made.text).toEqual([201, 'issued']);
  return made.json.id;
}
const creditSeries = (firm: Firm) =>
  firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
const paymentOf = async (firm: Firm, id: string) => (await firm.get(`/payments/${id}`)).json;

test('a wire less a credit note settles the invoice whole: what the note freed comes from its payment, once, and goes back', async () => {
  const { firm, ids } = await firmWith(3);
  await creditSeries(firm);
  const first = await firm.post(
    '/payments',
    wire('100.00', { applications: [{ invoiceId: ids[0], amount: '100.00' }] }),
  );
  const noteId = await credit(firm, ids[0]!, '30.00');
  expect((await paymentOf(firm, first.json.id)).onAccount).toBe('30.00');
  const less = (invoiceId: string, amount: string, off: string) =>
    wire(amount, {
      applications: [
        { invoiceId, amount: '100.00' },
        { creditNoteId: noteId, amount: off },
      ],
    });
  expect((await firm.post('/payments', less(ids[1]!, '69.99', '30.01'))).json.code).toBe(
    'payment.credit_used_up',
  );
  const answers = await Promise.all([
    firm.post('/payments', less(ids[1]!, '70.00', '30.00')),
    firm.post('/payments', less(ids[2]!, '70.00', '30.00')),
  ]);
  expect(answers.map(({ status }) => status).sort((one, other) => one - other)).toEqual([201, 409]);
  expect(answers.find(({ status }) => status === 409)!.json.code).toBe('payment.credit_used_up');
  const won = answers.find(({ status }) => status === 201)!.json;
  const settledId = won.applications.find((row: { kind: string }) => row.kind === 'invoice').documentId;
  expect(rowsOf(won).sort()).toEqual(['credit_note -30', 'invoice 100']);
  expect(won).toMatchObject({ amount: '70.00', applied: '70.00', onAccount: '0.00' });
  expect(won.applications.find((row: { kind: string }) => row.kind === 'credit_note').invoiceNumber).toBe(
    'CN-0001',
  );
  expect(await stateOf(firm, settledId)).toBe('settled 100 0');
  expect((await paymentOf(firm, first.json.id)).onAccount).toBe('0.00');
  const closing = async () => {
    const { accounts } = (await firm.get(`/clients/${firm.books.clientId}/statement?asOf=2030-12-31`)).json;
    return accounts.map((account: { closing: string }) => Number(account.closing));
  };
  expect(await closing()).toEqual([100]);
  // The money behind the note stays while it nets the wire; the wire gives it back.
  const reverse = (id: string) => firm.post(`/payments/${id}/reverse`, { reason: 'bounced' });
  expect((await reverse(first.json.id)).json.code).toBe('payment.credit_netted');
  expect((await reverse(won.id)).status).toBe(200);
  expect(await stateOf(firm, settledId)).toBe('issued 0 0');
  expect((await paymentOf(firm, first.json.id)).onAccount).toBe('30.00');
  expect(await closing()).toEqual([170]);
  expect((await reverse(first.json.id)).status).toBe(200);
});

test('a credit note on the invoice that is paid has lowered it already: the wire less it settles the rest', async () => {
  const { firm, ids } = await firmWith(2);
  await creditSeries(firm);
  const noteId = await credit(firm, ids[0]!, '20.00');
  const off = { creditNoteId: noteId, amount: '20.00' };
  const gross = { invoiceId: ids[0], amount: '100.00' };
  const refusals: [Record<string, unknown>, number, string][] = [
    [
      wire('80.00', { applications: [{ invoiceId: ids[1], amount: '100.00' }, off] }),
      409,
      'payment.credit_used_up',
    ],
    [wire('80.00', { applications: [off] }), 409, 'payment.invoice_of_other_client'],
    [
      wire('80.00', { clientId: firm.books.clientId, applications: [off] }),
      409,
      'payment.credit_without_documents',
    ],
    [wire('80.00', { applications: [gross, { ...off, rate: '1' }] }), 422, 'request.invalid_body'],
    [
      wire('80.00', { applications: [gross, { ...off, creditNoteId: ids[0] }] }),
      409,
      'payment.credit_not_issued',
    ],
    [wire('70.00', { applications: [gross, off] }), 409, 'payment.applied_beyond_amount'],
  ];
  for (const [body, status, code] of refusals) {
    const answer = await firm.post('/payments', body);
    expect([answer.status, answer.json.code], answer.text).toEqual([status, code]);
  }
  // Announced first: it is netted when the money is there.
  const pending = await firm.post(
    '/payments',
    wire('80.00', { status: 'pending', applications: [gross, off] }),
  );
  expect(await stateOf(firm, ids[0]!)).toBe('issued 0 0');
  const made = await firm.post(`/payments/${pending.json.id}/clear`, {});
  expect(made.status, made.text).toBe(200);
  expect(rowsOf(made.json)).toEqual(['invoice 80']);
  expect(await stateOf(firm, ids[0]!)).toBe('settled 80 0');
});

test('a wire that arrives short of its fee, the tax withheld and a discount settles the whole invoice', async () => {
  const { firm, ids } = await firmWith();
  const deductions = { bank_fee: '1.50', tax_withheld: '5.00', early_payment_discount: '2.00' };
  const made = await firm.post(
    '/payments',
    wire('91.50', { method: 'wire', applications: [{ invoiceId: ids[0], amount: '91.50', deductions }] }),
  );
  expect(made.status, made.text).toBe(201);
  expect(rowsOf(made.json)).toEqual([
    'invoice 100',
    'bank_fee -1.5',
    'tax_withheld -5',
    'early_payment_discount -2',
  ]);
  expect(made.json).toMatchObject({ method: 'wire', onAccount: '0.00', applied: '91.50' });
  expect(await stateOf(firm, ids[0]!)).toBe('settled 100 0');
  expect((await firm.post(`/payments/${made.json.id}/reverse`, { reason: 'bounced' })).status).toBe(200);
  expect(await stateOf(firm, ids[0]!)).toBe('issued 0 0');
});

test('an over-payment is the client’s credit: applied to another invoice of theirs later, and the rest refunded', async () => {
  const { firm, ids } = await firmWith(2);
  const made = await firm.post(
    '/payments',
    wire('150.00', { applications: [{ invoiceId: ids[0], amount: '100.00' }] }),
  );
  expect(made.json).toMatchObject({ onAccount: '50.00', clientId: firm.books.clientId });
  expect((await firm.get('/payments?unapplied=true')).json.items).toHaveLength(1);
  const path = `/payments/${made.json.id}`;
  const over = await firm.post(`${path}/apply`, { applications: [{ invoiceId: ids[1], amount: '50.01' }] });
  expect([over.status, over.json.code]).toEqual([409, 'payment.beyond_account']);
  const applied = await firm.post(`${path}/apply`, {
    applications: [{ invoiceId: ids[1], amount: '40.00' }],
  });
  expect(applied.json).toMatchObject({ onAccount: '10.00', applied: '140.00' });
  expect(await stateOf(firm, ids[1]!)).toBe('partially_paid 40 0');

  const wanted = { amount: '10.00', method: 'wire', valueDate: '2026-04-20', reason: 'Paid too much' };
  const refund = await firm.post(`${path}/refund`, wanted);
  expect(refund.status, refund.text).toBe(201);
  expect(refund.json).toMatchObject({
    direction: 'outgoing',
    amount: '10.00',
    clientId: firm.books.clientId,
  });
  expect((await firm.post(`${path}/refund`, wanted)).json.code).toBe('payment.beyond_account');
  expect((await firm.post(`${path}/reverse`, { reason: 'x' })).json.code).toBe('payment.refunded');
  expect((await firm.get('/payments?unapplied=true')).json.items).toEqual([]);
  // The refund came back: the money is on account again, and only then the payment can be reversed.
  expect((await firm.post(`/payments/${refund.json.id}/reverse`, { reason: 'returned' })).status).toBe(200);
  expect((await firm.get(path)).json).toMatchObject({ onAccount: '10.00' });
  expect((await firm.post(`${path}/reverse`, { reason: 'returned' })).status).toBe(200);
  expect([await stateOf(firm, ids[0]!), await stateOf(firm, ids[1]!)]).toEqual(['issued 0 0', 'issued 0 0']);
});

test('credit on account never goes to another client or currency, however it is asked for', async () => {
  const { firm, ids } = await firmWith();
  const other = await firm.post('/clients', {
    name: 'Other Ferries',
    email: 'ap@other.example',
    code: 'OFE',
    currency: 'GBP',
  });
  const theirs = await firm.post('/payments', wire('100.00', { clientId: other.json.id }));
  const apply = { applications: [{ invoiceId: ids[0], amount: '10.00' }] };
  expect((await firm.post(`/payments/${theirs.json.id}/apply`, apply)).json.code).toBe(
    'payment.invoice_of_other_client',
  );
  const euros = await firm.post(
    '/payments',
    wire('100.00', { currency: 'EUR', clientId: firm.books.clientId }),
  );
  expect((await firm.post(`/payments/${euros.json.id}/apply`, apply)).json.code).toBe(
    'payment.currency_differs',
  );
  expect(await stateOf(firm, ids[0]!)).toBe('issued 0 0');
});

test('a payment in another currency settles by the rate of its day, and books what that gained', async () => {
  const { firm, ids } = await firmWith();
  expect((await rate(firm, 'EUR', 'GBP', '0.85')).status).toBe(201);
  const half = { applications: [{ invoiceId: ids[0], amount: '50.00' }] };
  const made = await firm.post('/payments', wire('50.00', { currency: 'EUR', ...half }));
  expect(made.status, made.text).toBe(201);
  // 50.00 EUR × 0.85 = 42.50 GBP; the books are in GBP, so nothing is gained by it.
  expect(made.json.applications).toMatchObject([
    {
      documentCurrency: 'GBP',
      documentAmount: '42.50',
      rate: '0.85',
      rateSource: 'ECB',
      exchangeDifference: '0',
    },
  ]);
  expect(await stateOf(firm, ids[0]!)).toBe('partially_paid 42.5 0');
  // The client and we agreed that 68.00 EUR settle the rest of 57.50: at the bank they are worth 57.80.
  const rest = [
    { invoiceId: ids[0], amount: '68.00', documentAmount: '57.50', rateSource: 'agreed by mail' },
  ];
  const second = await firm.post('/payments', wire('68.00', { currency: 'EUR', applications: rest }));
  expect(second.status, second.text).toBe(201);
  expect(second.json.applications).toMatchObject([
    { documentAmount: '57.50', rateSource: 'agreed by mail', exchangeDifference: '0.3' },
  ]);
  expect(await stateOf(firm, ids[0]!)).toBe('settled 100 0');
  expect((await firm.post(`/payments/${made.json.id}/reverse`, { reason: 'bounced' })).status).toBe(200);
  expect(await stateOf(firm, ids[0]!)).toBe('partially_paid 57.5 0');
});

test('pending money settles nothing before it clears, and then what it was announced for', async () => {
  const { firm, ids } = await firmWith();
  const made = await firm.post(
    '/payments',
    wire('100.00', {
      status: 'pending',
      method: 'check',
      applications: [{ invoiceId: ids[0], amount: '90.00' }],
    }),
  );
  expect(made.json).toMatchObject({
    status: 'pending',
    applied: '0.00',
    onAccount: '0.00',
    applications: [],
  });
  expect(await stateOf(firm, ids[0]!)).toBe('issued 0 0');
  const path = `/payments/${made.json.id}`;
  expect(
    (await firm.post(`${path}/apply`, { applications: [{ invoiceId: ids[0], amount: '1.00' }] })).json.code,
  ).toBe('payment.not_cleared');
  const cleared = await firm.post(`${path}/clear`, { valueDate: '2026-04-14' });
  expect(cleared.json).toMatchObject({ status: 'cleared', valueDate: '2026-04-14', onAccount: '10.00' });
  expect(await stateOf(firm, ids[0]!)).toBe('partially_paid 90 0');
  expect((await firm.post(`${path}/clear`, {})).json.code).toBe('payment.not_pending');
  const bounced = await firm.post('/payments', wire('5.00', { status: 'pending' }));
  expect((await firm.post(`/payments/${bounced.json.id}/reverse`, { reason: 'bounced' })).json.status).toBe(
    'reversed',
  );
});

test('a match by number is applied at once; a tie by amount waits for a person, who confirms one', async () => {
  const { firm, ids } = await firmWith(3);
  const named = await firm.post('/payments', wire('100.00', { reference: 'thanks, nfe 0002' }));
  const certain = await firm.post(`/payments/${named.json.id}/match`, { applyCertain: true });
  expect(certain.json).toMatchObject({
    onAccount: '0.00',
    proposals: [{ number: 'NFE-0002', matchedBy: ['amount', 'number'], tied: false, status: 'confirmed' }],
  });
  expect(await stateOf(firm, ids[1]!)).toBe('settled 100 0');

  const unnamed = await firm.post('/payments', wire('100.00'));
  const path = `/payments/${unnamed.json.id}`;
  expect((await firm.get(`${path}/proposals`)).json.proposals).toHaveLength(2);
  const tied = (await firm.post(`${path}/match`, { applyCertain: true })).json;
  expect(tied.proposals).toMatchObject([
    { number: 'NFE-0001', tied: true, status: 'proposed' },
    { number: 'NFE-0003', tied: true, status: 'proposed' },
  ]);
  const [first, third] = tied.proposals;
  expect((await firm.post(`${path}/proposals/${first.id}/reject`)).status).toBe(200);
  const confirmed = await firm.post(`${path}/proposals/${third.id}/confirm`);
  expect(confirmed.status, confirmed.text).toBe(200);
  expect((await firm.post(`${path}/proposals/${third.id}/confirm`)).json.code).toBe('match_proposal.decided');
  expect([await stateOf(firm, ids[0]!), await stateOf(firm, ids[2]!)]).toEqual([
    'issued 0 0',
    'settled 100 0',
  ]);
  expect((await firm.get(`${path}/proposals`)).json.onAccount).toBe('0.00');
});

test('what is written off is uncollectible, is recovered by money as far as that goes, and can be taken back', async () => {
  const { firm, ids } = await firmWith();
  const id = ids[0]!;
  await firm.post('/payments', wire('30.00', { applications: [{ invoiceId: id, amount: '30.00' }] }));
  const lost = await firm.post(`/invoices/${id}/write-off-bad-debt`, { reason: 'Insolvent' });
  expect(lost.json).toMatchObject({ status: 'uncollectible', badDebt: '70.00' });
  expect((await firm.post(`/invoices/${id}/write-off-bad-debt`, { reason: 'again' })).json.code).toBe(
    'bad_debt.nothing_open',
  );
  // The administrator pays a part after all: it is paid, and only that is no loss any more.
  const quota = await firm.post(
    '/payments',
    wire('25.00', { applications: [{ invoiceId: id, amount: '25.00' }] }),
  );
  expect(quota.status, quota.text).toBe(201);
  expect(await stateOf(firm, id)).toBe('uncollectible 55 45');
  expect((await firm.get(`/invoices/${id}/bad-debts`)).json.entries).toMatchObject([
    { amount: '70', paymentId: null },
    { amount: '-25', paymentId: quota.json.id },
  ]);
  const back = await firm.post(`/invoices/${id}/reverse-bad-debt`, { reason: 'They pay after all' });
  expect(back.json).toMatchObject({ status: 'partially_paid', badDebt: '0.00' });
  expect((await firm.post(`/invoices/${id}/reverse-bad-debt`, { reason: 'x' })).json.code).toBe(
    'bad_debt.none',
  );
  await firm.post('/payments', wire('45.00', { applications: [{ invoiceId: id, amount: '45.00' }] }));
  expect(await stateOf(firm, id)).toBe('settled 100 0');
});

test('two who apply the same credit at once spend it once', async () => {
  const { firm, ids } = await firmWith(2);
  const made = await firm.post('/payments', wire('60.00', { clientId: firm.books.clientId }));
  const answers = await Promise.all(
    [...ids, ...ids].map((invoiceId) =>
      firm.post(`/payments/${made.json.id}/apply`, { applications: [{ invoiceId, amount: '40.00' }] }),
    ),
  );
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  expect((await firm.get(`/payments/${made.json.id}`)).json.onAccount).toBe('20.00');
});
