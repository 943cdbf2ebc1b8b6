/** Owns runs over contracts that have credited what is below zero: what people do meanwhile, what they agreed to, and what is left. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { creditBelowZero, findBelowZero } from '../../store/credit-below-zero.ts';
import { releaseWarnings } from '../../store/exceptions.ts';
import { holdInvoices } from '../../store/issue.ts';
import type { Run } from '../../store/runs.ts';
import { series } from '../../store/series.ts';
import {
  billingActivities,
  carryOut,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
} from '../support/books.ts';
import { type Firm, openFirm, runOf } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
import { type Answered, startApi, type TestApi } from '../support/start-api.ts';

let api: TestApi;
const opened: Firm['books'][] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(api.test.database, books);
});
afterAll(() => api.stop());

const ok = (answer: Answered, status = 200) => {
  expect(answer.status, answer.text).toBe(status);
  return answer.json;
};
const hour = 3_600;

/** At 80.00 an hour and 20 % tax; what is below zero is credited unless `clauses` say otherwise. */
async function newFirm(
  grouping: { invoice: string; line: string } = { invoice: 'one_line', line: 'entry' },
  clauses: Record<string, unknown> = { belowZero: 'credit_note' },
): Promise<Firm> {
  const contract = { tax: { rate: '20', category: 'standard' }, grouping } as const;
  const options = { projects: ['P1', 'P2'], contract } as Parameters<typeof openFirm>[1];
  const firm = await openFirm(api, options);
  opened.push(firm.books);
  await firm.books.in((tx) =>
    series.insert(tx, { sellerId: firm.books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
  );
  ok(await firm.patch(`/contracts/${firm.books.contractId}`, { clauses }));
  return firm;
}

/** Taken in, what changed after its invoice released, so that the next run compiles the difference. */
async function corrected(firm: Firm, ...entries: ReturnType<typeof entryOf>[]): Promise<void> {
  await take(firm.books, entries);
  await firm.books.in((tx) =>
    releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'key:ada', 'agreed'),
  );
}

/** Two hours of A, issued as NFE-0001 for 160.00 and tax; then only `left` seconds of them are true. */
async function billedTooMuch(firm: Firm, left = hour): Promise<void> {
  await take(firm.books, [entryOf('A', { quantity: 2 * hour })]);
  await firm.run('issue');
  await corrected(firm, entryOf('A', { quantity: left }));
}

const summary = async (firm: Firm) =>
  (await invoicesOf(firm.books)).map(({ status, number, net }) => `${status} ${number ?? '–'} ${net}`);
const draftOf = async (firm: Firm) => (await invoicesOf(firm.books)).find(({ number }) => number === null)!;
const statusOf = async (firm: Firm, id: string) => ok(await firm.get(`/invoices/${id}`)).status;
/** As a run does that has found the draft below zero. */
const credit = (firm: Firm, id: string) =>
  firm.books.in((tx) => creditBelowZero(tx, id, 'billing-run:test', new Date().toISOString()));
const refund = () =>
  entryOf('R', { kind: 'expense', quantity: -3_000, workDate: '2026-03-05', rate: null, currency: 'GBP' });

interface Office {
  asker: { id: string; key: string };
  other: { id: string; key: string };
  as(member: { key: string }, path: string, body: unknown): Promise<Answered>;
}
/** Nobody bills more than so many GBP by hand alone. */
async function officeOf(firm: Firm, amount: string): Promise<Office> {
  const asker = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Ada' });
  const other = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Bo' });
  const limit = { action: 'run', currency: 'GBP', amount };
  ok(await api.call('PUT', '/duty-limits', { key: firm.key, body: limit }));
  let sent = 0;
  return {
    asker,
    other,
    as: (member, path, body) => {
      sent += 1;
      return api.call('POST', path, {
        key: member.key,
        body,
        headers: { 'Idempotency-Key': `${firm.books.workspaceId}-${sent}` },
      });
    },
  };
}

test('a draft that somebody discarded after the run had found it stays discarded', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await firm.run('draft');
  const { id } = await draftOf(firm);
  expect(await firm.books.in((tx) => findBelowZero(tx, [id]))).toEqual([id]);
  ok(await firm.post(`/invoices/${id}/discard`, { reason: 'We talk first' }));
  expect(await credit(firm, id)).toEqual({ creditNotes: 0, held: 0 });
  expect(await statusOf(firm, id)).toBe('discarded');
  expect(await exceptionsOf(firm.books)).toEqual([]);
  await firm.books.in((tx) => holdInvoices(tx, [{ id, reason: 'late' }], 'billing-run:test'));
  expect(await statusOf(firm, id)).toBe('discarded');
  const again = await firm.post(`/invoices/${id}/discard`, { reason: 'Twice' });
  expect([again.status, again.json.code]).toEqual([409, 'invoice.not_discardable']);
  // What it held is credited by the next run.
  expect((await firm.run('issue')).counts).toMatchObject({ drafts: 1, creditNotes: 1, held: 0 });
});

test('a draft that somebody credited and issued after the run had found it keeps its number', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03', quantity: hour / 2 })]);
  await firm.run('draft');
  const { id } = await draftOf(firm);
  ok(await firm.post(`/invoices/${id}/credit-corrections`, { reason: 'Noted twice' }));
  expect(await credit(firm, id)).toEqual({ creditNotes: 0, held: 0 });
  ok(await firm.post(`/invoices/${id}/issue`, {}));
  expect(await credit(firm, id)).toEqual({ creditNotes: 0, held: 0 });
  await firm.books.in((tx) => holdInvoices(tx, [{ id, reason: 'late' }], 'billing-run:test'));
  expect(await summary(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 40.00']);
  expect(await exceptionsOf(firm.books)).toEqual([]);
});

test('discarded by a person while the run credits it: one of them, and each hour once', async () => {
  const firm = await newFirm({ invoice: 'entry', line: 'entry' });
  const names = ['A', 'B', 'C', 'D'];
  const entries = (quantity: number) =>
    names.map((name, index) => entryOf(name, { quantity, workDate: `2026-03-0${index + 2}` }));
  await take(firm.books, entries(2 * hour));
  await firm.run('issue');
  await corrected(firm, ...entries(hour));
  const run = await requestBilling(firm.books);
  const activities = billingActivities(api.test.database);
  const ref = { workspaceId: firm.books.workspaceId, subjectId: run.id };
  await activities.compileRun(ref);
  await activities.draftRun(ref);
  const drafts = (await invoicesOf(firm.books)).filter(({ number }) => number === null);
  expect(drafts).toHaveLength(names.length);
  const answers = await Promise.all([
    ...drafts.toReversed().map(({ id }) => firm.post(`/invoices/${id}/discard`, { reason: 'We talk first' })),
    activities.issueRun(ref).then(() => null),
  ]);
  expect(answers.filter((answer) => answer !== null && ![200, 409].includes(answer.status))).toEqual([]);
  for (const { id } of drafts) expect(await statusOf(firm, id)).toBe('discarded');
  await carryOut(api.test.database, firm.books, run);
  await expectBalanced(api.test.database, firm.books);
  await firm.run('issue');
  const notes = ok(await firm.get('/credit-notes')).items as { net: string }[];
  expect(notes.map(({ net }) => net)).toEqual(names.map(() => '80.00'));
});

test('the limit of who asks sees what is billed beside a credit, not the difference, and is asked once', async () => {
  const firm = await newFirm({ invoice: 'one_line', line: 'one_line' });
  await billedTooMuch(firm, 0);
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
  const office = await officeOf(firm, '95.99');
  const preview = ok(await office.as(office.asker, '/billing-runs/preview', runOf(firm.books)));
  expect(preview).toMatchObject({ totals: [{ net: '-80.00', total: '-96.00' }], takesTwo: true });
  const asked = ok(await office.as(office.asker, '/billing-runs', runOf(firm.books)), 202);
  expect(asked.approval).toBe('asked');
  const page = ok(await firm.get(`/billing-runs/${asked.id}`));
  expect(page.approvals[0].figures).toMatchObject([
    { currency: 'GBP', invoices: 1, net: '80.00', total: '96.00' },
  ]);
  ok(await office.as(office.other, `/billing-runs/${asked.id}/approve`, {}), 202);
  const ended = await carryOut(api.test.database, firm.books, asked as Run);
  expect(ended).toMatchObject({
    status: 'done',
    approval: 'approved',
    counts: { creditNotes: 1, issued: 1 },
  });
  expect(await summary(firm)).toEqual(['credited NFE-0001 160.00', 'issued NFE-0002 80.00']);
});

test('an approved run that has issued ends: a draft of it that a person credits meanwhile asks nobody again', async () => {
  const firm = await newFirm({ invoice: 'project', line: 'entry' }, {});
  await billedTooMuch(firm);
  await take(firm.books, [
    entryOf('B', { workDate: '2026-03-03', quantity: hour / 2 }),
    entryOf('C', { workDate: '2026-03-04', quantity: 3 * hour, project: named('P2', 'P2') }),
  ]);
  // P1 comes to less than nothing and carries forward; a person chooses it all the same.
  await firm.run('draft');
  const p2 = await draftOf(firm);
  ok(await firm.post(`/invoices/${p2.id}/discard`, { reason: 'All together' }));
  const itemIds = ok(await firm.get('/billable-items?status=pending')).items.map(
    ({ id }: { id: string }) => id,
  );
  expect(itemIds).toHaveLength(3);
  const office = await officeOf(firm, '287.99');
  const wanted = { itemIds, reason: 'These', finishAt: 'issue', cutoffOn: '2027-01-01' };
  const asked = ok(await office.as(office.asker, '/billing-runs', wanted), 202);
  expect(asked.approval).toBe('asked');
  const page = ok(await firm.get(`/billing-runs/${asked.id}`));
  // What one invoice owes back makes the other no smaller.
  expect(page.approvals[0].figures).toMatchObject([{ invoices: 2, net: '240.00', total: '288.00' }]);
  ok(await office.as(office.other, `/billing-runs/${asked.id}/approve`, {}), 202);
  const activities = billingActivities(api.test.database);
  const ref = { workspaceId: firm.books.workspaceId, subjectId: asked.id as string };
  expect(await activities.lookAtBillingRun(ref)).toMatchObject({ step: 'draft' });
  await activities.draftRun(ref);
  expect(await activities.lookAtBillingRun(ref)).toMatchObject({ step: 'issue' });
  await activities.issueRun(ref);
  expect(await summary(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 240.00', 'held – -40.00']);
  const held = await draftOf(firm);
  ok(await firm.post(`/invoices/${held.id}/credit-corrections`, { reason: 'Noted twice' }));
  // 288.00 were agreed to, and its documents come to 336.00 now.
  expect(await activities.lookAtBillingRun(ref)).toMatchObject({ step: 'finish' });
  const ended = await carryOut(api.test.database, firm.books, asked as Run);
  expect(ended).toMatchObject({ status: 'done', approval: 'approved' });
  expect((await summary(firm)).at(-1)).toBe('draft – 40.00');
});

test.each(['a large run', 'a small run'])(
  '%s credits each draft in a transaction of its own',
  async (size) => {
    const firm = await newFirm({ invoice: 'entry', line: 'entry' });
    const entries = (quantity: number) =>
      ['A', 'B', 'C'].map((name, index) => entryOf(name, { quantity, workDate: `2026-03-0${index + 2}` }));
    await take(firm.books, entries(2 * hour));
    await firm.run('issue');
    await corrected(firm, ...entries(hour));
    await take(firm.books, [entryOf('D', { workDate: '2026-03-09' })]);
    if (size === 'a small run') {
      ok(await firm.patch(`/clients/${firm.books.clientId}`, { autoInvoicing: true }));
      const run = await requestBilling(firm.books, { trigger: 'entry', pulledBy: 'policy' });
      const ended = await carryOut(api.test.database, firm.books, run);
      expect(ended.counts).toMatchObject({ drafts: 4, creditNotes: 3, issued: 1, held: 0 });
    } else expect((await firm.run('issue')).counts).toMatchObject({ creditNotes: 3, issued: 1, held: 0 });
    const [notes] = await firm.books.in((tx) =>
      tx.rows<{ transactions: number }>(
        `select count(distinct created_at)::int as transactions from credit_notes where workspace_id = $1 and status = 'issued'`,
        [firm.books.workspaceId],
      ),
    );
    expect(notes!.transactions).toBe(3);
  },
);

test('what nothing of ours stands for carries forward, also of a draft whose rest is credited, and lowers the next invoice', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await take(firm.books, [refund()]);
  expect((await firm.run('issue')).counts).toMatchObject({ creditNotes: 1, held: 0, carriedForward: 1 });
  expect(await summary(firm)).toEqual(['issued NFE-0001 160.00']);
  const { counts } = await firm.run('issue');
  expect(counts).toMatchObject({ creditNotes: 0, held: 0, carriedForward: 1 });
  await take(firm.books, [entryOf('B', { workDate: '2026-03-06' })]);
  await firm.run('issue');
  expect(await summary(firm)).toEqual(['issued NFE-0001 160.00', 'issued NFE-0002 50.00']);
});

test('what a person chose, and what changed again, is held with the reason instead', async () => {
  const firm = await newFirm();
  await billedTooMuch(firm);
  await firm.run('draft');
  const draft = await draftOf(firm);
  // A new doubt about A, which a person settles.
  await take(firm.books, [entryOf('A', { quantity: 2 * hour })]);
  expect(await credit(firm, draft.id)).toEqual({ creditNotes: 0, held: 1 });
  const held = ok(await firm.get(`/invoices/${draft.id}`));
  expect(held).toMatchObject({ status: 'held', holdReason: expect.stringContaining('changed again') });

  const other = await newFirm();
  await take(other.books, [refund()]);
  expect((await other.run('issue')).counts).toMatchObject({ carriedForward: 1 });
  const itemIds = ok(await other.get('/billable-items?status=pending')).items.map(
    ({ id }: { id: string }) => id,
  );
  const wanted = { itemIds, reason: 'This one', finishAt: 'issue', cutoffOn: '2027-01-01' };
  const asked = ok(await other.post('/billing-runs', wanted), 202);
  const run = await carryOut(api.test.database, other.books, asked);
  expect(run.counts).toMatchObject({ creditNotes: 0, held: 1 });
  expect(await draftOf(other)).toMatchObject({
    status: 'held',
    holdReason: expect.stringMatching(/needs a credit note.*; None of this takes back what stands on/),
  });
});

test('what is left of a credited draft below the minimum waits for more, and the work is billed with it', async () => {
  const firm = await newFirm(undefined, { belowZero: 'credit_note', minimumInvoiceAmount: '100.00' });
  await billedTooMuch(firm, 0);
  await take(firm.books, [entryOf('B', { workDate: '2026-03-03' })]);
  const { counts } = await firm.run('issue');
  expect(counts).toMatchObject({ creditNotes: 1, held: 0, carriedForward: 1 });
  expect(await summary(firm)).toEqual(['credited NFE-0001 160.00']);
  await take(firm.books, [entryOf('C', { workDate: '2026-03-04' })]);
  await firm.run('issue');
  expect(await summary(firm)).toEqual(['credited NFE-0001 160.00', 'issued NFE-0002 160.00']);
});
