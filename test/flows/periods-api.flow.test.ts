/** Owns the closing of a seller's books over HTTP: what posts into an open, a soft-closed and a closed period. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { newId } from '../../store/new-id.ts';
import type { Run } from '../../store/runs.ts';
import { carryOut, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

const today = localDay(new Date(), 'Europe/London');
const paidOn = '2026-02-10';

async function newFirm(): Promise<Firm> {
  const firm = await openFirm(api);
  opened.push(firm);
  return firm;
}

/** A firm with one issued invoice of 160.00 GBP. */
async function firmWithInvoice(): Promise<{ firm: Firm; invoiceId: string }> {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  return { firm, invoiceId: (await invoicesOf(firm.books))[0]!.id };
}

/** A period of the area that covers the day, in this status. */
async function periodOver(
  firm: Firm,
  area: string,
  days: { startsOn: string; endsBefore: string },
  change: Record<string, unknown> | null,
): Promise<string> {
  const made = await firm.post('/periods', { sellerId: firm.books.sellerId, area, ...days });
  expect(made.status, made.text).toBe(201);
  const id = made.json.id as string;
  if (change) expect((await firm.patch(`/periods/${id}`, change)).status).toBe(200);
  return id;
}
const february = { startsOn: '2026-02-01', endsBefore: '2026-03-01' };
const thisMonth = { startsOn: addDays(today, -5), endsBefore: addDays(today, 5) };

const paymentOf = (invoiceId: string, facts: Record<string, unknown> = {}) => ({
  currency: 'GBP',
  amount: '160.00',
  valueDate: paidOn,
  applications: [{ invoiceId, amount: '160.00' }],
  ...facts,
});

/** Posts as a member of the firm, with an admin's key of their own. */
async function admin(firm: Firm) {
  const { id: memberId, key } = await api.newMember(firm.books.workspaceId, 'admin');
  let count = 0;
  const post = (path: string, body: unknown): Promise<Answered> =>
    api.call('POST', path, { key, body, headers: { 'Idempotency-Key': `${memberId}-${++count}` } });
  return { memberId, post };
}

test('a period is opened once, closed, and stays closed', async () => {
  const firm = await newFirm();
  const id = await periodOver(firm, 'billing', february, null);
  const again = await firm.post('/periods', {
    sellerId: firm.books.sellerId,
    area: 'billing',
    startsOn: '2026-02-28',
    endsBefore: '2026-03-31',
  });
  expect([again.status, again.json.code]).toEqual([409, 'period.overlaps']);
  await periodOver(firm, 'payments', february, null);
  const empty = { ...february, endsBefore: february.startsOn, sellerId: firm.books.sellerId, area: 'time' };
  expect((await firm.post('/periods', empty)).json.code).toBe('period.empty');
  expect((await firm.patch(`/periods/${id}`, { status: 'soft_closed' })).json.status).toBe('soft_closed');
  expect((await firm.patch(`/periods/${id}`, { status: 'open' })).json.status).toBe('open');
  expect((await firm.patch(`/periods/${id}`, { status: 'closed' })).json.status).toBe('closed');
  const back = await firm.patch(`/periods/${id}`, { status: 'open' });
  expect([back.status, back.json.code]).toEqual([409, 'period.closed']);
  expect((await firm.get(`/periods?area=billing`)).json.items).toMatchObject([{ id, status: 'closed' }]);
});

test('two who open the same days at the same moment get one period', async () => {
  const firm = await newFirm();
  const body = { sellerId: firm.books.sellerId, area: 'billing', ...february };
  const shifted = { ...body, startsOn: '2026-02-15', endsBefore: '2026-03-15' };
  const answers = await Promise.all(
    [body, shifted, body, shifted].map((each) => firm.post('/periods', each)),
  );
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, 409, 409, 409]);
});

test('a payment into soft-closed books is refused, but for who has an override with its reason', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const id = await periodOver(firm, 'payments', february, { status: 'soft_closed' });
  const [ann, ben] = [await admin(firm), await admin(firm)];
  const refused = await ann.post('/payments', paymentOf(invoiceId));
  expect([refused.status, refused.json.code]).toEqual([409, 'period.soft_closed']);
  expect(refused.json.detail).toContain('payments period 2026-02-01 to 2026-03-01 is soft-closed');
  expect((await firm.get('/payments')).json.items).toEqual([]);

  const nobody = await firm.post(`/periods/${id}/overrides`, { reason: 'Bank was late' });
  expect([nobody.status, nobody.json.code]).toEqual([422, 'period.override_names_nobody']);
  expect((await ann.post(`/periods/${id}/overrides`, {})).status).toBe(422);
  const made = await ben.post(`/periods/${id}/overrides`, {
    memberId: ann.memberId,
    reason: 'Bank was late',
  });
  expect(made.status, made.text).toBe(201);
  expect((await ben.post('/payments', paymentOf(invoiceId))).json.code).toBe('period.soft_closed');
  const paid = await ann.post('/payments', paymentOf(invoiceId));
  expect(paid.json.applications).toMatchObject([{ amount: '160.00', postingDate: paidOn }]);
  expect((await firm.get(`/periods/${id}`)).json.overrides).toMatchObject([
    { memberId: ann.memberId, reason: 'Bank was late' },
  ]);
});

test('when the grace is over no override helps, and none is made any more', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const id = await periodOver(firm, 'payments', february, {
    status: 'soft_closed',
    graceEndsBefore: addDays(today, 2),
  });
  const ann = await admin(firm);
  expect((await ann.post(`/periods/${id}/overrides`, { reason: 'Bank was late' })).status).toBe(201);
  expect((await firm.patch(`/periods/${id}`, { graceEndsBefore: '2026-02-28' })).json.code).toBe(
    'period.no_grace',
  );
  expect((await firm.patch(`/periods/${id}`, { graceEndsBefore: today })).status).toBe(200);
  expect((await ann.post('/payments', paymentOf(invoiceId))).json.code).toBe('period.closed');
  expect((await ann.post(`/periods/${id}/overrides`, { reason: 'Once more' })).json.code).toBe(
    'period.not_soft_closed',
  );
});

test('money of a closed month is posted on a day that somebody names', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  await periodOver(firm, 'payments', february, { status: 'closed' });
  expect((await firm.post('/payments', paymentOf(invoiceId))).json.code).toBe('period.closed');
  const made = await firm.post('/payments', paymentOf(invoiceId, { postingDate: '2026-03-02' }));
  expect(made.json).toMatchObject({
    valueDate: paidOn,
    applications: [{ kind: 'invoice', amount: '160.00', postingDate: '2026-03-02' }],
  });
});

test('a payment of a closed month is reversed today, and not at all while today is closed too', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const paid = await firm.post('/payments', paymentOf(invoiceId));
  await periodOver(firm, 'payments', february, { status: 'closed' });
  const now = await periodOver(firm, 'payments', thisMonth, { status: 'soft_closed' });
  const path = `/payments/${paid.json.id}/reverse`;
  const refused = await firm.post(path, { reason: 'returned' });
  expect([refused.status, refused.json.code]).toEqual([409, 'period.soft_closed']);
  expect((await firm.get(`/invoices/${invoiceId}`)).json.status).toBe('settled');
  await firm.patch(`/periods/${now}`, { status: 'open' });
  const reversed = await firm.post(path, { reason: 'returned' });
  expect(reversed.json.applications).toMatchObject([
    { amount: '160.00', postingDate: paidOn },
    { amount: '-160.00', postingDate: today },
  ]);
});

test('an invoice is issued into soft-closed books only by who has an override, also in a run', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A'), entryOf('B', { workDate: '2026-03-03' })]);
  await firm.run('draft');
  const id = await periodOver(firm, 'billing', thisMonth, { status: 'soft_closed' });
  const [ann, ben] = [await admin(firm), await admin(firm)];
  const invoice = (await invoicesOf(firm.books))[0]!;
  const refused = await ben.post(`/invoices/${invoice.id}/issue`, { releaseReason: 'in a hurry' });
  expect([refused.status, refused.json.code]).toEqual([409, 'invoice.gate']);
  expect(refused.json.detail).toContain('billing period');
  expect(refused.json.detail).toContain('is soft-closed');
  await ben.post(`/periods/${id}/overrides`, { memberId: ann.memberId, reason: 'Agreed with the auditor' });
  expect((await ben.post(`/invoices/${invoice.id}/issue`, {})).json.code).toBe('invoice.gate');
  const issued = await ann.post(`/invoices/${invoice.id}/issue`, {});
  expect(issued.json, issued.text).toMatchObject({ status: 'issued', issueDate: today });

  const runAs = async ({ post }: typeof ann) => {
    await take(firm.books, [entryOf(`of a run ${newId()}`)]);
    const { json } = await post('/billing-runs', runOf(firm.books));
    return carryOut(api.test.database, firm.books, json as Run);
  };
  expect((await runAs(ben)).counts).toMatchObject({ issued: 0, held: 1 });
  expect((await runAs(ann)).counts).toMatchObject({ issued: 1, held: 0 });
});

test('an invoice that is on its way while its period is closed is before it or after it, never in between', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('A')]);
  await firm.run('draft');
  const id = await periodOver(firm, 'billing', thisMonth, null);
  const [invoice] = await invoicesOf(firm.books);
  const [closing, issuing] = await Promise.all([
    firm.patch(`/periods/${id}`, { status: 'closed' }),
    firm.post(`/invoices/${invoice!.id}/issue`, {}),
  ]);
  expect(closing.status).toBe(200);
  // Issued: then the closing waited for it, else the gate saw the closed period.
  expect([200, 409]).toContain(issuing.status);
  expect((await firm.post(`/invoices/${invoice!.id}/issue`, {})).status).toBe(409);
});

test('a close lists what is unfinished, and goes on only when somebody says why', async () => {
  const firm = await newFirm();
  const march = { startsOn: '2026-03-01', endsBefore: '2026-04-01' };
  const id = await periodOver(firm, 'billing', march, null);
  await take(firm.books, [
    entryOf('A'),
    entryOf('B', { approval: 'submitted' }),
    entryOf('C', { quantity: 90_000, person: { ...named('Ben Moe'), email: null } }),
    entryOf('April', { workDate: '2026-04-01' }),
  ]);
  const counts = async () =>
    Object.fromEntries(
      (await firm.get(`/periods/${id}`)).json.blockers.map((blocker: { code: string; count: number }) => [
        blocker.code,
        blocker.count,
      ]),
    );
  // C is 25 hours: as an entry, and as a day of its person.
  expect(await counts()).toEqual({ 'entries.unapproved': 1, 'entries.unbilled': 2, 'exceptions.open': 2 });
  await firm.run('draft');
  expect(await counts()).toMatchObject({ 'entries.unbilled': 1 });
  const refused = await firm.patch(`/periods/${id}`, { status: 'closed' });
  expect([refused.status, refused.json.code]).toEqual([409, 'period.unfinished']);
  expect(refused.json.detail).toContain('1 entries are not approved');
  expect((await firm.get(`/periods/${id}`)).json.status).toBe('open');
  expect((await firm.patch(`/periods/${id}`, { status: 'soft_closed' })).status).toBe(200);
  const closed = await firm.patch(`/periods/${id}`, { status: 'closed', despite: 'The auditor waits' });
  expect([closed.status, closed.json.status]).toEqual([200, 'closed']);
  expect((await firm.get(`/periods/${id}`)).json.blockers).toEqual([]);
});

test('cash that is not applied stands against the close of payments', async () => {
  const { firm, invoiceId } = await firmWithInvoice();
  const id = await periodOver(firm, 'payments', february, null);
  const paid = await firm.post(
    '/payments',
    paymentOf(invoiceId, { applications: [{ invoiceId, amount: '100.00' }] }),
  );
  expect(paid.status, paid.text).toBe(201);
  const refused = await firm.patch(`/periods/${id}`, { status: 'closed' });
  expect(refused.json.details.blockers).toMatchObject([{ code: 'payments.unapplied', count: 1 }]);
});
