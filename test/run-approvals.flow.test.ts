/** Owns runs by hand that take two, runs that are asked for again, and what the page on a run shows. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { doDaily } from '../store/daily.ts';
import { listNotifications } from '../store/notifications.ts';
import { type Run, readRun } from '../store/runs.ts';
import {
  billingActivities,
  carryOut,
  entryOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
} from './support/books.ts';
import type { TestMember } from './support/make-member.ts';
import { type Firm, openFirm, runOf } from './support/pipeline.ts';
import { type Answered, startApi, type TestApi } from './support/start-api.ts';

let api: TestApi;
const opened: Firm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

interface Office extends Firm {
  asker: TestMember;
  other: TestMember;
  as(member: TestMember, method: string, path: string, body?: unknown): Promise<Answered>;
}
/** A firm where nobody bills more than so many GBP by hand alone. */
async function officeWithLimit(amount: string): Promise<Office> {
  const firm = await openFirm(api);
  opened.push(firm);
  const { workspaceId } = firm.books;
  const asker = await api.newMember(workspaceId, 'manager', { name: 'Ada' });
  const other = await api.newMember(workspaceId, 'manager', { name: 'Bo' });
  let sent = 0;
  const office: Office = {
    ...firm,
    asker,
    other,
    as: (member, method, path, body) => {
      sent += 1;
      return api.call(method, path, {
        key: member.key,
        ...(body === undefined ? {} : { body }),
        headers: method === 'GET' ? {} : { 'Idempotency-Key': `${member.id}-${sent}` },
      });
    },
  };
  const limit = await api.call('PUT', '/duty-limits', {
    key: firm.key,
    body: { action: 'run', currency: 'GBP', amount },
  });
  expect(limit.status, limit.text).toBe(200);
  return office;
}
const billAs = (office: Office, member: TestMember) =>
  office.as(member, 'POST', '/billing-runs', runOf(office.books));
const carry = (office: Office, asked: Answered) =>
  carryOut(api.test.database, office.books, asked.json as Run);
const told = (office: Office, member: TestMember) =>
  office.books.in(async (tx) =>
    (await listNotifications(tx, member.id, { unread: true, before: null, limit: 50 })).map(
      ({ kind }) => kind,
    ),
  );

test('a run above the limit waits, tells the others with what it comes to, and bills once another person agrees', async () => {
  const office = await officeWithLimit('100.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const preview = await office.as(office.asker, 'POST', '/billing-runs/preview', runOf(office.books));
  expect([preview.status, preview.json.takesTwo]).toEqual([200, true]);
  const asked = await billAs(office, office.asker);
  expect([asked.status, asked.json.approval, asked.json.status]).toEqual([202, 'asked', 'queued']);
  expect((await carry(office, asked)).status).toBe('queued');
  expect(await invoicesOf(office.books)).toEqual([]);
  expect(await told(office, office.other)).toContain('run.waits');
  expect(await told(office, office.asker)).not.toContain('run.waits');

  const listed = (await office.get('/billing-runs?approval=asked&trigger=by_hand')).json.items;
  expect(listed.map(({ id }: Run) => id)).toEqual([asked.json.id]);
  const page = (await office.get(`/billing-runs/${asked.json.id}`)).json;
  expect(page.waitsFor).toMatchObject({ what: 'approval', runId: null });
  expect(page.approvals).toMatchObject([
    {
      status: 'asked',
      askedBy: `member:${office.asker.id}`,
      figures: [{ currency: 'GBP', invoices: 1, net: '160.00', total: '160.00', seconds: 7_200 }],
    },
  ]);
  const own = await office.as(office.asker, 'POST', `/billing-runs/${asked.json.id}/approve`, {});
  expect([own.status, own.json.code]).toEqual([403, 'duty.own_run']);
  const agreed = await office.as(office.other, 'POST', `/billing-runs/${asked.json.id}/approve`, {});
  expect([agreed.status, agreed.json.approval]).toEqual([202, 'approved']);
  expect((await carry(office, asked)).status).toBe('done');
  expect(await invoicesOf(office.books)).toMatchObject([{ status: 'issued', total: '160.00' }]);
  const late = await office.as(office.other, 'POST', `/billing-runs/${asked.json.id}/approve`, {});
  expect([late.status, late.json.code]).toEqual([409, 'billing_run.not_waiting']);
});

test('up to the limit, and of who has a higher one of their own, one person is enough', async () => {
  const office = await officeWithLimit('160.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const asked = await billAs(office, office.asker);
  expect(asked.json.approval).toBeNull();
  expect((await carry(office, asked)).status).toBe('done');
  await take(office.books, [entryOf('C', { quantity: 36_000 })]);
  await api.call('PUT', '/duty-limits', {
    key: office.key,
    body: { memberId: office.other.id, action: 'run', currency: 'GBP', amount: '5000.00' },
  });
  expect((await billAs(office, office.other)).json.approval).toBeNull();
});

test('what comes to more than was agreed to takes its drafts back and asks again; to less, it goes on', async () => {
  const office = await officeWithLimit('100.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const asked = await billAs(office, office.asker);
  const approve = () => office.as(office.other, 'POST', `/billing-runs/${asked.json.id}/approve`, {});
  expect((await approve()).status).toBe(202);
  // Approved while the run had not begun.
  await take(office.books, [entryOf('C', { workDate: '2026-03-03' })]);
  expect(await carry(office, asked)).toMatchObject({ status: 'queued', approval: 'asked' });
  expect(await invoicesOf(office.books)).toEqual([]);
  const page = (await office.get(`/billing-runs/${asked.json.id}`)).json;
  expect(
    page.approvals.map((one: { status: string; figures: { total: string }[] }) => [
      one.status,
      one.figures[0]!.total,
    ]),
  ).toEqual([
    ['asked', '240.00'],
    ['approved', '160.00'],
  ]);
  await expectBalanced(api.test.database, office.books);
  expect((await approve()).status).toBe(202);
  // One of them is held meanwhile: less than was agreed to.
  const [item] = (await office.get('/billable-items')).json.items;
  const held = await office.post('/billable-items/hold', { itemIds: [item.id], reason: 'the client asks' });
  expect(held.status, held.text).toBe(200);
  const ended = await carry(office, asked);
  expect([ended.status, ended.error]).toEqual(['done', null]);
  expect(await invoicesOf(office.books)).toMatchObject([{ status: 'issued', total: '160.00' }]);
  expect(ended.counts).toMatchObject({ drafts: 1, issued: 1 });
});

test('what is too large to preview begins, and asks once its drafts turn out to be beyond the limit', async () => {
  const office = await officeWithLimit('160.00');
  const { books } = office;
  await take(books, [entryOf('A'), entryOf('B')]);
  await books.in((tx) =>
    tx.run(
      `insert into entry_balance (workspace_id, entry_id, version, project_id, work_date, quantity)
       select $1, gen_random_uuid(), 1, $2, '2026-03-01', 60 from generate_series(1, 20001)`,
      [books.workspaceId, books.projects.P1],
    ),
  );
  // These balances belong to no entries: nothing that the books could be held to.
  opened.splice(opened.indexOf(office), 1);
  const within = await billAs(office, office.asker);
  expect([within.status, within.json.approval]).toEqual([202, 'approved']);
  expect((await carry(office, within)).status).toBe('done');
  expect(await invoicesOf(books)).toMatchObject([{ status: 'issued', total: '160.00' }]);
  await take(books, [entryOf('C', { quantity: 7_201 + 60 })]);
  const beyond = await billAs(office, office.asker);
  expect(await carry(office, beyond)).toMatchObject({ status: 'queued', approval: 'asked' });
  const page = (await office.get(`/billing-runs/${beyond.json.id}`)).json;
  expect(page.approvals).toMatchObject([
    { status: 'asked', figures: [{ currency: 'GBP', total: '161.60' }] },
    { status: 'approved', decidedBy: 'limit' },
  ]);
});

test('a rejected run ends without a trace on the books, and its person is told why', async () => {
  const office = await officeWithLimit('100.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const asked = await billAs(office, office.asker);
  const path = `/billing-runs/${asked.json.id}/reject`;
  expect((await office.as(office.other, 'POST', path, {})).status).toBe(422);
  const rejected = await office.as(office.other, 'POST', path, { reason: 'they pay by milestones' });
  expect(rejected.json).toMatchObject({
    status: 'cancelled',
    approval: 'rejected',
    error: 'rejected: they pay by milestones',
  });
  expect(await told(office, office.asker)).toContain('run.rejected');
  expect((await carry(office, asked)).status).toBe('cancelled');
  expect(await invoicesOf(office.books)).toEqual([]);
});

test('a run that waits for a person keeps no other waiting, and is cancelled as any other', async () => {
  const office = await officeWithLimit('100.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const asked = await billAs(office, office.asker);
  const automatic = await requestBilling(office.books, { trigger: 'period_end', finishAt: 'draft' });
  expect((await carryOut(api.test.database, office.books, automatic)).status).toBe('done');
  expect((await office.as(office.asker, 'POST', `/billing-runs/${asked.json.id}/cancel`)).status).toBe(202);
  expect((await carry(office, asked)).status).toBe('cancelled');
  const page = (await office.get(`/billing-runs/${asked.json.id}`)).json;
  expect(page.approvals).toMatchObject([{ status: 'withdrawn' }]);
});

test('a run that waits for a second person is named in the daily digest', async () => {
  const office = await officeWithLimit('100.00');
  // Of a day that has begun there in any case.
  await office.patch('/workspace', { settings: { zone: 'Pacific/Auckland', digestTime: '00:00' } });
  await take(office.books, [entryOf('A'), entryOf('B')]);
  await billAs(office, office.asker);
  await doDaily(api.test.database);
  const mails = await office.books.in((tx) =>
    tx.rows<{ open: string }>(
      `select params ->> 'open' as open from mails where workspace_id = $1 and kind = 'digest.finance'`,
      [office.books.workspaceId],
    ),
  );
  expect(mails.map(({ open }) => open)).toContain('1 billing run waits for a second person');
});

test('a double click is one run that is asked for once', async () => {
  const office = await officeWithLimit('100.00');
  await take(office.books, [entryOf('A'), entryOf('B')]);
  const [one, two] = await Promise.all([billAs(office, office.asker), billAs(office, office.asker)]);
  expect(one.json.id).toBe(two.json.id);
  expect((await office.get(`/billing-runs/${one.json.id}`)).json.approvals).toHaveLength(1);
});

test('run again does what is left, with the same choices, and is linked to the first', async () => {
  const firm = await openFirm(api, { contract: { grouping: { invoice: 'client', line: 'project' } } });
  opened.push(firm);
  await take(firm.books, [entryOf('A'), entryOf('B', { approval: 'submitted' })]);
  const grouping = { invoice: 'project', line: 'entry' };
  const asked = await firm.post('/billing-runs', runOf(firm.books, { grouping }));
  const early = await firm.post(`/billing-runs/${asked.json.id}/run-again`, {});
  expect([early.status, early.json.code]).toEqual([409, 'billing_run.under_way']);
  await carryOut(api.test.database, firm.books, asked.json);
  await take(firm.books, [entryOf('B')]);
  const again = await firm.post(`/billing-runs/${asked.json.id}/run-again`, {});
  expect(again.status, again.text).toBe(202);
  expect(again.json).toMatchObject({
    againOf: asked.json.id,
    trigger: 'by_hand',
    reason: 'Quarter end',
    cutoffOn: asked.json.cutoffOn,
    finishAt: 'issue',
    grouping,
  });
  expect((await firm.post(`/billing-runs/${asked.json.id}/run-again`, {})).json.id).toBe(again.json.id);
  await carryOut(api.test.database, firm.books, again.json);
  expect(await invoicesOf(firm.books)).toMatchObject([
    { status: 'issued', net: '80.00' },
    { status: 'issued', net: '80.00' },
  ]);
  expect((await firm.get(`/billing-runs/${asked.json.id}`)).json.repeatedBy).toEqual([again.json.id]);
  const planner = await firm.withScopes(['runs.create', 'runs.read']);
  const refused = await planner.post(`/billing-runs/${asked.json.id}/run-again`, {});
  expect([refused.status, refused.json.code]).toEqual([403, 'auth.permission_missing']);
});

test('the page on a run tells its steps, what it waits for, and its progress goes out as events', async () => {
  const firm = await openFirm(api);
  opened.push(firm);
  await take(firm.books, [entryOf('A')]);
  const first = await firm.post('/billing-runs', runOf(firm.books, { finishAt: 'draft' }));
  const second = await firm.post(
    '/billing-runs',
    runOf(firm.books, { scope: { type: 'client', id: firm.books.clientId } }),
  );
  const activities = billingActivities(api.test.database);
  const ref = (asked: Answered) => ({
    workspaceId: firm.books.workspaceId,
    subjectId: asked.json.id as string,
  });
  expect(await activities.lookAtBillingRun(ref(first))).toMatchObject({ step: 'compile' });
  expect(await activities.lookAtBillingRun(ref(second))).toEqual({ step: 'wait', for: first.json.id });
  const waiting = (await firm.get(`/billing-runs/${second.json.id}`)).json;
  expect(waiting.run.waitsForRunId).toBe(first.json.id);
  expect(waiting.waitsFor).toEqual({
    what: 'run',
    runId: first.json.id,
    message: 'Another run over Refit goes first; it is running.',
  });
  await carryOut(api.test.database, firm.books, first.json);
  // The end of the one woke the other.
  const looks = await firm.books.in((tx) =>
    tx.rows<{ reason: string }>(`select reason from outbox where workspace_id = $1 and subject_id = $2`, [
      firm.books.workspaceId,
      second.json.id,
    ]),
  );
  expect(looks.map(({ reason }) => reason)).toContain('the run before it ended');
  await carryOut(api.test.database, firm.books, second.json);
  expect((await firm.books.in((tx) => readRun(tx, second.json.id)))!.waitsForRunId).toBeNull();
  const page = (await firm.get(`/billing-runs/${first.json.id}`)).json;
  expect(page.steps).toMatchObject([
    { step: 'compile', status: 'done', done: 1, amount: { GBP: '80' }, retries: 0 },
    { step: 'draft', status: 'done', done: 1, amount: { GBP: '80' }, retries: 0 },
  ]);
  expect([page.pulls, page.addedTo, page.waitsFor]).toEqual([0, [], null]);
  expect((await firm.get(`/billing-runs/${first.json.id}/pulls`)).json).toEqual({
    items: [],
    nextCursor: null,
  });
  await api.sequence();
  const events = (await firm.get('/events?limit=200')).json.items as {
    type: string;
    subject: { id: string };
    payload: { step: string; status: string };
  }[];
  const progress = events.filter(
    ({ type, subject }) => type === 'billing_run.progressed' && subject.id === first.json.id,
  );
  expect(progress.map(({ payload }) => `${payload.step} ${payload.status}`).sort()).toEqual([
    'compile done',
    'draft done',
  ]);
});
