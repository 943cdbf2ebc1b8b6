/** Owns mapping what nobody knew, over HTTP: suggestions, what a rule would touch, and applying it to all like it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { SourceEntry } from '../../domain/work-entry.ts';
import { ensureSource } from '../../store/intake.ts';
import { newId } from '../../store/new-id.ts';
import { entryOf, expectBalanced, take, totalOf } from '../support/books.ts';
import { until } from '../support/loops.ts';
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

async function newFirm(projects = ['P1', 'P2']): Promise<Firm> {
  const firm = await openFirm(api, { projects });
  opened.push(firm);
  return firm;
}
const hours = (count: number) => count * 3600;
const lost = (key: string, name: string, facts: Partial<SourceEntry> = {}) =>
  entryOf(key, { project: named(name), ...facts });
const unmatched = async (firm: Firm, query = '') =>
  (await firm.get(`/mapping-rules/unmatched${query}`)).json.items as {
    name: string;
    kind: string;
    entries: number;
    suggestions: { targetId: string; score: number }[];
  }[];
const entriesOf = async (firm: Firm, code: string) =>
  ((await firm.get(`/entries?projectId=${firm.books.projects[code]}&limit=200`)).json.items as unknown[])
    .length;
const ruleFor = (firm: Firm, matchValue: string, facts: Record<string, unknown> = {}) => ({
  targetKind: 'project',
  matchBy: 'pattern',
  matchValue,
  targetId: firm.books.projects.P2,
  ...facts,
});

describe('suggestions', () => {
  test('name what may be meant, below the client that is known, and change nothing', async () => {
    const firm = await newFirm();
    const { clientId, contractId } = firm.books;
    const hull = await firm.post('/projects', {
      clientId,
      contractId,
      code: 'HR-7',
      name: 'Hull repair seven',
    });
    const gone = { clientId, code: 'HR-0', name: 'Hull repair zero', status: 'planned' };
    const archived = await firm.post('/projects', gone);
    await firm.patch(`/projects/${archived.json.id}`, { status: 'archived' });
    const client = await firm.post('/clients', {
      name: 'Baltic Tugs',
      email: 'ap@baltic.example',
      code: 'BTU',
      currency: 'GBP',
    });
    await firm.post('/projects', { clientId: client.json.id, code: 'HR-8', name: 'Hull repair seven' });
    await take(firm.books, [
      lost('1', 'Hull repairs 7'),
      lost('2', 'Hull repairs 7'),
      entryOf('3', { client: named('Baltic Tug AS'), project: null, billable: false }),
    ]);
    const names = await unmatched(firm);
    expect(names).toMatchObject([
      { kind: 'client', name: 'Baltic Tug AS', entries: 1, suggestions: [{ targetId: client.json.id }] },
      { kind: 'project', name: 'Hull repairs 7', entries: 2 },
    ]);
    expect(names[1]!.suggestions.map(({ targetId }) => targetId)).toEqual([hull.json.id]);
    expect(await unmatched(firm, '?kind=task')).toEqual([]);
    expect((await unmatched(firm, '?kind=project&limit=1')).map(({ name }) => name)).toEqual([
      'Hull repairs 7',
    ]);
    expect((await firm.get('/mapping-rules')).json.items).toEqual([]);
    expect(await totalOf(firm.books, 'open_seconds', 'unmatched')).toBe(String(hours(2)));
  });

  test('go from page to page, and show another workspace nothing', async () => {
    const firm = await newFirm();
    await take(firm.books, [lost('1', 'Alpha'), lost('2', 'Bravo'), lost('3', 'Charlie')]);
    const first = (await firm.get('/mapping-rules/unmatched?limit=2')).json;
    const next = (await firm.get(`/mapping-rules/unmatched?limit=2&cursor=${first.nextCursor}`)).json;
    const seen = [...first.items, ...next.items].map(({ name }: { name: string }) => name);
    expect(seen.toSorted()).toEqual(['Alpha', 'Bravo', 'Charlie']);
    expect(next.nextCursor).toBeNull();
    const other = await newFirm();
    expect(await unmatched(other)).toEqual([]);
  });
});

describe('a rule for all like this', () => {
  test('touches what its preview counted, in every source, and nothing else', async () => {
    const firm = await newFirm();
    const { books } = firm;
    const second = await books.in((tx) =>
      ensureSource(tx, { kind: 'file', name: 'other.csv', connectionId: null }),
    );
    await take(books, [
      lost('1', 'Hull works A'),
      lost('2', 'hull works B', { quantity: hours(3) }),
      lost('3', 'Engine works'),
      entryOf('4'),
      lost('5', 'Hull works A', { kind: 'expense', quantity: 5_000 }),
    ]);
    await take(books, [lost('1', 'Hull works A', { quantity: hours(2) })], { sourceId: second });
    const rule = ruleFor(firm, 'Hull*');
    const preview = await firm.post('/mapping-rules/preview', rule);
    expect(preview.json).toEqual({
      exceptions: 3,
      entries: 4,
      seconds: hours(6),
      names: ['Hull works A', 'hull works B'],
    });
    expect((await firm.get('/mapping-rules')).json.items).toEqual([]);
    expect((await firm.post('/mapping-rules/preview', { ...rule, sourceId: second })).json).toMatchObject({
      exceptions: 1,
      entries: 1,
      seconds: hours(2),
    });

    const applied = await firm.post('/mapping-rules/apply', rule);
    expect(applied.status, applied.text).toBe(200);
    expect(applied.json).toMatchObject({
      touched: preview.json,
      matched: 4,
      mappingRule: { matchValue: 'Hull*' },
    });
    expect(await entriesOf(firm, 'P2')).toBe(4);
    expect((await unmatched(firm)).map(({ name }) => name)).toEqual(['Engine works']);
    expect(await totalOf(books, 'open_seconds', books.projects.P2!)).toBe(String(hours(6)));
    // What comes later is matched on its way in; applied again there is nothing left, and one rule.
    await take(books, [lost('6', 'HULL anything')]);
    expect(await entriesOf(firm, 'P2')).toBe(5);
    const again = await firm.post('/mapping-rules/apply', rule);
    expect(again.json).toMatchObject({ matched: 0, touched: { exceptions: 0, entries: 0 } });
    expect(again.json.mappingRule.id).toBe(applied.json.mappingRule.id);
    await api.sequence();
    const types = ((await firm.get('/events?limit=1000')).json.items as { type: string }[])
      .map(({ type }) => type)
      .filter((type) => type.startsWith('mapping_rule.'));
    expect(types.toSorted()).toEqual([
      'mapping_rule.applied',
      'mapping_rule.applied',
      'mapping_rule.created',
    ]);
  });

  test('for one source leaves the same name of another alone', async () => {
    const firm = await newFirm();
    const { books } = firm;
    const second = await books.in((tx) =>
      ensureSource(tx, { kind: 'file', name: 'other.csv', connectionId: null }),
    );
    await take(books, [lost('1', 'Hull works')]);
    await take(books, [lost('1', 'Hull works')], { sourceId: second });
    const rule = ruleFor(firm, 'Hull works', { matchBy: 'name', sourceId: second });
    expect((await firm.post('/mapping-rules/apply', rule)).json.matched).toBe(1);
    expect(await unmatched(firm)).toMatchObject([
      { name: 'Hull works', entries: 1, sourceId: books.sourceId },
    ]);
  });

  test('for a task counts and matches the entries of its own project only', async () => {
    const firm = await newFirm();
    const task = await firm.post('/tasks', { projectId: firm.books.projects.P1, name: 'Drawing' });
    const design = { task: named('Design') };
    await take(firm.books, [
      entryOf('1', design),
      entryOf('2', { ...design, project: { externalId: null, code: 'P2', name: 'P2' } }),
    ]);
    const rule = { targetKind: 'task', matchBy: 'name', matchValue: 'design', targetId: task.json.id };
    expect((await firm.post('/mapping-rules/preview', rule)).json).toMatchObject({
      exceptions: 1,
      entries: 1,
    });
    expect((await firm.post('/mapping-rules/apply', rule)).json).toMatchObject({ matched: 1 });
    expect(await unmatched(firm)).toMatchObject([{ kind: 'task', name: 'Design', entries: 1 }]);
  });

  test('for a person by address takes whom the source gives that address, of two of one name', async () => {
    const firm = await newFirm();
    const people = await Promise.all(
      ['one', 'two'].map((at) => firm.post('/people', { name: 'John Smith', email: `john@${at}.example` })),
    );
    const john = (email: string) => ({ person: { ...named('John Smith'), email } });
    await take(firm.books, [entryOf('1', john('j@old.example')), entryOf('2', john('js@new.example'))], {
      createMissing: [],
    });
    const rule = {
      targetKind: 'person',
      matchBy: 'email',
      matchValue: 'J@OLD.example',
      targetId: people[0]!.json.id,
    };
    expect((await firm.post('/mapping-rules/preview', rule)).json).toMatchObject({ entries: 1 });
    expect((await firm.post('/mapping-rules/apply', rule)).json).toMatchObject({ matched: 1 });
    expect(await unmatched(firm)).toMatchObject([{ kind: 'person', entries: 1 }]);
  });

  test('that points a name elsewhere leaves what is billed and matched already, and takes what comes later', async () => {
    const firm = await newFirm();
    const to = (code: string) =>
      ruleFor(firm, 'Pump room', { matchBy: 'name', targetId: firm.books.projects[code] });
    await firm.post('/mapping-rules/apply', to('P1'));
    await take(firm.books, [lost('1', 'Pump room')]);
    await firm.run('issue');
    await take(firm.books, [lost('2', 'Pump room')]);
    const moved = (await firm.post('/mapping-rules/apply', to('P2'))).json;
    expect(moved).toMatchObject({ matched: 0, mappingRule: { targetId: firm.books.projects.P2 } });
    await take(firm.books, [lost('3', 'Pump room')]);
    expect([await entriesOf(firm, 'P1'), await entriesOf(firm, 'P2')]).toEqual([2, 1]);
  });

  test('that touches thousands is carried out in the background, and says how far it is', async () => {
    const firm = await newFirm();
    const count = 6_000;
    await take(
      firm.books,
      Array.from({ length: count }, (_, place) => lost(`e${place}`, `Hull ${place % 7}`, { quantity: 60 })),
    );
    const applied = await firm.post('/mapping-rules/apply', ruleFor(firm, 'Hull *'));
    expect(applied.status, applied.text).toBe(202);
    expect(applied.json).toMatchObject({
      touched: { exceptions: 7, entries: count },
      operation: { kind: 'rematch', status: 'running', total: count },
    });
    const operation = async () => (await firm.get(`/operations/${applied.json.operation.id}`)).json;
    await until('the rematch is done', async () => (await operation()).status !== 'running', 60_000);
    expect(await operation()).toMatchObject({ status: 'done', done: count, result: { matched: count } });
    expect(await unmatched(firm)).toEqual([]);
    expect(await totalOf(firm.books, 'open_seconds', firm.books.projects.P2!)).toBe(String(count * 60));
  });

  test('cancelled in the background keeps what it matched, and applied again does the rest', async () => {
    const firm = await newFirm();
    const count = 6_000;
    await take(
      firm.books,
      Array.from({ length: count }, (_, place) => lost(`e${place}`, 'Hull works', { quantity: 60 })),
    );
    const apply = () => firm.post('/mapping-rules/apply', ruleFor(firm, 'Hull works', { matchBy: 'name' }));
    // Whoever reads the source holds it, so that the cancel is there before the first chunk is done.
    const id = await firm.books.in(async (tx) => {
      await tx.run('select pg_advisory_xact_lock(hashtextextended($1, 1))', [firm.books.sourceId]);
      const { operation } = (await apply()).json;
      expect((await firm.post(`/operations/${operation.id}/cancel`)).status).toBe(202);
      return operation.id as string;
    });
    const operation = async () => (await firm.get(`/operations/${id}`)).json;
    await until('the rematch has ended', async () => (await operation()).status !== 'running', 60_000);
    expect(await operation()).toMatchObject({ status: 'cancelled', result: { matched: 5_000 } });
    expect(await unmatched(firm)).toMatchObject([{ entries: 1_000 }]);
    expect((await apply()).json).toMatchObject({ matched: 1_000, touched: { entries: 1_000 } });
    expect(await unmatched(firm)).toEqual([]);
  });

  test('two rules at once for one name: every entry ends at one of them, and the books balance', async () => {
    const firm = await newFirm();
    await take(
      firm.books,
      Array.from({ length: 50 }, (_, place) => lost(`e${place}`, 'Hull works')),
    );
    const to = (code: string) =>
      firm.post(
        '/mapping-rules/apply',
        ruleFor(firm, 'Hull works', { matchBy: 'name', targetId: firm.books.projects[code] }),
      );
    const answers = await Promise.all([to('P1'), to('P2'), to('P1'), to('P2')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(answers.reduce((sum, { json }) => sum + json.matched, 0)).toBe(50);
    expect((await entriesOf(firm, 'P1')) + (await entriesOf(firm, 'P2'))).toBe(50);
    expect((await firm.get('/mapping-rules')).json.items).toHaveLength(1);
    expect(await unmatched(firm)).toEqual([]);
  });

  test('while entries of the name come in, none is lost: what came too early for the rule waits for the next', async () => {
    const firm = await newFirm();
    const chunk = (from: number) =>
      take(
        firm.books,
        Array.from({ length: 40 }, (_, place) => lost(`e${from + place}`, 'Hull works')),
      );
    await chunk(0);
    const apply = () => firm.post('/mapping-rules/apply', ruleFor(firm, 'Hull*'));
    await Promise.all([chunk(40), apply(), chunk(80), apply()]);
    expect((await apply()).status).toBe(200);
    expect(await unmatched(firm)).toEqual([]);
    expect(await entriesOf(firm, 'P2')).toBe(120);
  });

  test.each([
    ['a pattern for everything', { matchValue: '*' }],
    ['a pattern of two letters', { matchValue: '*ab*' }],
    ['a pattern of five stars', { matchValue: 'hull*a*b*c*d*' }],
    ['a name of 201 letters', { matchValue: 'x'.repeat(201) }],
    ['nothing to match', { matchValue: '   ' }],
    ['a forbidden character', { matchValue: 'hull\u0000*' }],
    ['an address of a project', { matchBy: 'email', matchValue: 'a@b.example' }],
    ['a way to match that is none', { matchBy: 'regex', matchValue: '(a+)+$' }],
    ['a target of nobody', { targetId: newId() }],
    ['a source of nobody', { sourceId: newId() }],
  ])('of %s is refused, and nothing is kept of it', async (_, facts) => {
    const firm = await newFirm();
    await take(firm.books, [lost('1', 'Hull works')]);
    const rule = ruleFor(firm, 'Hull*', facts);
    for (const path of ['/mapping-rules/apply', '/mapping-rules']) {
      const refused = await firm.post(path, rule);
      expect(refused.status, refused.text).toBe(422);
    }
    expect((await firm.get('/mapping-rules')).json.items).toEqual([]);
    expect(await unmatched(firm)).toMatchObject([{ entries: 1 }]);
  });

  test("at another workspace's record is refused", async () => {
    const firm = await newFirm();
    const other = await newFirm();
    const foreign = await firm.post(
      '/mapping-rules/apply',
      ruleFor(firm, 'Hull*', { targetId: other.books.projects.P1 }),
    );
    expect([foreign.status, foreign.json.code]).toEqual([422, 'reference.unknown']);
  });
});
