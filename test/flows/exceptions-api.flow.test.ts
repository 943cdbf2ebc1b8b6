/** Owns working on exceptions over HTTP: releasing warnings, mapping names, looking again, dismissing quarantined rows. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { newId } from '../../store/new-id.ts';
import { entryOf, expectBalanced, invoicesOf, take, totalOf } from '../support/books.ts';
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

async function newFirm(options?: Parameters<typeof openFirm>[1]): Promise<Firm> {
  const firm = await openFirm(api, options);
  opened.push(firm);
  return firm;
}
const hours = (count: number) => count * 3600;
const open = async (firm: Firm, rule: string) =>
  (await firm.get(`/exceptions?status=open&rule=${rule}`)).json.items as { id: string; entryCount: number }[];
const billedNet = async (firm: Firm) => {
  await firm.run('issue');
  return (await invoicesOf(firm.books)).map((invoice) => invoice.net);
};

test('warnings are released with a reason, by rule, and then bill', async () => {
  const firm = await newFirm();
  await take(firm.books, [
    entryOf('long', { quantity: hours(26) }),
    entryOf('a', { workDate: '2026-03-05', quantity: hours(14) }),
    entryOf('b', { workDate: '2026-03-05', quantity: hours(12) }),
    entryOf('lost', { project: named('Nobody knows'), workDate: '2026-03-20' }),
  ]);
  const summary = (await firm.get('/exceptions/summary')).json.items;
  expect(summary).toEqual([
    { rule: 'entry.over_24h', severity: 'W', exceptions: 1, entries: 1 },
    { rule: 'match.project', severity: 'E', exceptions: 1, entries: 1 },
    { rule: 'person_day.over_24h', severity: 'W', exceptions: 2, entries: 3 },
  ]);
  const rules = ['entry.over_24h', 'person_day.over_24h'];
  expect((await firm.post('/exceptions/release', { rules, reason: '  ' })).status).toBe(422);
  expect((await firm.post('/exceptions/release', { reason: 'why' })).status).toBe(422);

  const refused = await firm.post('/exceptions/release', {
    rules: [...rules, 'match.project'],
    reason: 'known',
  });
  expect(refused.status).toBe(409);
  expect(refused.json.code).toBe('exception.not_releasable');
  expect(refused.json.details.exceptions).toMatchObject([{ rule: 'match.project' }]);
  expect(await open(firm, 'person_day.over_24h')).toHaveLength(2);

  const released = await firm.post('/exceptions/release', { rules, reason: 'Sea trial' });
  expect(released.json.items).toEqual([
    { rule: 'entry.over_24h', exceptions: 1, entries: 1 },
    { rule: 'person_day.over_24h', exceptions: 2, entries: 3 },
  ]);
  expect((await firm.post('/exceptions/release', { rules, reason: 'again' })).json.items).toEqual([]);
  expect(await billedNet(firm)).toEqual(['4160.00']);
});

test('one warning is released by its id; an id of nobody or of another workspace refuses all', async () => {
  const firm = await newFirm();
  const other = await newFirm();
  await take(firm.books, [
    entryOf('long', { quantity: hours(26) }),
    entryOf('longer', { quantity: hours(30), workDate: '2026-03-09' }),
  ]);
  const [first] = await open(firm, 'entry.over_24h');
  const foreign = await other.post('/exceptions/release', { ids: [first!.id], reason: 'mine now' });
  expect(foreign.status).toBe(404);
  const unknown = await firm.post('/exceptions/release', {
    ids: [first!.id, newId()],
    reason: 'one too many',
  });
  expect(unknown.json.code).toBe('exception.not_found');
  expect(await open(firm, 'entry.over_24h')).toHaveLength(2);
  const one = await firm.post('/exceptions/release', { ids: [first!.id], reason: 'Checked with the yard' });
  expect(one.json.items).toEqual([{ rule: 'entry.over_24h', exceptions: 1, entries: 1 }]);
  const [closed] = (await firm.get('/exceptions?status=released')).json.items;
  expect(closed).toMatchObject({ id: first!.id, closeReason: 'Checked with the yard' });
  expect(await open(firm, 'entry.over_24h')).toHaveLength(1);
});

test('a project mapped once bills what carried its name, and all that comes later', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  const { books } = firm;
  const lost = { project: named('Hull works') };
  await take(books, [
    entryOf('1', lost),
    entryOf('2', { ...lost, quantity: hours(2) }),
    entryOf('3', { project: named('Something else') }),
    entryOf('4'),
  ]);
  expect(await totalOf(books, 'open_seconds', 'unmatched')).toBe(String(hours(4)));
  const exception = (await open(firm, 'match.project')).find((row) => row.entryCount === 2)!;
  const other = await newFirm();
  const foreign = await firm.post(`/exceptions/${exception.id}/resolve`, {
    targetId: other.books.projects.P1,
  });
  expect(foreign.status).toBe(422);
  expect(foreign.json.code).toBe('reference.unknown');
  expect(
    (await other.post(`/exceptions/${exception.id}/resolve`, { targetId: other.books.projects.P1 })).status,
  ).toBe(404);

  const resolved = await firm.post(`/exceptions/${exception.id}/resolve`, { targetId: books.projects.P2 });
  expect(resolved.json).toMatchObject({
    matched: 2,
    remaining: 0,
    exception: { status: 'fixed' },
    mappingRule: { matchBy: 'name', matchValue: 'Hull works', targetId: books.projects.P2 },
  });
  expect(await totalOf(books, 'open_seconds', 'unmatched')).toBe(String(hours(1)));
  expect(await totalOf(books, 'open_seconds', books.projects.P2!)).toBe(String(hours(3)));
  const entries = (await firm.get(`/entries?projectId=${books.projects.P2}`)).json.items;
  expect(entries).toHaveLength(2);
  expect(entries[0]).toMatchObject({ status: 'open', clientName: 'Northern Ferries' });
  expect(
    (await firm.post(`/exceptions/${exception.id}/resolve`, { targetId: books.projects.P2 })).json.code,
  ).toBe('exception.not_open');

  await take(books, [entryOf('5', lost)]);
  expect((await open(firm, 'match.project')).map((row) => row.entryCount)).toEqual([1]);
  expect(await billedNet(firm)).toEqual(['400.00']);
});

test('a mapped person brings the check of the person-day with it', async () => {
  const firm = await newFirm();
  const { books } = firm;
  const person = { ...named('ann.b'), email: null };
  await take(books, [entryOf('1', { quantity: hours(20) })]);
  await take(books, [entryOf('2', { person, quantity: hours(6) })], { createMissing: [] });
  const ann = (await firm.get('/people')).json.items[0].id;
  const [exception] = await open(firm, 'match.person');
  await firm.post(`/exceptions/${exception!.id}/resolve`, { targetId: ann });
  const [day] = await open(firm, 'person_day.over_24h');
  expect(day).toMatchObject({ entryCount: 2 });
  expect((await firm.get(`/entries?personId=${ann}`)).json.items).toHaveLength(2);
});

test('a created record of the name is found without a rule', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [entryOf('1', { project: named('Hull works') })]);
  const [exception] = await open(firm, 'match.project');
  const early = await firm.post(`/exceptions/${exception!.id}/resolve`, {});
  expect(early.status).toBe(409);
  expect(early.json.code).toBe('exception.still_unmatched');
  await firm.post('/projects', {
    clientId: books.clientId,
    contractId: books.contractId,
    code: 'HW',
    name: 'Hull works',
  });
  const found = await firm.post(`/exceptions/${exception!.id}/resolve`, {});
  expect(found.json).toMatchObject({
    matched: 1,
    remaining: 0,
    mappingRule: null,
    exception: { status: 'fixed' },
  });
  expect(await billedNet(firm)).toEqual(['80.00']);
});

test('a task is mapped within its own project; the same name elsewhere stays open', async () => {
  const firm = await newFirm({ projects: ['P1', 'P2'] });
  const { books } = firm;
  const task = { task: named('Design') };
  await take(books, [
    entryOf('1', task),
    entryOf('2', { ...task, project: { externalId: null, code: 'P2', name: 'P2' } }),
  ]);
  const [exception] = await open(firm, 'match.task');
  expect(exception!.entryCount).toBe(2);
  const drawing = await firm.post('/tasks', { projectId: books.projects.P1, name: 'Drawing' });
  const mapped = await firm.post(`/exceptions/${exception!.id}/resolve`, { targetId: drawing.json.id });
  expect(mapped.json).toMatchObject({ matched: 1, remaining: 1, exception: { status: 'open' } });
  const wrong = await firm.post(`/exceptions/${exception!.id}/resolve`, { targetId: drawing.json.id });
  expect(wrong.json.code).toBe('exception.still_unmatched');
  await firm.post('/tasks', { projectId: books.projects.P2, name: 'Design' });
  expect((await firm.post(`/exceptions/${exception!.id}/resolve`, {})).json).toMatchObject({
    matched: 1,
    remaining: 0,
  });
  const entries = (await firm.get('/entries')).json.items as { externalId: string; taskName: string }[];
  expect(Object.fromEntries(entries.map((entry) => [entry.externalId, entry.taskName]))).toEqual({
    1: 'Drawing',
    2: 'Design',
  });
});

test('a found project uncovers that its task is unknown, and the entry still waits', async () => {
  const firm = await newFirm();
  const { books } = firm;
  await take(books, [entryOf('1', { project: named('Hull works'), task: named('Welding') })]);
  expect(await open(firm, 'match.task')).toEqual([]);
  const [exception] = await open(firm, 'match.project');
  const resolved = await firm.post(`/exceptions/${exception!.id}/resolve`, { targetId: books.projects.P1 });
  expect(resolved.json).toMatchObject({ matched: 1, remaining: 0 });
  expect(await open(firm, 'match.task')).toMatchObject([{ entryCount: 1 }]);
  expect(await billedNet(firm)).toEqual([]);
});

test('an entry whose source names no project cannot be mapped by a rule', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('1', { project: null })]);
  const [exception] = await open(firm, 'match.project');
  const refused = await firm.post(`/exceptions/${exception!.id}/resolve`, {
    targetId: firm.books.projects.P1,
  });
  expect(refused.status).toBe(409);
  expect(refused.json.code).toBe('exception.nothing_to_map');
  expect((await firm.get('/mapping-rules')).json.items).toEqual([]);
});

test('a finding of the contract closes once the contract was extended, and the entry bills', async () => {
  const firm = await newFirm({ contract: { startsOn: '2025-01-01', endsBefore: '2026-02-01' } });
  const { books } = firm;
  await take(books, [
    entryOf('early', { workDate: '2025-12-01' }),
    entryOf('late', { workDate: '2026-02-10' }),
  ]);
  await firm.run('issue');
  const found = [
    (await open(firm, 'contract.before_go_live'))[0]!,
    (await open(firm, 'contract.outside_dates'))[0]!,
  ];
  for (const { id } of found)
    expect((await firm.post(`/exceptions/${id}/resolve`, {})).json).toMatchObject({
      code: 'exception.still_holds',
      status: 409,
    });
  const changed = await firm.patch(`/contracts/${books.contractId}`, {
    goLiveOn: '2025-01-01',
    endsBefore: null,
  });
  expect(changed.status).toBe(200);
  for (const { id } of found)
    expect((await firm.post(`/exceptions/${id}/resolve`, {})).json.exception.status).toBe('fixed');
  expect(await billedNet(firm)).toEqual(['160.00']);
});

test('what closes by itself is not resolved by hand', async () => {
  const firm = await newFirm();
  await take(firm.books, [entryOf('a', { quantity: hours(14) }), entryOf('b', { quantity: hours(12) })]);
  const [day] = await open(firm, 'person_day.over_24h');
  const refused = await firm.post(`/exceptions/${day!.id}/resolve`, {});
  expect(refused.json).toMatchObject({
    code: 'exception.not_resolvable',
    whatToDo: expect.stringContaining('release'),
  });
});

test('a quarantined row is read whole, dismissed with a reason once, and stays dismissed', async () => {
  const firm = await newFirm();
  const { books } = firm;
  const raw = `Total,,,"${'x'.repeat(2000)}"`;
  const bad = { position: 'line 9', raw, truncated: false, reason: 'work_date.missing', detail: 'No date.' };
  await take(books, [], {}, [bad, { ...bad, position: 'line 4', raw: 'a,b', reason: 'hours.not_a_number' }]);
  const listed = (await firm.get('/quarantine?reason=work_date.missing&status=open')).json.items;
  expect(listed).toHaveLength(1);
  expect(listed[0].raw).toHaveLength(500);
  const path = `/quarantine/${listed[0].id}`;
  expect((await firm.get(path)).json.raw).toBe(raw);
  expect((await firm.get(`/quarantine?sourceId=${newId()}`)).json.items).toEqual([]);
  const other = await newFirm();
  expect((await other.get('/quarantine')).json.items).toEqual([]);
  expect((await other.patch(path, { status: 'dismissed', reason: 'not mine' })).status).toBe(404);

  expect((await firm.patch(path, { status: 'dismissed' })).status).toBe(422);
  const dismissed = await firm.patch(path, { status: 'dismissed', reason: 'A total line' });
  expect(dismissed.json.status).toBe('dismissed');
  expect((await firm.patch(path, { status: 'dismissed', reason: 'twice' })).json.code).toBe(
    'quarantine.not_open',
  );
  await take(books, [], {}, [bad]);
  expect((await firm.get(path)).json.status).toBe('dismissed');
  await api.sequence();
  const events = (await firm.get('/events?limit=1000')).json.items as { type: string; payload: unknown }[];
  expect(events.find((event) => event.type === 'quarantine.dismissed')?.payload).toEqual({
    reason: 'A total line',
  });
});
