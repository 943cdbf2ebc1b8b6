/**
 * Owns what people do at a platform between two of our steps, for every platform that takes invoices: a document voided
 * before we knew of it, a payment taken off while another is found, an invoice deleted behind our back.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { connectors } from '../../connectors/kit/registry.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { until } from '../support/loops.ts';
import { openPair, type Pair } from '../support/pair.ts';
import type { TestWorkspace } from '../support/workspace.ts';

const targets = [...connectors.values()].filter(({ invoiceTarget }) => invoiceTarget).map(({ id }) => id);

/** An intent's deadline is a few seconds later. */
const vendorTimeoutMs = 1_500;
let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ vendorTimeoutMs });
});
afterAll(() => hub.stop());

interface Firm extends Pair {
  at: TestWorkspace;
}
async function open(target: string): Promise<Firm> {
  const at = await hub.newWorkspace();
  const pair = await openPair(at, 'harvest', target);
  onTestFinished(() => pair.close());
  return { ...pair, at };
}

/** Hours of one day, taken in and billed; the invoice is on its way. */
async function billed(firm: Firm, back: number, known: number): Promise<void> {
  firm.source.time!.add({ day: firm.day(back), seconds: 7_200, notes: `Frame ${back}` });
  firm.source.later(60);
  await firm.sync(firm.sourceId);
  await firm.entriesBecome(known);
  expect(await firm.bill()).toMatchObject({ status: 'done' });
}
const loseTheAnswer = ({ target }: Firm) =>
  target.sandbox.fault({
    kind: 'commit_then_drop',
    times: 1,
    match: (method, path) => ['POST', 'PUT'].includes(method) && /\/invoices?$/i.test(path),
  });
const isBooked = (invoice: { sync: { status: string } | null } | undefined) =>
  invoice?.sync?.status === 'synced';
const books = ({ target }: Firm) => target.books!;
/** What the vendor shows late is shown by now. */
const readBack = async (firm: Firm) => {
  firm.target.later(60);
  await firm.sync(firm.targetId);
};

test('money that goes back is in the posting file where Xero gives none back of a payment', async () => {
  const firm = await open('xero');
  const [seller] = (await firm.at.get<{ items: { id: string }[] }>('/sellers')).items;
  await firm.at.post('/series', { sellerId: seller!.id, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
  await billed(firm, 5, 1);
  const [invoice] = await firm.invoicesBecome('booked', ([only]) => isBooked(only));
  books(firm).pay(invoice!.sync!.externalId!, '200.00', firm.day(0));
  await readBack(firm);
  await firm.invoicesBecome('settled', ([only]) => only?.status === 'settled');
  await firm.at.post(`/invoices/${invoice!.id}/credit-notes`, { by: 'full', reason: 'Never done' });
  const [payment] = (await firm.at.get<{ items: { id: string }[] }>('/payments')).items;
  const method = { amount: '200.00', method: 'wire', valueDate: firm.day(0), reason: 'Never done' };
  await firm.at.post(`/payments/${payment!.id}/refund`, method);
  const refund = async () =>
    (
      await firm.at.get<{ items: { documentType: string; status: string; reason: string | null }[] }>(
        `/connections/${firm.targetId}/documents?limit=200`,
      )
    ).items.find(({ documentType }) => documentType === 'refund');
  await until(
    'the refund is decided',
    async () => !['queued', 'syncing'].includes((await refund())?.status ?? 'queued'),
  );
  expect(await refund()).toMatchObject({
    status: 'not_synced',
    reason: expect.stringMatching(/^posting file: Xero takes a refund here only against a credit note/),
  });
  const file = await firm.at.post<{ controlTotals: unknown }>(`/connections/${firm.targetId}/posting-files`, {
    startsOn: firm.day(2),
    endsBefore: firm.day(-2),
  });
  expect(file.controlTotals).toEqual({ USD: '200.00' });
});

test('a credit note whose answer was lost, and that was voided before we looked, is not taken for booked', async () => {
  const firm = await open('xero');
  const [seller] = (await firm.at.get<{ items: { id: string }[] }>('/sellers')).items;
  await firm.at.post('/series', { sellerId: seller!.id, documentType: 'credit_note', pattern: 'CN-{NNNN}' });
  await billed(firm, 5, 1);
  const [invoice] = await firm.invoicesBecome('booked', ([only]) => isBooked(only));
  firm.target.sandbox.fault({
    kind: 'commit_then_drop',
    times: 1,
    match: (method, path) => method === 'PUT' && path.endsWith('/CreditNotes'),
  });
  await firm.at.post(`/invoices/${invoice!.id}/credit-notes`, { by: 'full', reason: 'Never done' });
  await until('it stands there', () => books(firm).creditNotes().length === 1, 10_000);
  books(firm).void(books(firm).creditNotes()[0]!.externalId);
  const note = async () =>
    (
      await firm.at.get<{ items: { documentType: string; status: string; reason: string | null }[] }>(
        `/connections/${firm.targetId}/documents?limit=200`,
      )
    ).items.find(({ documentType }) => documentType === 'credit_note');
  await until(
    'it is decided',
    async () => ['synced', 'failed'].includes((await note())?.status ?? ''),
    20_000,
  );
  expect(await note()).toMatchObject({
    status: 'failed',
    reason: expect.stringContaining('is void at Xero'),
  });
});

describe.each(targets)('at %s', (target) => {
  test('an invoice whose answer was lost, and that was voided before we looked, is never taken for booked', async () => {
    const firm = await open(target);
    loseTheAnswer(firm);
    await billed(firm, 5, 1);
    await until('it stands there', () => books(firm).invoices().length === 1, 10_000);
    books(firm).void(books(firm).invoices()[0]!.externalId);
    const [invoice] = await firm.invoicesBecome('pushed', ([only]) =>
      ['synced', 'failed'].includes(only?.sync?.status ?? ''),
    );
    const there = books(firm)
      .invoices()
      .find(({ externalId }) => externalId === invoice!.sync!.externalId);
    if (isBooked(invoice)) expect(there).toMatchObject({ status: 'open', total: invoice!.total });
    else expect(invoice!.sync!.reason).toMatch(/void|closed|deleted/i);
  });

  test('a payment that is taken off while another is found is taken off here too', async () => {
    const firm = await open(target);
    await billed(firm, 5, 1);
    const [first] = await firm.invoicesBecome('booked', ([only]) => isBooked(only));
    const payment = books(firm).pay(first!.sync!.externalId!, '200.00', firm.day(0));
    await readBack(firm);
    await firm.invoicesBecome('settled', ([only]) => only?.status === 'settled');
    await firm.at.idle();

    firm.target.later(60);
    books(firm).removePayment(payment);
    loseTheAnswer(firm);
    await billed(firm, 4, 2);
    await until('both stand there', () => books(firm).invoices().length === 2, 10_000);
    const second = books(firm)
      .invoices()
      .find(({ externalId }) => externalId !== first!.sync!.externalId)!;
    books(firm).pay(second.externalId, '200.00', firm.day(0));
    // Found paid, so payments are read from their beginning: what was known of the first one must not be forgotten.
    const status = (shown: { id: string; status: string }[], ours: boolean) =>
      shown.find(({ id }) => (id === first!.id) === ours)?.status;
    await firm.invoicesBecome('paid and open again', (shown) => status(shown, false) === 'settled');
    await readBack(firm);
    await firm.invoicesBecome('paid and open again', (shown) => status(shown, true) !== 'settled');
  });

  test('a draft that a person posts there is mailed by that person, not by us', async (context) => {
    const { takes = [], declines } = connectors.get(target)!.invoiceTarget!;
    if (!takes.includes('drafts') || declines.emailInvoice) return context.skip();
    const firm = await open(target);
    const ownership = {
      ...{ firstStatus: 'draft', mail: 'theirs', pdf: 'theirs' },
      createMissing: ['person', 'task'],
    };
    await firm.at.patch(`/connections/${firm.targetId}`, { ownership });
    await billed(firm, 5, 1);
    await firm.invoicesBecome('booked', ([only]) => isBooked(only));
    await firm.at.idle();
    expect(books(firm).invoices()).toMatchObject([{ status: 'draft' }]);
    const mails = await firm.at.get<{ items: { documentType: string }[] }>(
      `/connections/${firm.targetId}/documents?limit=200`,
    );
    expect(mails.items.map(({ documentType }) => documentType)).toEqual(['client_invoice']);
    expect(
      firm.target.sandbox.requests.filter(
        ({ path, body }) => /email|messages/i.test(path) || JSON.stringify(body).includes('action_email'),
      ),
    ).toEqual([]);
  });

  test('an invoice that is deleted there is drifted here, and a person is asked', async (context) => {
    const firm = await open(target);
    if (!books(firm).remove) return context.skip();
    await billed(firm, 5, 1);
    const [invoice] = await firm.invoicesBecome('booked', ([only]) => isBooked(only));
    firm.target.later(60);
    books(firm).remove!(invoice!.sync!.externalId!);
    await readBack(firm);
    await firm.invoicesBecome('drifted', ([only]) => only?.sync?.status === 'drifted');
    const { items } = await firm.at.get<{ items: { detail: { difference: unknown } }[] }>(
      '/exceptions?rule=sync.drifted&status=open',
    );
    expect(items).toHaveLength(1);
  });
});
