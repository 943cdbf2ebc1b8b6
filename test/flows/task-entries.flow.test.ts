/** Owns tasks, timers and what is recorded on tasks, over HTTP: who may, once, and until it is priced. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { listMails } from '../../store/mails.ts';
import { readRun } from '../../store/runs.ts';
import { tellForgotten } from '../../store/timers.ts';
import { verifyWorkspace } from '../../store/verify.ts';
import { carryOut, cutoffOn, exceptionsOf, expectBalanced } from '../support/books.ts';
import type { TestMember } from '../support/make-member.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
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

interface Yard {
  firm: Firm;
  taskId: string;
  /** An employee who records their own work. */
  ann: TestMember;
  as: (member: TestMember) => (method: string, path: string, body?: unknown) => Promise<Answered>;
}

async function openYard(): Promise<Yard> {
  const firm = await openFirm(api);
  opened.push(firm);
  const task = await firm.post('/tasks', { projectId: firm.books.projects.P1, name: 'Welding' });
  expect(task.status, task.text).toBe(201);
  const ann = await api.newMember(firm.books.workspaceId, 'employee', { name: 'Ann' });
  return {
    firm,
    taskId: task.json.id,
    ann,
    as: (member) => (method, path, body) =>
      api.call(method, path, { key: member.key, ...(body === undefined ? {} : { body }) }),
  };
}

const labor = (taskId: string, facts: Record<string, unknown> = {}) => ({
  kind: 'labor',
  taskId,
  workDate: '2026-03-02',
  seconds: 3600,
  ...facts,
});

async function compile(firm: Firm): Promise<void> {
  const asked = await firm.post('/compilations', {
    scope: { type: 'contract', id: firm.books.contractId },
    cutoffOn,
  });
  expect(asked.status, asked.text).toBe(202);
  const run = await firm.books.in((tx) => readRun(tx, asked.json.subjectId));
  await carryOut(api.test.database, firm.books, run!);
}
const itemsOf = async (firm: Firm) => (await firm.get('/billable-items')).json.items;

/** Moves the start of a timer, as if the time since had passed. */
const began = (firm: Firm, timerId: string, startedAt: string) =>
  firm.books.in((tx) =>
    tx.run('update timers set started_at = $3 where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      timerId,
      startedAt,
    ]),
  );

test('what an employee records on a task becomes entries that wait for approval', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const made = await as(ann)('POST', '/task-entries', {
    kind: 'mileage',
    taskId,
    workDate: '2026-03-02',
    kilometres: '120',
    transportMinutes: 90,
    note: 'To the yard',
  });
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({
    personId: ann.personId,
    kilometres: '120.000',
    transportMinutes: 90,
    approval: 'submitted',
    claimed: false,
    clientId: firm.books.clientId,
  });
  expect(made.json.entryIds).toHaveLength(2);
  const entries = (await firm.get('/entries')).json.items;
  expect(
    entries.map((entry: { kind: string; quantity: number }) => [entry.kind, entry.quantity]).sort(),
  ).toEqual([
    ['mileage_distance', 120_000],
    ['mileage_time', 5400],
  ]);
  expect(entries[0]).toMatchObject({ sourceName: 'Task timers', approval: 'submitted', taskName: 'Welding' });
  expect((await as(ann)('GET', `/task-entries?taskId=${taskId}`)).json.items).toEqual([made.json]);
  await compile(firm);
  expect(await itemsOf(firm)).toEqual([]);
});

test('hours are priced once somebody else has approved them; a change asks for approval anew', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const mia = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Mia' });
  const made = await as(ann)('POST', '/task-entries', labor(taskId));
  const path = `/task-entries/${made.json.id}`;
  const decide = (how: string, body: object) =>
    as(mia)('POST', `/task-entries/${how}`, { ids: [made.json.id], ...body });
  expect((await decide('approve', {})).json.items).toMatchObject([{ outcome: 'approved', code: null }]);
  expect((await decide('approve', {})).json.items).toMatchObject([{ outcome: 'unchanged' }]);
  const changed = await as(ann)('PATCH', path, { seconds: 7200 });
  expect(changed.json).toMatchObject({ seconds: 7200, approval: 'submitted', decidedBy: null, revision: 2 });
  await compile(firm);
  expect(await itemsOf(firm)).toEqual([]);
  expect((await decide('reject', { reason: 'Two hours?' })).json.items).toMatchObject([
    { outcome: 'rejected' },
  ]);
  expect((await as(ann)('GET', path)).json).toMatchObject({
    approval: 'rejected',
    decisionReason: 'Two hours?',
  });
  expect((await decide('approve', {})).json.items).toMatchObject([{ outcome: 'approved' }]);
  await compile(firm);
  expect(await itemsOf(firm)).toMatchObject([{ quantity: '2.00', unitPrice: '80.00', status: 'pending' }]);
  expect((await as(ann)('GET', path)).json.claimed).toBe(true);
});

test('whoever may approve is told of what waits, once while it does, and its person of what is rejected, in one mail', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const mia = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Mia' });
  const toldTo = ({ id }: TestMember) =>
    firm.books.in(async (tx) => {
      const rows = await tx.rows<{ kind: string; subjectId: string; detail: Record<string, string> }>(
        `select kind, subject_id, detail from notifications where workspace_id = $1 and member_id = $2 and kind like 'task_entry.%' order by id`,
        [firm.books.workspaceId, id],
      );
      return rows.map(({ kind, subjectId, detail }) => [kind, subjectId, detail.reason ?? detail.person]);
    });
  const record = async (member: TestMember) =>
    (await as(member)('POST', '/task-entries', labor(taskId, { seconds: 60 }))).json.id as string;
  const first = await record(ann);
  const waits = ['task_entry.submitted', first, 'Ann'];
  expect(await toldTo(mia)).toEqual([waits]);
  // It waits already.
  await as(ann)('PATCH', `/task-entries/${first}`, { seconds: 120 });
  expect(await toldTo(mia)).toEqual([waits]);
  expect(await toldTo(ann)).toEqual([]);

  const more = [];
  for (let count = 0; count < 6; count += 1) more.push(await record(ann));
  const rejected = await as(mia)('POST', '/task-entries/reject', {
    ids: [first, ...more],
    reason: 'A minute?',
  });
  expect(rejected.status, rejected.text).toBe(200);
  const told = await toldTo(ann);
  expect(told).toHaveLength(7);
  for (const id of [first, ...more]) expect(told).toContainEqual(['task_entry.rejected', id, 'A minute?']);
  const mails = await firm.books.in((tx) => listMails(tx, { status: null, before: null, limit: 50 }));
  expect(mails.map(({ kind, params }) => [kind, params.label, params.count])).toEqual([
    ['gathered', 'My work on a task was rejected', '7'],
  ]);
  // Mended, it waits again; nobody is asked to decide on their own.
  await as(ann)('PATCH', `/task-entries/${first}`, { seconds: 3600 });
  expect((await toldTo(mia)).filter(([, id]) => id === first)).toEqual([waits, waits]);
  const own = await record(mia);
  expect((await toldTo(mia)).filter(([, id]) => id === own)).toEqual([]);
});

test('an expense on a task keeps the day of its receipt and its input tax, and bills the net', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const expense = { kind: 'expense', taskId, workDate: '2026-03-02', amount: '120.00', currency: 'GBP' };
  const wrong = async (facts: Record<string, unknown>) =>
    (await as(ann)('POST', '/task-entries', { ...expense, ...facts })).status;
  expect([
    await wrong({ inputTax: '120.01' }),
    await wrong({ inputTax: '0.001' }),
    await wrong({ inputTax: '-1' }),
    await wrong({ receiptOn: '2999-01-01' }),
    await wrong({ kind: 'labor', seconds: 60, amount: undefined, inputTax: '1' }),
  ]).toEqual([422, 422, 422, 422, 422]);
  const made = await as(ann)('POST', '/task-entries', {
    ...expense,
    receiptOn: '2026-02-27',
    inputTax: '20.00',
  });
  expect(made.status, made.text).toBe(201);
  expect(made.json).toMatchObject({ receiptOn: '2026-02-27', inputTax: '20.00' });
  const receipts = () =>
    firm.books.in((tx) =>
      tx.rows(
        `select v.version, v.receipt_on, round(v.expense_net, 2) as net, round(v.expense_input_tax, 2) as tax from entry_versions v
         join work_entries e on e.workspace_id = $1 and e.id = v.entry_id where v.workspace_id = $1 and e.id = $2 order by 1`,
        [firm.books.workspaceId, made.json.entryIds[0]],
      ),
    );
  const first = { version: 1, receiptOn: '2026-02-27', net: '100.00', tax: '20.00' };
  expect(await receipts()).toEqual([first]);
  // Another day of the receipt is another version; without one it is the day of the work.
  const path = `/task-entries/${made.json.id}`;
  expect((await as(ann)('PATCH', path, { receiptOn: null })).json).toMatchObject({ receiptOn: null });
  expect((await as(ann)('PATCH', path, { amount: '10.00' })).status).toBe(422);
  expect(await receipts()).toEqual([first, { ...first, version: 2, receiptOn: '2026-03-02' }]);
  expect((await firm.post('/task-entries/approve', { ids: [made.json.id] })).status).toBe(200);
  await compile(firm);
  expect((await itemsOf(firm)).map(({ amount }: { amount: string }) => Number(amount))).toEqual([100]);
});

test('nobody approves what they recorded themselves, where four eyes are asked for', async () => {
  const { firm, taskId, as } = await openYard();
  await firm.patch('/workspace', { settings: { fourEyes: true } });
  await api.newMember(firm.books.workspaceId, 'admin');
  const mia = await api.newMember(firm.books.workspaceId, 'manager', { name: 'Mia' });
  const person = await firm.post('/people', { name: 'Ola' });
  const made = await as(mia)('POST', '/task-entries', labor(taskId, { personId: person.json.id }));
  expect(made.status, made.text).toBe(201);
  const decided = await as(mia)('POST', '/task-entries/approve', { ids: [made.json.id] });
  expect(decided.json.items).toMatchObject([{ outcome: 'refused', code: 'duty.own_entry' }]);
});

test('own work is changed and deleted until it is priced; after that a manager’s change is an exception', async () => {
  const { firm, taskId, ann, as } = await openYard();
  await firm.patch(`/contracts/${firm.books.contractId}`, { approvalPolicy: 'submitted' });
  const [kept, gone] = [
    await as(ann)('POST', '/task-entries', labor(taskId)),
    await as(ann)('POST', '/task-entries', labor(taskId, { workDate: '2026-03-03' })),
  ];
  expect((await as(ann)('DELETE', `/task-entries/${gone.json.id}`)).status).toBe(204);
  expect((await as(ann)('GET', `/task-entries/${gone.json.id}`)).status).toBe(404);
  await compile(firm);
  expect(await itemsOf(firm)).toHaveLength(1);
  const path = `/task-entries/${kept.json.id}`;
  expect(await as(ann)('PATCH', path, { seconds: 1800 })).toMatchObject({
    status: 409,
    json: { code: 'task_entry.claimed' },
  });
  expect((await as(ann)('DELETE', path)).json.code).toBe('task_entry.claimed');
  expect((await firm.patch(path, { seconds: 1800 })).status).toBe(200);
  expect(await exceptionsOf(firm.books)).toMatchObject([
    { rule: 'entry.changed_after_claim', detail: { was: 3600, is: 1800 } },
  ]);
});

test('an employee sees and changes nothing of others, records for nobody else, and names no price', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const other = await firm.post('/people', { name: 'Ola' });
  const theirs = await firm.post('/task-entries', labor(taskId, { personId: other.json.id }));
  expect(theirs.status, theirs.text).toBe(201);
  const path = `/task-entries/${theirs.json.id}`;
  expect((await as(ann)('GET', path)).status).toBe(404);
  expect((await as(ann)('PATCH', path, { seconds: 60 })).status).toBe(404);
  expect((await as(ann)('DELETE', path)).status).toBe(404);
  expect((await as(ann)('GET', '/task-entries')).json.items).toEqual([]);
  expect((await as(ann)('GET', `/task-entries?personId=${other.json.id}`)).json.items).toEqual([]);
  const forOther = await as(ann)('POST', '/task-entries', labor(taskId, { personId: other.json.id }));
  expect([forOther.status, forOther.json.code]).toEqual([422, 'reference.unknown']);
  const priced = await as(ann)('POST', '/task-entries', labor(taskId, { unitPrice: '500.00' }));
  expect([priced.status, priced.json.code]).toEqual([403, 'task_entry.price_not_yours']);
});

test.each([
  ['more than a day', { seconds: 86_401 }, '/seconds'],
  ['the future', { workDate: '2199-01-01' }, '/workDate'],
  ['no time at all', { seconds: 0 }, '/seconds'],
  ['a field of another kind', { kilometres: '5' }, '/kilometres'],
])('%s is refused, and nothing is stored', async (_, facts, pointer) => {
  const { firm, taskId, ann, as } = await openYard();
  const refused = await as(ann)('POST', '/task-entries', labor(taskId, facts));
  expect(refused.status, refused.text).toBe(422);
  expect(refused.json.errors[0].pointer).toBe(pointer);
  expect((await firm.get('/entries')).json.items).toEqual([]);
  expect((await firm.get('/task-entries')).json.items).toEqual([]);
});

test('money finer than its currency, and fields of another kind, are refused on a change', async () => {
  const { taskId, firm, ann, as } = await openYard();
  const paid = { kind: 'expense', taskId, workDate: '2026-03-02', amount: '34.5', currency: 'EUR' };
  const fine = await as(ann)('POST', '/task-entries', { ...paid, amount: '34.505' });
  expect([fine.status, fine.json.code]).toEqual([422, 'task_entry.invalid']);
  const yen = await as(ann)('POST', '/task-entries', { ...paid, currency: 'JPY' });
  expect(yen.json.errors[0].pointer).toBe('/amount');
  const made = await as(ann)('POST', '/task-entries', paid);
  const wrong = await as(ann)('PATCH', `/task-entries/${made.json.id}`, { seconds: 60 });
  expect([wrong.status, wrong.json.errors[0].pointer]).toEqual([422, '/seconds']);
  expect((await firm.get('/entries')).json.items).toMatchObject([{ kind: 'expense', quantity: 3450 }]);
});

test('ten starts at once leave one timer running for a person', async () => {
  const { taskId, ann, as } = await openYard();
  const started = await Promise.all(Array.from({ length: 10 }, () => as(ann)('POST', '/timers', { taskId })));
  const statuses = started.map(({ status }) => status).sort((a, b) => a - b);
  expect(statuses).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
  const won = started.find(({ status }) => status === 201)!;
  for (const lost of started.filter(({ status }) => status === 409))
    expect(lost.json).toMatchObject({ code: 'timer.running', details: { timerId: won.json.id } });
  expect((await as(ann)('GET', '/timers')).json.items).toEqual([won.json]);
});

test('a timer that is stopped five times at once records its time once', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const timer = await as(ann)('POST', '/timers', { taskId, note: 'Frames 12 to 18' });
  await began(firm, timer.json.id, new Date(Date.now() - 5_400_000).toISOString());
  const stops = await Promise.all(
    Array.from({ length: 5 }, () => as(ann)('POST', `/timers/${timer.json.id}/stop`, {})),
  );
  expect(stops.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409, 409, 409, 409]);
  const entries = (await as(ann)('GET', '/task-entries')).json.items;
  const seconds = entries.reduce((sum: number, entry: { seconds: number }) => sum + entry.seconds, 0);
  // One day, or two where the test runs over midnight.
  expect(seconds).toBeGreaterThanOrEqual(5400);
  expect(seconds).toBeLessThan(5460);
  expect(entries[0]).toMatchObject({
    timerId: timer.json.id,
    note: 'Frames 12 to 18',
    approval: 'submitted',
  });
});

test('a timer over midnight is an entry for each day where its person is', async () => {
  const { firm, taskId, ann, as } = await openYard();
  await firm.patch(`/people/${ann.personId}`, { zone: 'Pacific/Auckland' });
  const timer = await as(ann)('POST', '/timers', { taskId });
  expect(timer.json.zone).toBe('Pacific/Auckland');
  // 23:00 to 01:30 in Auckland, the same day in UTC.
  await began(firm, timer.json.id, '2026-03-02T10:00:00Z');
  const stopped = await as(ann)('POST', `/timers/${timer.json.id}/stop`, { endedAt: '2026-03-02T12:30:00Z' });
  expect(stopped.status, stopped.text).toBe(200);
  expect(
    stopped.json.entries.map((entry: { workDate: string; seconds: number }) => [
      entry.workDate,
      entry.seconds,
    ]),
  ).toEqual([
    ['2026-03-02', 3600],
    ['2026-03-03', 5400],
  ]);
});

test('a forgotten timer is told of once, and ends only when its person says so', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const timer = await as(ann)('POST', '/timers', { taskId });
  const path = `/timers/${timer.json.id}`;
  expect(await firm.books.in(tellForgotten)).toBe(0);
  await began(firm, timer.json.id, '2026-03-02T08:00:00Z');
  const activities = createActivities({ database: api.test.database } as Parameters<
    typeof createActivities
  >[0]);
  await activities.sweepOverdue();
  await activities.sweepOverdue();
  const told = (await as(ann)('GET', '/notifications')).json.items;
  expect(told.filter(({ kind }: { kind: string }) => kind === 'timer.forgotten')).toHaveLength(1);
  expect((await as(ann)('POST', `${path}/stop`, {})).json.code).toBe('timer.over_limit');
  expect((await as(ann)('GET', '/timers')).json.items).toHaveLength(1);
  const stopped = await as(ann)('POST', `${path}/stop`, { endedAt: '2026-03-02T16:00:00Z' });
  expect(stopped.json.entries).toMatchObject([{ seconds: 28_800, workDate: '2026-03-02' }]);
  expect((await as(ann)('DELETE', path)).json.code).toBe('timer.stopped');
});

test('a discarded timer leaves nothing', async () => {
  const { taskId, ann, as } = await openYard();
  const timer = await as(ann)('POST', '/timers', { taskId });
  expect((await as(ann)('DELETE', `/timers/${timer.json.id}`)).status).toBe(204);
  expect((await as(ann)('GET', `/timers/${timer.json.id}`)).json).toMatchObject({ discarded: true });
  expect((await as(ann)('GET', '/task-entries')).json.items).toEqual([]);
});

test('a task is done once there is work on it, and then takes no more', async () => {
  const { firm, taskId, ann, as } = await openYard();
  const path = `/tasks/${taskId}`;
  expect(await firm.patch(path, { status: 'done' })).toMatchObject({
    status: 409,
    json: { code: 'task.no_work' },
  });
  await as(ann)('POST', '/task-entries', labor(taskId));
  const timer = await as(ann)('POST', '/timers', { taskId });
  expect((await firm.patch(path, { status: 'done' })).json.code).toBe('task.timer_running');
  await as(ann)('DELETE', `/timers/${timer.json.id}`);
  expect((await firm.patch(path, { status: 'done' })).json.status).toBe('done');
  expect((await as(ann)('POST', '/task-entries', labor(taskId))).json.code).toBe('task.done');
  expect((await as(ann)('POST', '/timers', { taskId })).json.code).toBe('task.done');
  expect(await firm.patch(path, { status: 'draft' })).toMatchObject({
    status: 409,
    json: { code: 'task.wrong_status' },
  });
});

test('a task with a quantity of its own bills it when it is done, and takes it back when it is opened', async () => {
  const { firm } = await openYard();
  const made = await firm.post('/tasks', {
    projectId: firm.books.projects.P1,
    name: 'Anodes',
    status: 'draft',
    unit: 'piece',
    quantity: '12',
    unitPrice: '45.00',
  });
  expect(made.json).toMatchObject({ status: 'draft', quantity: '12', clientId: firm.books.clientId });
  await compile(firm);
  expect(await itemsOf(firm)).toEqual([]);
  const path = `/tasks/${made.json.id}`;
  expect((await firm.patch(path, { status: 'done' })).json.status).toBe('done');
  await compile(firm);
  const [item] = await itemsOf(firm);
  expect(item).toMatchObject({ kind: 'goods', quantity: '12.00', unitPrice: '45.00', personId: null });
  expect(Number(item.amount)).toBe(540);
  await firm.patch(path, { quantity: '10' });
  expect(await exceptionsOf(firm.books)).toMatchObject([
    { rule: 'entry.changed_after_claim', detail: { was: 12, is: 10 } },
  ]);
  const wrong = await firm.patch(path, { quantity: '1.5' });
  expect([wrong.status, wrong.json.code]).toEqual([422, 'task.quantity_invalid']);
  expect((await firm.patch(path, { status: 'open' })).json.status).toBe('open');
});

test.each([
  ['hours', 'update task_entries set seconds = seconds + 1 where workspace_id = $1'],
  ['an approval', `update task_entries set approval = 'approved' where workspace_id = $1`],
  ['a record that is gone', 'update task_entries set deleted_at = now() where workspace_id = $1'],
])('the books say so when %s on a task and its work entry differ', async (_, sql) => {
  const { firm, taskId, ann, as } = await openYard();
  opened.pop();
  await as(ann)('POST', '/task-entries', labor(taskId));
  await expectBalanced(api.test.database, firm.books);
  await firm.books.in((tx) => tx.run(sql, [tx.workspaceId]));
  const { checks } = await verifyWorkspace(api.test.database, firm.books.workspaceId);
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['recorded work']);
});
