/** Owns the client's sign-off of drafts and disputes of issued invoices, over HTTP, with what the workflow's looks answer. */
import pino from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createClientInvoiceActivities } from '../../activities/client-invoice.ts';
import type { ClientInvoiceStep } from '../../activities/client-invoice-step.ts';
import { clients } from '../../store/clients.ts';
import { series } from '../../store/series.ts';
import { entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
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

const activities = () => {
  const none = () => {
    throw new Error('not needed here');
  };
  return createClientInvoiceActivities({
    database: api.test.database,
    secrets: { seal: none, open: none, fingerprints: none },
    logger: pino({ level: 'silent' }),
    documents: { keep: none },
    vendor: { allowLoopback: true, timeoutMs: null },
  });
};

interface Asking {
  firm: Firm;
  invoiceId: string;
  ours: TestSession;
  theirs: TestSession;
  look: () => Promise<ClientInvoiceStep>;
  status: () => Promise<string>;
}

/** A firm whose contract asks for sign-off; its run was to issue one invoice of two hours, 160.00 GBP. */
async function openAsking(clauses: Record<string, unknown> = { signOffDays: 5 }): Promise<Asking> {
  const firm = await openFirm(api);
  opened.push(firm);
  const { books, key } = firm;
  await books.in((tx) =>
    series.insert(tx, { sellerId: books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  const changed = await firm.patch(`/contracts/${books.contractId}`, { clauses });
  if (changed.status !== 200) throw new Error(changed.text);
  const other = await books.in((tx) =>
    clients.insert(tx, { name: 'Southern Tugs', code: 'STU', currency: 'GBP' }),
  );
  const ours = await newSession(api, key, 'client', { clientId: books.clientId });
  const theirs = await newSession(api, key, 'client', { clientId: other.id });
  await take(books, [entryOf('A', { quantity: 7200 })]);
  await firm.run('issue');
  const [invoice] = await invoicesOf(books);
  const ref = { workspaceId: books.workspaceId, subjectId: invoice!.id };
  return {
    firm,
    invoiceId: invoice!.id,
    ours,
    theirs,
    look: () => activities().lookAtClientInvoice(ref),
    status: async () => (await firm.get(`/invoices/${invoice!.id}`)).json.status as string,
  };
}
const act = ({ firm, invoiceId }: Asking, step: 'expireSignOff' | 'issueSignedOff') =>
  activities()[step]({ workspaceId: firm.books.workspaceId, subjectId: invoiceId });

test('a run asks the client first; what they accept is issued by itself', async () => {
  const asking = await openAsking();
  const { firm, invoiceId, ours, look } = asking;
  expect(await asking.status()).toBe('in_sign_off');
  const next = await look();
  // Two days before the five are over it is reminded, or at the next time for letters.
  const daysLeft = next.step === 'wait_for_sign_off' ? (next.waitMs ?? 0) / 86_400_000 : 0;
  expect([next.step, daysLeft > 2.9, daysLeft < 5]).toEqual(['wait_for_sign_off', true, true]);
  expect((await ours.call('GET', '/notifications')).json.items).toMatchObject([
    { kind: 'invoice.sign_off_asked' },
  ]);
  // The client sees the draft, its lines and who worked.
  expect((await ours.call('GET', '/invoices')).json.items).toMatchObject([{ id: invoiceId, number: null }]);
  const { lines } = (await ours.call('GET', `/invoices/${invoiceId}`)).json;
  const entries = await ours.call('GET', `/invoices/${invoiceId}/lines/${lines[0].id}/entries`);
  expect(entries.json.items).toMatchObject([{ personName: 'Ann Berg' }]);
  const asked = (await ours.call('GET', `/invoices/${invoiceId}/sign-off`)).json;
  expect(asked).toMatchObject({ decision: 'pending', remarks: [] });
  const said = await ours.call('POST', `/invoices/${invoiceId}/comment`, {
    body: { lineId: lines[0].id, remark: 'Thank you' },
  });
  expect(said.json.remarks).toMatchObject([{ kind: 'comment', remark: 'Thank you', lineId: lines[0].id }]);
  const { contentHash } = asked;
  const accepted = await ours.call('POST', `/invoices/${invoiceId}/accept`, { body: { contentHash } });
  expect(accepted.json).toMatchObject({ decision: 'accepted', bySilence: false });
  expect(await asking.status()).toBe('ready');
  const again = await ours.call('POST', `/invoices/${invoiceId}/accept`, { body: { contentHash } });
  expect(again.json.code).toBe('sign_off.none_pending');
  expect((await look()).step).toBe('issue');
  await act(asking, 'issueSignedOff');
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    status: 'issued',
    number: 'NFE-0001',
  });
});

test('a person cannot issue what the client has not signed off, unless they give a reason', async () => {
  const { firm, ours } = await openAsking();
  await take(firm.books, [entryOf('B')]);
  await firm.run('draft');
  const draft = (await invoicesOf(firm.books)).find(({ status }) => status === 'draft')!;
  expect((await ours.call('GET', `/invoices/${draft.id}`)).status).toBe(404);
  const refused = await firm.post(`/invoices/${draft.id}/issue`, {});
  expect([refused.status, refused.json.code]).toEqual([409, 'invoice.needs_sign_off']);
  expect((await firm.get(`/invoices/${draft.id}`)).json.status).toBe('draft');
  const asked = await firm.post(`/invoices/${draft.id}/request-sign-off`);
  expect(asked.json).toMatchObject({ decision: 'pending' });
  expect((await firm.post(`/invoices/${draft.id}/request-sign-off`)).json.code).toBe('invoice.not_a_draft');
  await take(firm.books, [entryOf('C')]);
  await firm.run('draft');
  const other = (await invoicesOf(firm.books)).find(({ status }) => status === 'draft')!;
  const released = await firm.post(`/invoices/${other.id}/issue`, { releaseReason: 'Agreed by phone' });
  expect(released.json).toMatchObject({ status: 'issued' });
});

test('what the client disputes line by line comes back as a draft, and a changed draft is asked for anew', async () => {
  const asking = await openAsking();
  const { firm, invoiceId, ours, look } = asking;
  const before = (await ours.call('GET', `/invoices/${invoiceId}/sign-off`)).json;
  const { lines } = (await ours.call('GET', `/invoices/${invoiceId}`)).json;
  const unknown = await ours.call('POST', `/invoices/${invoiceId}/reject-draft`, {
    body: { remarks: [{ lineId: invoiceId, remark: 'x' }] },
  });
  expect(unknown.status).toBe(404);
  const rejected = await ours.call('POST', `/invoices/${invoiceId}/reject-draft`, {
    body: { remarks: [{ lineId: lines[0].id, remark: 'One hour too many' }, { remark: 'Wrong vessel' }] },
  });
  expect(rejected.json).toMatchObject({
    decision: 'disputed',
    remarks: [{ kind: 'dispute' }, { lineId: null }],
  });
  expect(await asking.status()).toBe('draft');
  expect((await look()).step).toBe('wait');
  expect((await ours.call('GET', `/invoices/${invoiceId}`)).status).toBe(404);
  await firm.books.in((tx) =>
    tx.run("update client_invoices set notes = 'Vessel: Aurora' where workspace_id = $1 and id = $2", [
      firm.books.workspaceId,
      invoiceId,
    ]),
  );
  const anew = (await firm.post(`/invoices/${invoiceId}/request-sign-off`)).json;
  expect(anew.contentHash).not.toBe(before.contentHash);
  const stale = await ours.call('POST', `/invoices/${invoiceId}/accept`, {
    body: { contentHash: before.contentHash },
  });
  expect([stale.status, stale.json.code]).toEqual([409, 'sign_off.changed']);
});

test('a draft that changed after it was signed off is not issued by its run, but asked for again', async () => {
  const asking = await openAsking();
  const { firm, invoiceId, ours } = asking;
  const { contentHash } = (await ours.call('GET', `/invoices/${invoiceId}/sign-off`)).json;
  await ours.call('POST', `/invoices/${invoiceId}/accept`, { body: { contentHash } });
  await firm.books.in((tx) =>
    tx.run("update client_invoices set notes = 'changed' where workspace_id = $1 and id = $2", [
      firm.books.workspaceId,
      invoiceId,
    ]),
  );
  await act(asking, 'issueSignedOff');
  expect(await asking.status()).toBe('in_sign_off');
});

test.each([
  ['accept', 'issued'],
  ['hold', 'held'],
] as const)('nobody answers in time: %s', async (signOffExpiry, after) => {
  const asking = await openAsking({ signOffDays: 2, signOffExpiry });
  const { firm, invoiceId, look } = asking;
  await act(asking, 'expireSignOff');
  expect(await asking.status(), 'not yet').toBe('in_sign_off');
  await firm.books.in((tx) =>
    tx.run("update sign_offs set due_at = now() - interval '1 minute' where workspace_id = $1", [
      firm.books.workspaceId,
    ]),
  );
  expect((await look()).step).toBe('expire_sign_off');
  await act(asking, 'expireSignOff');
  if ((await look()).step === 'issue') await act(asking, 'issueSignedOff');
  const invoice = (await firm.get(`/invoices/${invoiceId}`)).json;
  expect(invoice.status).toBe(after);
  expect(invoice.holdReason).toBe(after === 'held' ? 'its client has not signed it off in time' : null);
  expect((await firm.get(`/invoices/${invoiceId}/sign-off`)).json).toMatchObject({ bySilence: true });
});

test('a discarded draft asks nobody any more', async () => {
  const { firm, invoiceId, ours } = await openAsking();
  await firm.post(`/invoices/${invoiceId}/discard`, { reason: 'two projects on one' });
  expect((await firm.get(`/invoices/${invoiceId}/sign-off`)).json.decision).toBe('superseded');
  expect((await ours.call('GET', `/invoices/${invoiceId}`)).status).toBe(404);
});

test("another client's member can neither see nor answer", async () => {
  const { invoiceId, theirs } = await openAsking();
  expect((await theirs.call('GET', `/invoices/${invoiceId}/sign-off`)).status).toBe(404);
  const body = { contentHash: '0'.repeat(64) };
  expect((await theirs.call('POST', `/invoices/${invoiceId}/accept`, { body })).status).toBe(404);
  const remark = { remark: 'mine' };
  expect((await theirs.call('POST', `/invoices/${invoiceId}/comment`, { body: remark })).status).toBe(404);
});

test('a dispute is a badge with its amount; upheld it is answered by a credit', async () => {
  const asking = await openAsking({});
  const { firm, invoiceId, ours, theirs } = asking;
  expect(await asking.status()).toBe('issued');
  const { lines } = (await ours.call('GET', `/invoices/${invoiceId}`)).json;
  const raise = (body: object, by = ours) => by.call('POST', `/invoices/${invoiceId}/disputes`, { body });
  expect((await raise({ reason: 'mine' }, theirs)).status).toBe(404);
  const part = await raise({ lineId: lines[0].id, amount: '40.00', reason: 'Half an hour too many' });
  expect(part.json).toMatchObject({ status: 'open', amount: '40.00', invoiceNumber: 'NFE-0001' });
  expect((await raise({ amount: '120.01', reason: 'all of it' })).json.code).toBe('dispute.beyond_invoice');
  const rest = await raise({ reason: 'and the rest' });
  expect(rest.json.amount).toBe('120.00');
  const badge = async () => (await firm.get(`/invoices/${invoiceId}`)).json.disputedAmount;
  expect(await badge()).toBe('160.00');
  const withdrawn = await ours.call('POST', `/disputes/${rest.json.id}/withdraw`);
  expect(withdrawn.json.status).toBe('withdrawn');
  expect(await badge()).toBe('40.00');
  const upheld = await firm.post(`/disputes/${part.json.id}/decide`, {
    decision: 'upheld',
    reason: 'She left early',
    credit: { by: 'amount', amount: '40.00', reason: 'She left early' },
  });
  expect(upheld.json).toMatchObject({ status: 'upheld', creditNoteId: expect.any(String) });
  expect((await firm.get(`/invoices/${invoiceId}`)).json).toMatchObject({
    credited: '40.00',
    disputedAmount: '0.00',
  });
  const late = await firm.post(`/disputes/${part.json.id}/decide`, { decision: 'rejected', reason: 'no' });
  expect(late.json.code).toBe('dispute.closed');
  expect((await ours.call('GET', '/disputes?status=upheld')).json.items).toHaveLength(1);
  expect((await theirs.call('GET', '/disputes')).json.items).toEqual([]);
});
