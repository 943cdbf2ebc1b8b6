/** Owns tickets over HTTP: written, handed in, decided on, changed, billed; and everything that is refused on the way. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addDays, localDay } from '../../domain/day.ts';
import { newId } from '../../store/new-id.ts';
import { bill, entryOf, expectBalanced, invoicesOf, take } from '../support/books.ts';
import { pdf } from '../support/sample-files.ts';
import { startApi, type TestApi } from '../support/start-api.ts';
import { expectStatus, hours, openTicketFirm, type TicketFirm } from '../support/tickets.ts';

let api: TestApi;
const opened: TicketFirm[] = [];
beforeAll(async () => {
  api = await startApi();
});
afterEach(async () => {
  for (const firm of opened.splice(0)) await expectBalanced(api.test.database, firm.books);
});
afterAll(() => api.stop());

async function openFirm(options: Parameters<typeof openTicketFirm>[1] = {}): Promise<TicketFirm> {
  const firm = await openTicketFirm(api, options);
  opened.push(firm);
  return firm;
}
const year = localDay(new Date(), 'UTC').slice(0, 4);
const workOf = [
  hours(3.25, { position: 'Fitter' }),
  hours(1.5, { position: 'Fitter', overtime: true }),
  { kind: 'expense', amount: '34.5', currency: 'GBP', category: 'Parking' },
  { kind: 'mileage', metres: 42_000, transportSeconds: 2_700 },
];

interface EntryShown {
  kind: string;
  quantity: number;
  approval: string;
  costRate: string | null;
  approved: boolean | null;
  overtimeSeconds: number | null;
  version: number;
  deleted: boolean;
}
/** What became of the ticket's lines, in the order of their kinds and sizes. */
const entriesOf = (firm: TicketFirm, ticketId: string) =>
  firm.books.in((tx) =>
    tx.rows<EntryShown>(
      `select v.kind, v.quantity, v.approval, v.cost_rate, v.approved_hash = v.content_hash as approved, v.overtime_seconds, v.version,
         e.deleted_at is not null as deleted
       from ticket_entries x join work_entries e on e.workspace_id = $1 and e.id = x.entry_id
       join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
       where x.workspace_id = $1 and x.ticket_id = $2 order by v.kind, v.quantity`,
      [firm.books.workspaceId, ticketId],
    ),
  );

test('a ticket is written, handed in, rejected with a reason, revised, approved, and its hours are billed once', async () => {
  const firm = await openFirm();
  const { contractor, manager } = firm;
  await firm.admin.post('/cost-rates', {
    personId: contractor.personId,
    position: 'fitter',
    currency: 'GBP',
    regularRate: '42.00',
    overtimeRate: '63.00',
    validFrom: '2020-01-01',
  });
  const made = await contractor.post('/tickets', {
    projectId: firm.projectId,
    workDate: firm.workDate,
    notes: 'Stern tube',
    lines: workOf,
  });
  const draft = expectStatus(made, 201);
  expect(draft).toMatchObject({
    number: `T-${year}-0001`,
    status: 'draft',
    personName: 'Ola Vik',
    totals: {
      regularSeconds: 11_700,
      overtimeSeconds: 5_400,
      metres: 42_000,
      transportSeconds: 2_700,
      expenses: { GBP: '34.50' },
    },
  });
  expect(await entriesOf(firm, draft.id)).toEqual([]);

  expectStatus(await contractor.post(`/tickets/${draft.id}/submit`), 200);
  expect(
    (await entriesOf(firm, draft.id)).map((entry) => [entry.kind, entry.quantity, entry.approval]),
  ).toEqual([
    ['expense', 3_450, 'submitted'],
    ['labor', 5_400, 'submitted'],
    ['labor', 11_700, 'submitted'],
    ['mileage_distance', 42_000, 'submitted'],
    ['mileage_time', 2_700, 'submitted'],
  ]);
  const rejected = await manager.post(`/tickets/${draft.id}/reject`, {
    reason: 'The overtime was not agreed',
  });
  expect(expectStatus(rejected, 200)).toMatchObject({
    status: 'rejected',
    decidedByName: 'Mats Dahl',
    decisionReason: 'The overtime was not agreed',
  });
  expect((await bill(api.test.database, firm.books)).status).toBe('done');
  expect(await invoicesOf(firm.books)).toEqual([]);

  const lines = rejected.json.lines.map(
    ({ seconds, overtime, ...line }: { seconds: number; overtime: boolean }) =>
      trimmed({ ...line, seconds: overtime ? 3_600 : seconds, overtime }),
  );
  const revised = await contractor.patch(`/tickets/${draft.id}`, { lines });
  expect(expectStatus(revised, 200)).toMatchObject({ status: 'draft', decidedBy: null });
  expectStatus(await contractor.post(`/tickets/${draft.id}/submit`), 200);
  const history = expectStatus(await manager.get(`/tickets/${draft.id}/history`), 200);
  expect(history.items).toMatchObject([
    {
      revision: 2,
      decision: null,
      changes: { fields: {}, lines: [{ change: 'changed', fields: { seconds: [5_400, 3_600] } }] },
    },
    { revision: 1, decision: 'rejected', reason: 'The overtime was not agreed', changes: null },
  ]);
  expect(history.unsubmitted).toBeNull();

  const approved = expectStatus(await manager.post(`/tickets/${draft.id}/approve`, {}), 200);
  expect(approved).toMatchObject({ status: 'approved', decidedByName: 'Mats Dahl', revision: 2 });
  expect(
    (await entriesOf(firm, draft.id)).map(
      ({ kind, quantity, approval, approved: same, costRate, overtimeSeconds, version }) => [
        kind,
        quantity,
        approval,
        same,
        costRate,
        overtimeSeconds,
        version,
      ],
    ),
  ).toEqual([
    ['expense', 3_450, 'approved', true, '1', null, 1],
    ['labor', 3_600, 'approved', true, '63.00', 3_600, 2],
    ['labor', 11_700, 'approved', true, '42.00', 0, 1],
    ['mileage_distance', 42_000, 'approved', true, null, null, 1],
    ['mileage_time', 2_700, 'approved', true, null, null, 1],
  ]);

  expect((await firm.admin.post('/built-in-prices/confirm', { currency: 'GBP' })).status).toBe(200);
  await bill(api.test.database, firm.books);
  const [invoice] = await invoicesOf(firm.books);
  // 4.25 h at 80.00, the parking at cost, 42 km at the built-in 5.0, 0.75 h on the road at the built-in 1000.0.
  expect(invoice).toMatchObject({ status: 'issued', net: '1334.50' });
  await bill(api.test.database, firm.books);
  expect(await invoicesOf(firm.books)).toHaveLength(1);
});

/** A line as it was shown, as it may be sent back: only the fields of its kind. */
function trimmed({ kind, ...line }: Record<string, unknown>): Record<string, unknown> {
  const fields: Record<string, string[]> = {
    labor: ['position', 'overtime', 'seconds'],
    expense: ['amount', 'currency', 'category', 'receiptId'],
    mileage: ['metres', 'transportSeconds'],
  };
  const kept = ['id', 'taskId', 'note', ...fields[kind as string]!];
  return { kind, ...Object.fromEntries(kept.map((name) => [name, line[name]])) };
}

test('everybody sees their own tickets, approvers see all, clients none', async () => {
  const firm = await openFirm();
  const { contractor, employee, manager } = firm;
  const theirs = await firm.submitted([hours(2)]);
  const own = expectStatus(
    await employee.post('/tickets', {
      projectId: firm.projectId,
      workDate: firm.workDate,
      lines: [hours(1)],
    }),
    201,
  );
  const idsOf = async (hand: typeof employee, query = '') =>
    expectStatus(await hand.get(`/tickets${query}`), 200).items.map((row: { id: string }) => row.id);
  expect(await idsOf(contractor)).toEqual([theirs]);
  expect(await idsOf(employee)).toEqual([own.id]);
  expect(await idsOf(employee, `?personId=${contractor.personId}`)).toEqual([]);
  expect(await idsOf(manager)).toEqual([own.id, theirs]);
  expect(await idsOf(manager, '?status=submitted')).toEqual([theirs]);
  expect(await idsOf(manager, `?number=${own.number}&from=${firm.workDate}&to=${firm.workDate}`)).toEqual([
    own.id,
  ]);
  expect(await idsOf(manager, `?from=${addDays(firm.workDate, 1)}`)).toEqual([]);
  const page = expectStatus(await manager.get('/tickets?limit=1'), 200);
  expect(await idsOf(manager, `?limit=1&cursor=${page.nextCursor}`)).toEqual([theirs]);
  expect(expectStatus(await manager.get('/tickets/totals'), 200)).toMatchObject({
    tickets: 2,
    regularSeconds: 10_800,
  });
  expect(expectStatus(await employee.get('/tickets/totals'), 200)).toMatchObject({
    tickets: 1,
    regularSeconds: 3_600,
  });

  for (const path of [`/tickets/${theirs}`, `/tickets/${theirs}/history`])
    expect((await employee.get(path)).status, path).toBe(404);
  expect((await employee.patch(`/tickets/${theirs}`, { notes: 'mine' })).status).toBe(404);
  expect((await employee.post(`/tickets/${theirs}/withdraw`)).status).toBe(404);
  expect((await employee.post(`/tickets/${theirs}/approve`, {})).json.code).toBe('auth.permission_missing');
  const written = await contractor.post('/tickets', {
    personId: employee.personId,
    projectId: firm.projectId,
    workDate: firm.workDate,
  });
  expect([written.status, written.json.code]).toEqual([422, 'ticket.person_unknown']);
  const client = firm.hand(
    await api.newMember(firm.books.workspaceId, 'client', { clientId: firm.books.clientId }),
  );
  expect((await client.get('/tickets')).status).toBe(403);
  const other = await openFirm();
  expect((await other.admin.get(`/tickets/${theirs}`)).status).toBe(404);
  expect((await other.admin.post(`/tickets/${theirs}/approve`, {})).status).toBe(404);
});

test('bad input is refused with what is wrong and where, and nothing of it is stored', async () => {
  const firm = await openFirm();
  const foreign = await openFirm();
  const today = localDay(new Date(), 'UTC');
  const { projectId, workDate, contractor } = firm;
  const line = hours(1);
  const refused: [string, Record<string, unknown>, string][] = [
    ['negative hours', { lines: [hours(-1)] }, 'ticket.line_negative'],
    [
      'a negative expense',
      { lines: [{ kind: 'expense', amount: '-1.00', currency: 'EUR', category: 'x' }] },
      'ticket.line_negative',
    ],
    [
      'more input tax than was paid',
      { lines: [{ kind: 'expense', amount: '1.00', currency: 'EUR', category: 'x', inputTax: '1.01' }] },
      'ticket.input_tax_not_part',
    ],
    ['a fraction of a second', { lines: [{ kind: 'labor', seconds: 0.5 }] }, 'request.invalid_body'],
    [
      'a float for money',
      { lines: [{ kind: 'expense', amount: 1.5, currency: 'EUR', category: 'x' }] },
      'request.invalid_body',
    ],
    ['more than 24 hours', { lines: [hours(13), hours(12)] }, 'ticket.day_over_24h'],
    ['the day after tomorrow', { workDate: addDays(today, 2) }, 'ticket.date_in_future'],
    ['the last century', { workDate: '1999-12-31' }, 'ticket.date_too_old'],
    ['a day that there is not', { workDate: '2026-02-30' }, 'request.invalid_body'],
    ["another workspace's project", { projectId: foreign.projectId }, 'ticket.project_unknown'],
    ['a project that there is not', { projectId: newId() }, 'ticket.project_unknown'],
    ['a task of nobody', { lines: [hours(1, { taskId: newId() })] }, 'ticket.task_unknown'],
    ['a line of another ticket', { lines: [hours(1, { id: newId() })] }, 'ticket.line_unknown'],
    [
      'a receipt that nobody uploaded',
      { lines: [{ kind: 'expense', amount: '1.00', currency: 'EUR', category: 'x', receiptId: newId() }] },
      'reference.unknown',
    ],
    ['a note of 10,000 characters', { notes: 'x'.repeat(10_000) }, 'request.invalid_body'],
    [
      'a position of 10,000 characters',
      { lines: [hours(1, { position: 'x'.repeat(10_000) })] },
      'request.invalid_body',
    ],
    ['hours with an amount', { lines: [hours(1, { amount: '1.00' })] }, 'request.invalid_body'],
    ['101 lines', { lines: Array.from({ length: 101 }, () => hours(0.1)) }, 'request.invalid_body'],
    ['a correction of nothing', { correctsTicketId: newId(), lines: [hours(-1)] }, 'ticket.not_correctable'],
  ];
  for (const [what, facts, code] of refused) {
    const answer = await contractor.post('/tickets', { projectId, workDate, lines: [line], ...facts });
    expect([answer.status, answer.json.code], what).toEqual([422, code]);
    expect(answer.headers.get('content-type'), what).toContain('application/problem+json');
    expect(answer.json.errors.length, what).toBeGreaterThan(0);
  }
  await firm.admin.patch(`/projects/${projectId}`, { status: 'completed' });
  expect((await contractor.post('/tickets', { projectId, workDate, lines: [line] })).json.code).toBe(
    'ticket.project_not_active',
  );
  await firm.admin.patch(`/projects/${projectId}`, { status: 'active' });
  expect(expectStatus(await firm.manager.get('/tickets'), 200).items).toEqual([]);
  // None of the refused took a number.
  expect((await firm.ticket(await firm.draft())).number).toBe(`T-${year}-0001`);

  const empty = await firm.draft([]);
  expect((await contractor.post(`/tickets/${empty}/submit`)).json.code).toBe('ticket.empty');
});

test('a contract that does not cover the day takes no ticket of it', async () => {
  const today = localDay(new Date(), 'UTC');
  const firm = await openFirm({ contract: { startsOn: addDays(today, -2), goLiveOn: addDays(today, -2) } });
  const ticketOn = (workDate: string) =>
    firm.contractor.post('/tickets', { projectId: firm.projectId, workDate, lines: [hours(1)] });
  expect((await ticketOn(addDays(today, -3))).json.code).toBe('ticket.outside_contract');
  expect((await ticketOn(addDays(today, -2))).status).toBe(201);
});

test('HTML and formulas are text, kept to the letter', async () => {
  const firm = await openFirm();
  const notes = '<img src=x onerror=alert(1)> =HYPERLINK("http://evil.example","x") \u202E@SUM(1)';
  const id = await firm.submitted([hours(1, { note: '=1+1', position: '<b>Fitter</b>' })], { notes });
  const shown = await firm.ticket(id);
  expect(shown.notes).toBe(notes);
  expect(shown.lines[0]).toMatchObject({ note: '=1+1', position: '<b>Fitter</b>' });
});

test('an edit names the state that it was made on', async () => {
  const firm = await openFirm();
  const id = await firm.draft();
  const read = await firm.contractor.get(`/tickets/${id}`);
  const etag = { 'If-Match': read.headers.get('etag')! };
  expectStatus(await firm.contractor.patch(`/tickets/${id}`, { notes: 'first' }, etag), 200);
  const stale = await firm.contractor.patch(`/tickets/${id}`, { notes: 'second' }, etag);
  expect([stale.status, stale.json.code]).toEqual([412, 'request.stale']);
  expect((await firm.ticket(id)).notes).toBe('first');
});

test('nobody approves what they worked or submitted themselves; an admin alone says why, and is listed', async () => {
  const firm = await openFirm();
  const { workspaceId } = firm.books;
  const person = expectStatus(await firm.admin.post('/people', { name: 'Mats Dahl', kind: 'employee' }), 201);
  const own = firm.hand(
    await api.newMember(workspaceId, 'manager', { personId: person.id, name: 'Mats the worker' }),
  );
  const write = async (by: typeof own, personId: string) => {
    const body = { personId, projectId: firm.projectId, workDate: firm.workDate, lines: [hours(1)] };
    const { id } = expectStatus(await by.post('/tickets', body), 201);
    expectStatus(await by.post(`/tickets/${id}/submit`), 200);
    return id as string;
  };
  const worked = await write(firm.admin, person.id);
  const refusedWorker = await own.post(`/tickets/${worked}/approve`, {});
  expect([refusedWorker.status, refusedWorker.json.code]).toEqual([403, 'duty.own_ticket']);
  const refusedSubmitter = await firm.admin.post(`/tickets/${worked}/approve`, {
    ownReason: 'I am in a hurry',
  });
  expect([refusedSubmitter.status, refusedSubmitter.json.code]).toEqual([403, 'duty.own_ticket']);
  expectStatus(await firm.manager.post(`/tickets/${worked}/approve`, {}), 200);
  expect(expectStatus(await firm.admin.get('/duties'), 200).items).toEqual([]);

  for (const hand of [own, firm.manager])
    await firm.books.in((tx) =>
      tx.run(`update members set status = 'suspended' where workspace_id = $1 and id = $2`, [
        workspaceId,
        hand.id,
      ]),
    );
  const alone = await write(firm.admin, person.id);
  const unsaid = await firm.admin.post(`/tickets/${alone}/approve`, {});
  expect([unsaid.status, unsaid.json.code]).toEqual([409, 'duty.reason_required']);
  expectStatus(
    await firm.admin.post(`/tickets/${alone}/approve`, { ownReason: 'All others are at sea' }),
    200,
  );
  expect(expectStatus(await firm.admin.get('/duties'), 200).items).toMatchObject([
    {
      action: 'approve: own_ticket',
      subjectType: 'ticket',
      subjectId: alone,
      reason: 'All others are at sea',
    },
  ]);
});

test('a manager approves up to the limit of the workspace; above it, or where nobody knows the cost, an admin', async () => {
  const firm = await openFirm();
  expectStatus(
    await firm.admin.patch('/workspace', { settings: { approvalLimits: { GBP: '100.00' } } }),
    200,
  );
  const within = await firm.submitted([
    { kind: 'expense', amount: '100.00', currency: 'GBP', category: 'Tools' },
  ]);
  const beyond = await firm.submitted([
    { kind: 'expense', amount: '100.01', currency: 'GBP', category: 'Tools' },
  ]);
  const unknown = await firm.submitted([hours(1)]);
  expectStatus(await firm.manager.post(`/tickets/${within}/approve`, {}), 200);
  for (const [id, code] of [
    [beyond, 'duty.beyond_limit'],
    [unknown, 'duty.amount_unknown'],
  ]) {
    const answer = await firm.manager.post(`/tickets/${id}/approve`, {});
    expect([answer.status, answer.json.code]).toEqual([403, code]);
    expectStatus(await firm.admin.post(`/tickets/${id}/approve`, {}), 200);
  }
});

test('many are decided in one call, each with its own outcome; sending it again changes nothing', async () => {
  const firm = await openFirm();
  const ids = [await firm.submitted(), await firm.submitted(), await firm.submitted()];
  const draft = await firm.draft();
  const nobody = newId();
  const approve = async () =>
    expectStatus(
      await firm.manager.post('/tickets/approve', { ids: [...ids, draft, nobody] }),
      200,
    ).items.map(({ outcome, code }: { outcome: string; code: string | null }) => [outcome, code]);
  const refused = [
    ['refused', 'ticket.not_submitted'],
    ['refused', 'ticket.not_found'],
  ];
  expect(await approve()).toEqual([...ids.map(() => ['approved', null]), ...refused]);
  const before = await firm.books.in((tx) =>
    tx.rows('select * from events where workspace_id = $1', [tx.workspaceId]),
  );
  expect(await approve()).toEqual([
    ...ids.map(() => ['already_approved', 'ticket.already_decided']),
    ...refused,
  ]);
  const after = await firm.books.in((tx) =>
    tx.rows('select * from events where workspace_id = $1', [tx.workspaceId]),
  );
  expect(after).toHaveLength(before.length);
  const late = await firm.submitted();
  const rejected = await firm.manager.post('/tickets/reject', { ids: [late, ids[0]], reason: 'On hold' });
  expect(rejected.json.items).toMatchObject([
    { outcome: 'rejected' },
    { outcome: 'refused', code: 'ticket.already_decided' },
  ]);
  expect((await firm.ticket(late)).decisionReason).toBe('On hold');
  expect(
    (await firm.manager.post('/tickets/approve', { ids: Array.from({ length: 1_001 }, () => newId()) }))
      .status,
  ).toBe(422);
});

test('of two who decide at the same moment one decides, and the other learns who it was', async () => {
  const firm = await openFirm();
  for (let round = 0; round < 5; round += 1) {
    const id = await firm.submitted([hours(1)]);
    const answers = await Promise.all([
      firm.manager.post(`/tickets/${id}/approve`, {}),
      firm.admin.post(`/tickets/${id}/reject`, { reason: 'No' }),
    ]);
    const [winner, loser] = answers[0].status === 200 ? answers : answers.toReversed();
    expect(winner!.status).toBe(200);
    expect([loser!.status, loser!.json.code]).toEqual([409, 'ticket.already_decided']);
    expect(loser!.json.detail).toContain(winner!.json.decidedByName);
    expect((await firm.ticket(id)).status).toBe(winner!.json.status);
  }
});

test('an approval is void when its ticket changes: a draft that its hours are on is held, and a new approval frees them', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(2)]);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  const { lines, contentHash } = await firm.ticket(id);
  const same = await firm.contractor.patch(`/tickets/${id}`, { lines: lines.map(trimmed) });
  expect(same.json).toMatchObject({ status: 'approved', contentHash });
  const changed = await firm.contractor.patch(`/tickets/${id}`, {
    lines: [trimmed({ ...lines[0], seconds: 10_800 })],
  });
  expect(changed.json).toMatchObject({ status: 'draft', decidedBy: null });
  expect(await entriesOf(firm, id)).toMatchObject([{ approval: 'unsubmitted', approved: null }]);
  expect(expectStatus(await firm.manager.get(`/tickets/${id}/history`), 200)).toMatchObject({
    items: [{ decision: 'approved', voidReason: 'the ticket was changed' }],
    unsubmitted: { lines: [{ change: 'changed', fields: { seconds: [7_200, 10_800] } }] },
  });
  await bill(api.test.database, firm.books);
  expect(await invoicesOf(firm.books)).toEqual([]);
  expectStatus(await firm.contractor.post(`/tickets/${id}/submit`), 200);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  await bill(api.test.database, firm.books);
  expect(await invoicesOf(firm.books)).toMatchObject([{ status: 'issued', net: '240.00' }]);
});

test('what is on an issued invoice is corrected by a ticket of its own, down to nothing and no further', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(3)]);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  await bill(api.test.database, firm.books);
  const edited = await firm.contractor.patch(`/tickets/${id}`, { notes: 'Less' });
  expect([edited.status, edited.json.code]).toEqual([409, 'ticket.on_issued_invoice']);
  const { projectId, workDate, contractor } = firm;
  const correct = (lines: unknown[]) =>
    contractor.post('/tickets', { projectId, workDate, correctsTicketId: id, lines });
  expect((await correct([hours(-3.5)])).json.code).toBe('ticket.corrected_below_zero');
  const first = expectStatus(await correct([hours(-1)]), 201);
  const second = expectStatus(await correct([hours(-2.5)]), 201);
  expectStatus(await contractor.post(`/tickets/${first.id}/submit`), 200);
  const beyond = await contractor.post(`/tickets/${second.id}/submit`);
  expect([beyond.status, beyond.json.code]).toEqual([422, 'ticket.corrected_below_zero']);
  expectStatus(await firm.manager.post(`/tickets/${first.id}/approve`, {}), 200);
  const more = await firm.submitted([hours(2)]);
  expectStatus(await firm.manager.post(`/tickets/${more}/approve`, {}), 200);
  await bill(api.test.database, firm.books);
  // 3 h were billed; then 2 h more, less the 1 h that was too much.
  expect((await invoicesOf(firm.books)).map((invoice) => invoice.net)).toEqual(['240.00', '80.00']);
});

test('a running timer blocks submission until it is stopped', async () => {
  const firm = await openFirm();
  const timer = (running: boolean) =>
    take(firm.books, [
      entryOf('timer', {
        workDate: firm.workDate,
        person: { externalId: null, code: null, name: 'Ola Vik', email: null },
        running,
      }),
    ]);
  await timer(true);
  const id = await firm.draft();
  const blocked = await firm.contractor.post(`/tickets/${id}/submit`);
  expect([blocked.status, blocked.json.code]).toEqual([409, 'ticket.timer_running']);
  expect(await entriesOf(firm, id)).toEqual([]);
  await timer(false);
  expectStatus(await firm.contractor.post(`/tickets/${id}/submit`), 200);
});

test('a person-day holds 24 hours over all tickets, also when they come at the same moment', async () => {
  const firm = await openFirm();
  const ids = [await firm.draft([hours(13)]), await firm.draft([hours(13)])];
  const answers = await Promise.all(ids.map((id) => firm.contractor.post(`/tickets/${id}/submit`)));
  expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([200, 422]);
  const refused = answers.find((answer) => answer.status === 422)!;
  expect(refused.json).toMatchObject({ code: 'ticket.day_over_24h', details: { seconds: 93_600 } });
});

test('a withdrawn ticket can be changed, a discarded one keeps its number and offers nothing', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(1)]);
  expect((await firm.contractor.patch(`/tickets/${id}`, { notes: 'x' })).json.code).toBe(
    'ticket.wrong_status',
  );
  expectStatus(await firm.contractor.post(`/tickets/${id}/withdraw`), 200);
  expect((await firm.manager.post(`/tickets/${id}/approve`, {})).json.code).toBe('ticket.not_submitted');
  const gone = expectStatus(await firm.contractor.post(`/tickets/${id}/discard`), 200);
  expect(gone).toMatchObject({ status: 'discarded', number: `T-${year}-0001` });
  expect(await entriesOf(firm, id)).toMatchObject([{ deleted: true }]);
  expect((await firm.ticket(await firm.draft())).number).toBe(`T-${year}-0002`);
});

test('a line that is taken off the ticket takes its hours along', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(1), hours(2)]);
  expectStatus(await firm.manager.post(`/tickets/${id}/reject`, { reason: 'One only' }), 200);
  const { lines } = await firm.ticket(id);
  expectStatus(await firm.contractor.patch(`/tickets/${id}`, { lines: [trimmed(lines[1])] }), 200);
  expectStatus(await firm.contractor.post(`/tickets/${id}/submit`), 200);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  expect(await entriesOf(firm, id)).toMatchObject([
    { quantity: 3_600, deleted: true },
    { quantity: 7_200, deleted: false, approval: 'approved' },
  ]);
  await bill(api.test.database, firm.books);
  expect(await invoicesOf(firm.books)).toMatchObject([{ net: '160.00' }]);
});

test("who manages the project decides on its tickets, a dated substitute in their place, others don't", async () => {
  const firm = await openFirm();
  const { workspaceId } = firm.books;
  const boss = firm.hand(await api.newMember(workspaceId, 'manager', { name: 'Berit Boss' }));
  expectStatus(await firm.admin.patch(`/projects/${firm.projectId}`, { managerId: boss.id }), 200);
  const id = await firm.submitted([hours(1)]);
  const others = await firm.manager.post(`/tickets/${id}/approve`, {});
  expect([others.status, others.json.code]).toEqual([403, 'ticket.other_approver']);

  const today = localDay(new Date(), 'UTC');
  const place = {
    memberId: boss.id,
    substituteId: firm.manager.id,
    startsOn: today,
    endsBefore: addDays(today, 7),
  };
  expect((await firm.manager.post('/approval-substitutes', place)).json.code).toBe('substitute.not_yours');
  const unable = { ...place, memberId: undefined, substituteId: firm.contractor.id };
  expect((await boss.post('/approval-substitutes', unable)).json.code).toBe('substitute.may_not_approve');
  const later = expectStatus(
    await boss.post('/approval-substitutes', { ...place, startsOn: addDays(today, 1) }),
    201,
  );
  expect((await firm.manager.post(`/tickets/${id}/approve`, {})).status).toBe(403);
  expect(later.memberId).toBe(boss.id);
  expectStatus(await boss.post('/approval-substitutes', place), 201);
  const approved = expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  expect(approved).toMatchObject({ decidedByName: 'Mats Dahl', onBehalfOf: boss.id });
  // Who may not decide any more keeps nobody else from it, and is not asked.
  const person = expectStatus(await firm.admin.post('/people', { name: 'Berit', kind: 'employee' }), 201);
  const demoted = { role: 'employee', personId: person.id };
  expectStatus(await firm.admin.patch(`/members/${boss.id}`, demoted), 200);
  const next = await firm.submitted([hours(1)]);
  const told = await firm.books.in((tx) =>
    tx.rows<{ memberId: string }>(
      `select member_id from notifications where workspace_id = $1 and kind = 'ticket.submitted' and subject_id = $2`,
      [workspaceId, next],
    ),
  );
  const asked = told.map((row) => row.memberId);
  expect(asked).toContain(firm.manager.id);
  expect(asked).not.toContain(boss.id);
  expectStatus(await firm.manager.post(`/tickets/${next}/approve`, {}), 200);
});

test('an approval names what was looked at: what was changed meanwhile is read again first', async () => {
  const firm = await openFirm();
  const id = await firm.submitted([hours(2)]);
  const { contentHash } = await firm.ticket(id);
  expectStatus(await firm.contractor.post(`/tickets/${id}/withdraw`), 200);
  expectStatus(await firm.contractor.patch(`/tickets/${id}`, { lines: [hours(9)] }), 200);
  expectStatus(await firm.contractor.post(`/tickets/${id}/submit`), 200);
  const stale = await firm.manager.post(`/tickets/${id}/approve`, { contentHash });
  expect([stale.status, stale.json.code]).toEqual([409, 'ticket.changed_since']);
  const seen = (await firm.ticket(id)).contentHash;
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, { contentHash: seen }), 200);
});

test('a closed month takes no hours any more', async () => {
  const firm = await openFirm();
  const id = await firm.draft();
  const period = expectStatus(
    await firm.admin.post('/periods', {
      sellerId: firm.books.sellerId,
      area: 'time',
      startsOn: addDays(firm.workDate, -10),
      endsBefore: addDays(firm.workDate, 1),
    }),
    201,
  );
  expectStatus(await firm.admin.patch(`/periods/${period.id}`, { status: 'soft_closed' }), 200);
  const refused = await firm.contractor.post(`/tickets/${id}/submit`);
  expect([refused.status, refused.json.code]).toEqual([409, 'period.soft_closed']);
});

test('the cost of a day is that of the rate that held then, and stays as it was approved', async () => {
  const firm = await openFirm();
  const rate = (regularRate: string, validFrom: string, position = '*') =>
    firm.manager.post('/cost-rates', {
      personId: firm.contractor.personId,
      position,
      currency: 'GBP',
      regularRate,
      validFrom,
    });
  const today = localDay(new Date(), 'UTC');
  for (const [amount, from, position] of [
    ['30.00', '2020-01-01'],
    ['31.00', addDays(firm.workDate, 1)],
    ['40.00', '2020-01-01', 'Welder'],
    ['41.00', '2020-01-01', 'Welder'],
  ] as const)
    expectStatus(await rate(amount, from, position), 201);
  const id = await firm.submitted([hours(1), hours(2, { position: 'welder' })]);
  expectStatus(await firm.manager.post(`/tickets/${id}/approve`, {}), 200);
  const costs = async () => (await entriesOf(firm, id)).map((entry) => entry.costRate);
  expect(await costs()).toEqual(['30.00', '41.00']);
  expectStatus(await rate('99.00', '2020-01-01'), 201);
  expect(await costs()).toEqual(['30.00', '41.00']);
  const later = await firm.submitted([hours(1)], { workDate: today });
  expectStatus(await firm.manager.post(`/tickets/${later}/approve`, {}), 200);
  expect((await entriesOf(firm, later)).map((entry) => entry.costRate)).toEqual(['31.00']);
  expect((await firm.contractor.get('/cost-rates')).status).toBe(403);
});

test('at each step those it concerns are told, and only they', async () => {
  const firm = await openFirm();
  const told = async (hand: typeof firm.manager) =>
    expectStatus(await hand.get('/notifications'), 200).items.map((row: { kind: string }) => row.kind);
  const id = await firm.submitted([hours(1)]);
  expect(await told(firm.manager)).toEqual(['ticket.submitted']);
  expect(await told(firm.admin)).toEqual(['ticket.submitted']);
  expect(await told(firm.contractor)).toEqual([]);
  expectStatus(await firm.manager.post(`/tickets/${id}/reject`, { reason: 'Which yard?' }), 200);
  expect(await told(firm.contractor)).toEqual(['ticket.rejected']);
  expect(await told(firm.manager)).toEqual(['ticket.submitted']);
  expect(await told(firm.employee)).toEqual([]);
});

test('a receipt is bound to its line, and nobody puts another’s receipt on their ticket', async () => {
  const firm = await openFirm();
  const upload = async (hand: typeof firm.manager) => {
    const answer = await api.call('POST', '/attachments?subjectType=ticket_line&name=parking.pdf', {
      key: hand.key,
      raw: new Uint8Array(pdf()),
      headers: { 'Content-Type': 'application/octet-stream' },
    });
    return expectStatus(answer, 201).id as string;
  };
  const receiptId = await upload(firm.contractor);
  const parking = { kind: 'expense', amount: '4.50', currency: 'GBP', category: 'Parking' };
  const id = await firm.submitted([{ ...parking, receiptId }]);
  expect((await firm.ticket(id)).lines[0]).toMatchObject({ receiptId });
  const { projectId, workDate } = firm;
  const again = { projectId, workDate, lines: [{ ...parking, receiptId }] };
  expect((await firm.contractor.post('/tickets', again)).json.code).toBe('attachment.bound');
  const foreign = { projectId, workDate, lines: [{ ...parking, receiptId: await upload(firm.employee) }] };
  const refused = await firm.contractor.post('/tickets', foreign);
  expect([refused.status, refused.json.code]).toEqual([422, 'attachment.unknown']);
  // The approver may look at it, another worker may not.
  expect((await firm.manager.get(`/attachments/${receiptId}`)).status).toBe(200);
  expect((await firm.employee.get(`/attachments/${receiptId}`)).status).toBe(404);
});

test('who lacks a document that blocks tickets hands none in', async () => {
  const firm = await openFirm();
  const requirement = {
    kind: 'insurance',
    name: 'Liability insurance',
    appliesTo: 'contractor',
    blocksTickets: true,
  };
  expectStatus(await firm.admin.post('/document-requirements', requirement), 201);
  const id = await firm.draft();
  const refused = await firm.contractor.post(`/tickets/${id}/submit`);
  expect([refused.status, refused.json.code]).toEqual([409, 'document.not_compliant']);
  expect((await firm.ticket(id)).status).toBe('draft');
});
