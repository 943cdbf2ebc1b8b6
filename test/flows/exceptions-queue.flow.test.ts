/** Owns the queue of exceptions over HTTP: what the contract's rules hold back, who looks after it, and how it ends. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ClauseChange } from '../../domain/contract-terms.ts';
import type { SourceEntry } from '../../domain/work-entry.ts';
import {
  bill,
  carryOut,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  requestBilling,
  take,
  totalOf,
} from '../support/books.ts';
import { type Firm, openFirm } from '../support/pipeline.ts';
import { named } from '../support/source-entry.ts';
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

const hours = (count: number) => count * 3600;

async function newFirm(
  clauses: ClauseChange = {},
  options: Parameters<typeof openFirm>[1] = {},
): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  await agree(firm, clauses);
  return firm;
}
/** What the contract says now. */
const agree = ({ books }: Firm, clauses: ClauseChange) =>
  books.in((tx) =>
    tx.run('update contracts set clauses = $3 where workspace_id = $1 and id = $2', [
      books.workspaceId,
      books.contractId,
      JSON.stringify(clauses),
    ]),
  );
const open = async ({ books }: Firm) =>
  (await exceptionsOf(books)).map(({ rule, detail }) => `${rule}: ${String(detail.figure)}`);
const nets = async (firm: Firm) => {
  await firm.run('issue');
  return (await invoicesOf(firm.books)).filter((row) => row.number !== null).map((row) => row.net);
};
const at = (externalId: string, workDate: string, count: number, facts: Partial<SourceEntry> = {}) =>
  entryOf(externalId, { workDate, quantity: hours(count), ...facts });
const weekCap = (cap: string): ClauseChange => ({ caps: [{ per: 'period', period: 'week', hours: cap }] });
/** Five days of 8.5 hours from Monday 2 March 2026, week 10. */
const longWeek = [2, 3, 4, 5, 6].map((day) => at(`d${day}`, `2026-03-0${day}`, 8.5));

test('hours beyond the cap of a week wait and say so; once the cap is raised the next run bills them', async () => {
  const firm = await newFirm(weekCap('40'));
  await take(firm.books, longWeek);
  // 34 of 42.5 hours fit; 8.5 more would be 42.5.
  expect(await nets(firm)).toEqual(['2720.00']);
  expect(await open(firm)).toEqual(['contract.hours_over_cap: 42.5 h in week 2026-W10, cap 40']);
  const [held] = (await firm.get('/exceptions?status=open')).json.items;
  expect(held).toMatchObject({
    severity: 'E',
    contractId: firm.books.contractId,
    detail: { clause: 'caps', seconds: hours(42.5), limitSeconds: hours(40) },
  });
  expect((await firm.post(`/exceptions/${held.id}/resolve`, {})).json.code).toBe('exception.still_holds');
  await agree(firm, weekCap('42'));
  expect(await nets(firm)).toEqual(['2720.00']);
  expect(await open(firm)).toEqual(['contract.hours_over_cap: 42.5 h in week 2026-W10, cap 42']);
  await agree(firm, weekCap('42.5'));
  expect(await nets(firm)).toEqual(['2720.00', '680.00']);
  expect(await open(firm)).toEqual([]);
});

test('two runs at once do not go beyond a cap together', async () => {
  const firm = await newFirm(weekCap('40'), { projects: ['P1', 'P2'] });
  const on = (code: string) => ({ project: { externalId: null, code, name: code } });
  await take(
    firm.books,
    ['P1', 'P2'].flatMap((code) =>
      [2, 3, 4].map((day) => at(`${code}${day}`, `2026-03-0${day}`, 10, on(code))),
    ),
  );
  const runs = await Promise.all(
    ['P1', 'P2'].map((code) =>
      requestBilling(firm.books, { scope: { type: 'project', id: firm.books.projects[code]! } }),
    ),
  );
  await Promise.all(runs.map((run) => carryOut(api.test.database, firm.books, run)));
  const billed = (await invoicesOf(firm.books)).reduce((sum, row) => sum + row.quantitySeconds, 0);
  expect(billed).toBe(hours(40));
  expect(await open(firm)).toHaveLength(2);
});

test('an amount not to exceed is billed up to and no further, whatever the number of runs', async () => {
  const firm = await newFirm({ billingModel: { type: 'not_to_exceed', amount: '200' } });
  await take(firm.books, [at('1', '2026-03-02', 1), at('2', '2026-03-03', 1)]);
  expect(await nets(firm)).toEqual(['160.00']);
  await take(firm.books, [at('3', '2026-03-04', 1)]);
  expect(await nets(firm)).toEqual(['160.00']);
  expect(await open(firm)).toEqual(['contract.not_to_exceed: 240.00 GBP in all, not to exceed 200.00']);
});

test('people, positions, tasks, phases and purchase orders that do not fit hold their entries, and no other', async () => {
  const firm = await newFirm({ allowedPositions: ['Engineer'] });
  const { books } = firm;
  const task = (await firm.post('/tasks', { projectId: books.projects.P1, name: 'Docking' })).json.id;
  await books.in((tx) =>
    tx.run(
      `with phase as (
         insert into phases (workspace_id, project_id, name, status) values ($1, $2, 'Docking', 'closed') returning id)
       update tasks set phase_id = phase.id from phase where workspace_id = $1 and tasks.id = $3`,
      [books.workspaceId, books.projects.P1, task],
    ),
  );
  await take(books, [
    entryOf('good', { position: 'engineer' }),
    entryOf('diver', { position: 'Diver', workDate: '2026-03-03' }),
    entryOf('docked', { position: 'Engineer', workDate: '2026-03-04', task: named('Docking') }),
  ]);
  expect(await nets(firm)).toEqual(['80.00']);
  expect(await open(firm)).toEqual([
    'contract.position_not_allowed: Diver, allowed: Engineer',
    'phase.closed: work of 2026-03-04 in phase "Docking", which is closed',
  ]);
  await agree(firm, { purchaseOrderRequired: true });
  await take(books, [entryOf('more', { position: 'Engineer', workDate: '2026-03-05' })]);
  expect(await nets(firm)).toEqual(['80.00']);
  // The list of positions is gone with the amendment; without an order nothing goes out.
  expect(await open(firm)).toEqual([
    'contract.purchase_order: no purchase order, and the contract asks for one',
    'contract.purchase_order: no purchase order, and the contract asks for one',
    'phase.closed: work of 2026-03-04 in phase "Docking", which is closed',
  ]);
});

test('of two entries at the same time the later waits for a person', async () => {
  const firm = await newFirm();
  const times = (startedAt: string, endedAt: string) => ({
    startedAt: `2026-03-02T${startedAt}:00Z`,
    endedAt: `2026-03-02T${endedAt}:00Z`,
  });
  await take(firm.books, [
    entryOf('a', times('08:00', '09:00')),
    entryOf('b', times('08:30', '09:30')),
    entryOf('c', times('09:30', '10:30')),
  ]);
  expect(await nets(firm)).toEqual(['160.00']);
  expect(await open(firm)).toEqual([
    'entry.overlap: 0.5 h on 2026-03-02 at the same time as another entry of the person',
  ]);
  const released = await firm.post('/exceptions/release', {
    rules: ['entry.overlap'],
    reason: 'Two screens',
  });
  expect(released.json.items).toEqual([{ rule: 'entry.overlap', exceptions: 1, entries: 1 }]);
  expect(await nets(firm)).toEqual(['160.00', '80.00']);
});

test('work of a closed period waits until its books are open again', async () => {
  const firm = await newFirm();
  const { books } = firm;
  const period = (
    await firm.post('/periods', {
      sellerId: books.sellerId,
      area: 'time',
      startsOn: '2026-03-01',
      endsBefore: '2026-04-01',
    })
  ).json.id;
  expect((await firm.patch(`/periods/${period}`, { status: 'soft_closed' })).status).toBe(200);
  await take(books, [entryOf('late'), entryOf('next', { workDate: '2026-04-01' })]);
  expect(await nets(firm)).toEqual(['80.00']);
  expect(await open(firm)).toEqual([
    'entry.closed_period: 2026-03-02, the time period 2026-03-01 to 2026-04-01 is soft-closed',
  ]);
  expect((await firm.patch(`/periods/${period}`, { status: 'open' })).status).toBe(200);
  expect(await nets(firm)).toEqual(['80.00', '80.00']);
});

test('what comes in late is looked at where the contract asks for it, and bills once released', async () => {
  const firm = await newFirm({ lateEntries: 'exception' });
  await take(firm.books, [entryOf('1', { workDate: '2026-03-10' })]);
  expect(await nets(firm)).toEqual(['80.00']);
  await take(firm.books, [
    entryOf('2', { workDate: '2026-03-09' }),
    entryOf('3', { workDate: '2026-03-11' }),
  ]);
  expect(await nets(firm)).toEqual(['80.00', '80.00']);
  expect(await open(firm)).toEqual(['contract.late_entry: 2026-03-09, invoiced through 2026-03-10']);
  await firm.post('/exceptions/release', { rules: ['contract.late_entry'], reason: 'Agreed by mail' });
  expect(await nets(firm)).toEqual(['80.00', '80.00', '80.00']);
});

test('overtime that needs a permission waits for it', async () => {
  const firm = await newFirm({ overtime: { dailyAfterSeconds: hours(7.5), needsPermission: true } });
  await take(firm.books, [at('1', '2026-03-02', 7.5), at('2', '2026-03-03', 6), at('3', '2026-03-03', 2)]);
  await firm.run('issue');
  expect(await open(firm)).toEqual([
    expect.stringMatching(/^contract\.overtime_not_permitted: 8 h on 2026-03-03, overtime from 7.5 a day$/),
  ]);
});

test('work that costs more than it earns, or is far from what is usual, waits', async () => {
  const firm = await newFirm();
  await take(
    firm.books,
    Array.from({ length: 30 }, (_, index) =>
      at(`h${index}`, `2026-03-${String(index + 1).padStart(2, '0')}`, 0.5),
    ),
  );
  expect(await nets(firm)).toEqual(['1200.00']);
  await take(firm.books, [
    at('usual', '2026-04-01', 5),
    at('far', '2026-04-02', 5.25),
    at('loss', '2026-04-03', 1, { cost: '80.01' }),
  ]);
  expect(await nets(firm)).toEqual(['1200.00', '400.00']);
  expect(await open(firm)).toEqual([
    'item.far_from_history: 420.00 GBP, 40.00 on average over 30 items of labor',
    'item.margin_negative: 80.00 GBP a hour, cost 80.01',
  ]);
});

test('a position without a rate is named beside the missing price, and goes once the rate is there', async () => {
  const firm = await newFirm({}, { rate: null });
  const { books } = firm;
  await firm.post('/strategies', {
    scopeType: 'contract',
    scopeId: books.contractId,
    category: 'labor',
    method: 'service_rates',
  });
  await take(books, [entryOf('1', { position: 'Diver' })]);
  await firm.run('draft');
  expect(await open(firm)).toEqual(['item.position_not_on_rate_card: no GBP rate for Diver on 2026-03-02']);
  const [draft] = await invoicesOf(books);
  expect((await firm.post(`/invoices/${draft!.id}/discard`, { reason: 'no rate' })).status).toBe(200);
  await firm.post('/rate-cards', {
    scopeType: 'contract',
    scopeId: books.contractId,
    position: 'Diver',
    regularRate: '120.00',
    currency: 'GBP',
  });
  expect(await nets(firm)).toEqual(['120.00']);
  expect(await open(firm)).toEqual([]);
});

test('a rule is made a warning by the contract, or switched off by the workspace', async () => {
  const firm = await newFirm(weekCap('40'));
  const { books } = firm;
  await take(books, longWeek);
  expect(await nets(firm)).toEqual(['2720.00']);
  const path = `/contracts/${books.contractId}/validation-rules/contract.hours_over_cap`;
  const put = (to: string, setting: string | null) =>
    api.call('PUT', to, { key: firm.key, body: { setting } });
  expect((await put(path, 'W')).json).toMatchObject({ severity: 'E', contractSetting: 'W', effective: 'W' });
  // The next run judges what is open anew; only then it can be released.
  const early = await firm.post('/exceptions/release', { rules: ['contract.hours_over_cap'], reason: 'go' });
  expect(early.json.code).toBe('exception.not_releasable');
  await firm.run('issue');
  await firm.post('/exceptions/release', { rules: ['contract.hours_over_cap'], reason: 'Agreed by phone' });
  expect(await nets(firm)).toEqual(['2720.00', '680.00']);

  await take(books, [at('more', '2026-03-06', 1)]);
  await firm.run('issue');
  expect(await open(firm)).toEqual(['contract.hours_over_cap: 43.5 h in week 2026-W10, cap 40']);
  expect((await put(path, null)).json.effective).toBe('E');
  expect((await put('/validation-rules/contract.hours_over_cap', 'off')).json).toMatchObject({
    workspaceSetting: 'off',
    effective: 'off',
  });
  expect(await nets(firm)).toEqual(['2720.00', '680.00', '80.00']);
  expect(await open(firm)).toEqual([]);

  const entryRule = await put(`/contracts/${books.contractId}/validation-rules/entry.over_24h`, 'off');
  expect(entryRule.json.code).toBe('validation_rule.no_contract_yet');
  expect((await put('/validation-rules/no.such_rule', 'off')).status).toBe(404);
  expect((await put('/validation-rules/entry.over_24h', 'maybe')).status).toBe(422);
  await take(books, [at('long', '2026-05-04', 26)]);
  expect(await open(firm)).toHaveLength(2);
  await put('/validation-rules/entry.over_24h', 'off');
  await put('/validation-rules/person_day.over_24h', 'off');
  expect(await open(firm)).toEqual([]);
  await take(books, [at('longer', '2026-05-05', 27)]);
  expect(await open(firm)).toEqual([]);
  const listed = (await firm.get(`/validation-rules?contractId=${books.contractId}`)).json.items;
  expect(listed.find((rule: { code: string }) => rule.code === 'entry.over_24h')).toMatchObject({
    pass: 'entry',
    workspaceSetting: 'off',
    contractSetting: null,
  });
});

test('exceptions are given to who looks after them, and found by owner, contract, project, person and age', async () => {
  const firm = await newFirm(weekCap('40'), { projects: ['P1', 'P2'] });
  const { books } = firm;
  await take(books, [...longWeek, entryOf('lost', { project: named('Nobody knows') })]);
  await firm.run('issue');
  const owner = await api.newMember(books.workspaceId, 'manager');
  const client = await api.newMember(books.workspaceId, 'client', { clientId: books.clientId });
  const list = async (query: string) =>
    ((await firm.get(`/exceptions?status=open&${query}`)).json.items as { rule: string }[]).map(
      (row) => row.rule,
    );
  expect(await list('owner=none')).toHaveLength(2);
  const given = await firm.post('/exceptions/assign', { rules: ['match.project'], ownerId: owner.id });
  expect(given.json).toEqual({ assigned: 1 });
  const told = (await api.call('GET', '/notifications', { key: owner.key })).json.items;
  expect(told).toMatchObject([{ kind: 'exception.assigned', title: 'Exceptions to look after: 1' }]);
  expect(await list(`owner=${owner.id}`)).toEqual(['match.project']);
  expect(await list('owner=none')).toEqual(['contract.hours_over_cap']);
  expect(await list(`contractId=${books.contractId}`)).toEqual(['contract.hours_over_cap']);
  expect(await list(`projectId=${books.projects.P1}`)).toEqual(['contract.hours_over_cap']);
  expect(await list(`projectId=${books.projects.P2}`)).toEqual([]);
  expect(await list('severity=W')).toEqual([]);
  expect(await list('minAgeDays=1')).toEqual([]);
  await books.in((tx) =>
    tx.run(
      `update exceptions set created_at = now() - interval '49 hours' where workspace_id = $1 and rule = 'match.project'`,
      [books.workspaceId],
    ),
  );
  expect(await list('minAgeDays=2')).toEqual(['match.project']);
  expect((await firm.get('/exceptions?rule=match.project')).json.items).toMatchObject([
    { ageDays: 2, ownerId: owner.id },
  ]);
  for (const ownerId of [client.id, books.contractId])
    expect((await firm.post('/exceptions/assign', { rules: ['match.project'], ownerId })).status).toBe(422);
  expect((await firm.post('/exceptions/assign', { ownerId: owner.id })).status).toBe(422);
  expect((await firm.post('/exceptions/assign', { rules: ['match.project'], ownerId: null })).json).toEqual({
    assigned: 1,
  });
  expect(await list('owner=none')).toHaveLength(2);
});

test('many names are mapped in one command, or none of them', async () => {
  const firm = await newFirm({}, { projects: ['P1', 'P2'] });
  const { books } = firm;
  await take(books, [
    entryOf('1', { project: named('Hull') }),
    entryOf('2', { project: named('Deck') }),
    at('long', '2026-03-20', 26),
  ]);
  const [deck, hull] = (await firm.get('/exceptions?rule=match.project')).json.items as { id: string }[];
  const [long] = (await firm.get('/exceptions?rule=entry.over_24h')).json.items as { id: string }[];
  const items = [
    { exceptionId: hull!.id, targetId: books.projects.P1 },
    { exceptionId: deck!.id, targetId: books.projects.P2 },
  ];
  const mixed = await firm.post('/exceptions/map', { items: [...items, { exceptionId: long!.id }] });
  expect(mixed.json.code).toBe('exception.not_mappable');
  const wrong = await firm.post('/exceptions/map', {
    items: [items[0], { exceptionId: deck!.id, targetId: books.clientId }],
  });
  expect(wrong.status).toBe(422);
  expect((await firm.get('/mapping-rules')).json.items).toEqual([]);
  const mapped = await firm.post('/exceptions/map', { items });
  expect(mapped.json.items).toMatchObject([
    { matched: 1, remaining: 0 },
    { matched: 1, remaining: 0 },
  ]);
  expect((await firm.get('/exceptions?status=open&rule=match.project')).json.items).toEqual([]);
  expect((await firm.post('/exceptions/map', { items })).json.code).toBe('exception.not_open');
});

test('hours that nobody will pay are written off with a reason: in the books, on no invoice, and only once', async () => {
  const firm = await newFirm(weekCap('40'));
  const { books } = firm;
  await take(books, longWeek);
  expect(await nets(firm)).toEqual(['2720.00']);
  const body = {
    rules: ['contract.hours_over_cap'],
    reasonCode: 'over_cap',
    reason: 'Agreed with the client',
  };
  expect((await firm.post('/exceptions/write-off', { ...body, reason: ' ' })).status).toBe(422);
  expect((await firm.post('/exceptions/write-off', { ...body, reasonCode: 'bored' })).status).toBe(422);
  const written = await firm.post('/exceptions/write-off', body);
  expect(written.json).toMatchObject({
    exceptions: 1,
    entries: 1,
    seconds: hours(8.5),
    amounts: [{ currency: 'GBP', amount: '680' }],
  });
  expect(await totalOf(books, 'open_seconds', books.projects.P1!)).toBe('0');
  expect(await totalOf(books, 'pending_amount', 'GBP')).toBe('0');
  const [closed] = (await firm.get('/exceptions?status=written_off')).json.items;
  expect(closed).toMatchObject({ rule: 'contract.hours_over_cap', closeReason: 'Agreed with the client' });
  expect((await firm.post('/exceptions/write-off', body)).json.code).toBe('write_off.nothing_open');
  // Read again, raised or not: they stay written off, and they count for no cap.
  await take(books, longWeek);
  await agree(firm, weekCap('42'));
  await take(books, [at('more', '2026-03-07', 2)]);
  expect(await nets(firm)).toEqual(['2720.00', '160.00']);
  expect(await open(firm)).toEqual([]);
  await api.sequence();
  const events = (await firm.get('/events?limit=1000')).json.items as { type: string; payload: object }[];
  expect(events.filter((event) => event.type === 'exceptions.written_off')).toMatchObject([
    { payload: { reasonCode: 'over_cap', reason: 'Agreed with the client', entries: 1, exceptions: 1 } },
  ]);
});

test('written off by two people at once, while a run goes on: once, and on no invoice', async () => {
  const firm = await newFirm(weekCap('40'));
  const { books } = firm;
  await take(books, longWeek);
  expect(await nets(firm)).toEqual(['2720.00']);
  await agree(firm, {});
  const body = { rules: ['contract.hours_over_cap'], reasonCode: 'agreed', reason: 'Both of us' };
  const [one, two, run] = await Promise.all([
    firm.post('/exceptions/write-off', body),
    firm.post('/exceptions/write-off', body),
    bill(api.test.database, books),
  ]);
  expect(run.status).toBe('done');
  const won = [one, two].filter((answer) => answer.status === 200);
  expect(
    [one, two]
      .filter((answer) => answer.status !== 200)
      .every((answer) => answer.json.code === 'write_off.nothing_open'),
  ).toBe(true);
  // Either one of them wrote it off, or the run, for which the cap was gone, had billed it before.
  const billed = (await invoicesOf(books)).reduce((sum, row) => sum + row.quantitySeconds, 0);
  expect(won.length * hours(8.5) + billed).toBe(hours(42.5));
});

test('a write-off takes all exceptions of its entries with it, and nothing of what has no contract', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [
    at('long', '2026-03-20', 26),
    at('short', '2026-03-20', 1),
    entryOf('lost', { project: named('Nobody knows') }),
  ]);
  const body = { reasonCode: 'error', reason: 'Typed twice' };
  const lost = await firm.post('/exceptions/write-off', {
    ...body,
    rules: ['match.project', 'entry.over_24h'],
  });
  expect(lost.json.code).toBe('write_off.no_contract');
  expect(await exceptionsOf(books, 'written_off')).toEqual([]);
  const written = await firm.post('/exceptions/write-off', { ...body, rules: ['entry.over_24h'] });
  expect(written.json).toMatchObject({ entries: 1, exceptions: 1 });
  // The person-day still holds the short one.
  expect((await exceptionsOf(books)).map((row) => row.rule)).toEqual([
    'match.project',
    'person_day.over_24h',
  ]);
  expect(
    (await firm.post('/exceptions/write-off', { ...body, rules: ['person_day.over_24h'] })).json,
  ).toMatchObject({
    entries: 1,
    exceptions: 1,
    seconds: hours(1),
  });
});

test('hours that were billed and are taken back are owed to the client: no write-off keeps them', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [at('1', '2026-03-02', 8)]);
  await bill(api.test.database, books);
  await take(books, [at('1', '2026-03-02', 6)]);
  const refused = await firm.post('/exceptions/write-off', {
    rules: ['entry.changed_after_claim'],
    reasonCode: 'agreed',
    reason: 'keep it',
  });
  expect(refused.json.code).toBe('write_off.negative');
});

test('a manager lets go up to the limit of the workspace, and nobody their own work while four eyes are asked for', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [at('long', '2026-03-20', 26)]);
  const set = await firm.patch('/workspace', {
    settings: { approvalLimits: { GBP: '2000' }, fourEyes: true },
  });
  expect(set.status).toBe(200);
  const ann = (await firm.get('/people')).json.items[0].id;
  const manager = await api.newMember(books.workspaceId, 'manager');
  const release = (key: string) =>
    api.call('POST', '/exceptions/release', {
      key,
      body: { rules: ['entry.over_24h', 'person_day.over_24h'], reason: 'Sea trial' },
    });
  // 26 hours at 80.00 are 2,080.00.
  expect((await release(manager.key)).json).toMatchObject({ status: 403, code: 'duty.beyond_limit' });
  const herself = await api.newMember(books.workspaceId, 'admin', { personId: ann });
  expect((await release(herself.key)).json).toMatchObject({ status: 403, code: 'duty.own_work' });
  expect(await open(firm)).toHaveLength(2);
  await firm.patch('/workspace', { settings: { approvalLimits: { GBP: '2080' } } });
  expect((await release(manager.key)).status).toBe(200);
  expect(await open(firm)).toEqual([]);
});
