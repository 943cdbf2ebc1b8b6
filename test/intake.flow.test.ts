import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { entryContentHash } from '../domain/entry-content-hash.ts';
import { Decimal } from '../domain/money.ts';
import type { SourceEntry } from '../domain/work-entry.ts';
import { compileChunk } from '../store/compile.ts';
import { type CompileContext, openCompile } from '../store/compile-context.ts';
import { contractsInScope } from '../store/contract-scope.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { discardDraft } from '../store/draft.ts';
import { readException, releaseWarnings } from '../store/exceptions.ts';
import { ensureSource, openMatcher, takeIn } from '../store/intake.ts';
import { newId } from '../store/new-id.ts';
import { resolveMatch } from '../store/rematch.ts';
import { finishRun } from '../store/runs.ts';
import {
  type Books,
  bill,
  carryOut,
  cutoffOn,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  requestBilling,
  take,
  totalOf,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';
import { named } from './support/source-entry.ts';

let scratch: TestDatabase;
let owner: pg.Client;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
  owner = new pg.Client({ connectionString: scratch.url });
  await owner.connect();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(scratch.database, books);
});
afterAll(async () => {
  await owner.end();
  await scratch.drop();
});

async function newBooks(options: Parameters<typeof openBooks>[1] = {}): Promise<Books> {
  const books = await openBooks(scratch.database, options);
  opened.push(books);
  return books;
}
const billAll = (books: Books) => bill(scratch.database, books);
const release = (books: Books, rule: string) =>
  books.in((tx) => releaseWarnings(tx, { rules: [rule] }, 'test', 'checked'));
const rules = async (books: Books, status?: string) =>
  (await exceptionsOf(books, status)).map((row) => row.rule);
const nets = async (books: Books) => (await invoicesOf(books)).map((invoice) => invoice.net);
const hours = (count: number) => count * 3600;

/** Everything that an intake may write, as one comparable text. */
async function stateOf(books: Books): Promise<string> {
  const tables = [
    'work_entries',
    'entry_versions',
    'entry_balance',
    'exceptions',
    'exception_entries',
    'people',
    'clients',
    'projects',
    'total_deltas',
    'events',
  ];
  const texts: string[] = [];
  for (const table of tables) {
    const { rows } = await owner.query<{ t: string }>(
      `select t::text as t from ${table} t where workspace_id = $1 order by 1`,
      [books.workspaceId],
    );
    texts.push(`${table}\n${rows.map((row) => row.t).join('\n')}`);
  }
  return texts.join('\n');
}

const context = async (tx: WorkspaceTx, books: Books): Promise<CompileContext> => {
  const [contract] = await contractsInScope(tx, { type: 'contract', id: books.contractId });
  const run = await requestBilling(books, { finishAt: 'draft' });
  return openCompile(tx, { id: run.id, cutoffOn }, contract!);
};

/** Compiles in a transaction that stays open until `commit` is called, which ends its run too: others would wait for it. */
async function compileAndWait(books: Books): Promise<{ commit: () => Promise<void> }> {
  const compiled = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const prepared = await books.in((tx) => context(tx, books));
  const done = books.in(async (tx) => {
    await compileChunk(tx, prepared, null, 100);
    compiled.resolve();
    await gate.promise;
  });
  await Promise.race([compiled.promise, done]);
  return {
    commit: async () => {
      gate.resolve();
      await done;
      await books.in((tx) => finishRun(tx, prepared.runId!, { status: 'done', error: null }));
    },
  };
}

/** Resolves once some session waits for a row or transaction of another. */
async function untilSomebodyWaits(): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { rows } = await owner.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
    await sleep(10);
  }
  throw new Error('nobody waited for a lock');
}

test('the same chunk taken in twice changes nothing', async () => {
  const books = await newBooks();
  const chunk = [
    entryOf('1'),
    entryOf('2', { quantity: hours(30) }),
    entryOf('3', { project: named('nobody knows this') }),
    entryOf('4', { billable: false }),
    entryOf('5', { billedElsewhere: true }),
    entryOf('6', { approval: 'submitted' }),
  ];
  const counts = await take(books, chunk);
  expect(counts).toMatchObject({
    created: 6,
    unchanged: 0,
    changed: 0,
    quarantined: 0,
    warned: 1,
    seconds: hours(35),
  });
  const before = await stateOf(books);
  expect(await take(books, chunk)).toMatchObject({
    created: 0,
    unchanged: 6,
    changed: 0,
    stateChanged: 0,
    quarantined: 0,
    warned: 0,
  });
  expect(await stateOf(books)).toBe(before);
  expect(await totalOf(books, 'open_seconds', books.projects.P1!)).toBe(String(hours(1 + 30 + 1)));
});

test('a known line among many new ones changes nothing, and the new ones come in with what they name', async () => {
  const books = await newBooks();
  await take(books, [entryOf('known')]);
  const lines = Array.from({ length: 40 }, (_, index) =>
    entryOf(index === 1 ? 'known' : `new ${index}`, index === 1 ? {} : { client: named('Baltic Tugs') }),
  );
  const counts = await take(books, lines, { createMissing: ['client', 'person', 'project'] });
  expect([counts.created, counts.unchanged]).toEqual([39, 1]);
  const { rows } = await owner.query(
    `select c.name, count(*)::int as entries from entry_versions v join clients c on c.workspace_id = v.workspace_id and c.id = v.client_id
     where v.workspace_id = $1 group by 1 order by 1`,
    [books.workspaceId],
  );
  expect(rows).toEqual([
    { name: 'Baltic Tugs', entries: 39 },
    { name: 'Northern Ferries', entries: 1 },
  ]);
});

test('hours that change before they are claimed make a new version, and only that one is billed', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1'), entryOf('2')]);
  expect(await take(books, [entryOf('1', { quantity: hours(3) })])).toMatchObject({ changed: 1, created: 0 });
  const balances = await books.in((tx) =>
    tx.rows(
      `select b.version, b.quantity, b.claimed from entry_balance b join work_entries e on e.workspace_id = $1 and e.id = b.entry_id
       where b.workspace_id = $1 and e.external_id = '1' order by version`,
      [books.workspaceId],
    ),
  );
  expect(balances).toEqual([
    { version: 1, quantity: 0, claimed: 0 },
    { version: 2, quantity: hours(3), claimed: 0 },
  ]);
  expect(await rules(books)).toEqual([]);
  await billAll(books);
  expect(await nets(books)).toEqual(['320.00']);
});

test('work that moved after it was billed is told by the names it moved between', async () => {
  const books = await newBooks({ projects: ['P1', 'P2'] });
  await take(books, [entryOf('1'), entryOf('2')]);
  await billAll(books);
  const other = { ...named('Ben Dahl'), email: null };
  await take(books, [
    entryOf('1', { project: { externalId: null, code: 'P2', name: 'P2' }, person: other }),
    entryOf('2', { notes: 'only a note' }),
  ]);
  const [first, second] = await exceptionsOf(books);
  const details = [first!.detail, second!.detail];
  expect(details).toContainEqual({
    claimed: 3600,
    was: 3600,
    is: 3600,
    moved: { project: { was: 'P1', is: 'P2' }, person: { was: 'Ann Berg', is: 'Ben Dahl' } },
  });
  expect(details).toContainEqual({ claimed: 3600, was: 3600, is: 3600 });
});

test.each([
  ['up', hours(3), '160.00'],
  ['down', hours(0.5), '-40.00'],
  ['to nothing', 0, '-80.00'],
])(
  'hours that change %s after the invoice: an exception, and after its release exactly the signed difference',
  async (_, quantity, difference) => {
    const books = await newBooks();
    await take(books, [entryOf('1')]);
    await billAll(books);
    await take(books, [entryOf('1', { quantity })]);
    expect(await exceptionsOf(books)).toMatchObject([
      {
        rule: 'entry.changed_after_claim',
        severity: 'W',
        detail: { claimed: 3600, was: 3600, is: quantity },
        entries: 1,
      },
    ]);
    await billAll(books);
    expect(await nets(books)).toEqual(['80.00']);
    expect(await release(books, 'entry.changed_after_claim')).toBe(1);
    await billAll(books);
    await billAll(books);
    // What is owed back waits for more, or for its credit note.
    const isOwedBack = quantity < 3600;
    expect(await nets(books)).toEqual(isOwedBack ? ['80.00'] : ['80.00', difference]);
    const pending = new Decimal(await totalOf(books, 'pending_amount', 'GBP'));
    expect(pending.toFixed(2)).toBe(isOwedBack ? difference : '0.00');
    await take(books, [entryOf('more', { quantity: hours(2) })]);
    await billAll(books);
    const all = await invoicesOf(books);
    expect(all.map(({ status }) => status)).not.toContain('held');
    // With it the entry is billed as it is now.
    expect(all.reduce((seconds, { quantitySeconds }) => seconds + quantitySeconds, 0)).toBe(
      quantity + hours(2),
    );
  },
);

test('several changes after the invoice bill only what is still missing, whichever of them were released', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { quantity: hours(8) })]);
  await billAll(books);
  await take(books, [entryOf('1', { quantity: hours(6) })]);
  await take(books, [entryOf('1', { quantity: hours(7) })]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'entry.changed_after_claim', detail: { is: hours(7), claimed: hours(8) } },
  ]);
  await release(books, 'entry.changed_after_claim');
  await billAll(books);
  await take(books, [entryOf('1', { quantity: hours(9) })]);
  await release(books, 'entry.changed_after_claim');
  await billAll(books);
  // −1 h waited for the 2 h that came after it.
  expect(await nets(books)).toEqual(['640.00', '80.00']);
});

test('a change back to what was billed offers nothing, released or not', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await billAll(books);
  await take(books, [entryOf('1', { quantity: hours(2) })]);
  await take(books, [entryOf('1')]);
  await release(books, 'entry.changed_after_claim');
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
  expect(await totalOf(books, 'open_seconds', books.projects.P1!)).toBe('0');
});

test('an entry changed between draft and issue is held, and once released the invoice and the difference go out', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await carryOut(scratch.database, books, await requestBilling(books, { finishAt: 'draft' }));
  await take(books, [entryOf('1', { quantity: hours(3) })]);
  const [draft] = await invoicesOf(books);
  await books.in((tx) => discardDraft(tx, draft!.id, 'test', 'the entry changed'));
  await billAll(books);
  expect(await invoicesOf(books)).toMatchObject([
    { status: 'held', holdReason: expect.stringContaining('1 entries changed') },
  ]);
  const [held] = await invoicesOf(books);
  await books.in((tx) => discardDraft(tx, held!.id, 'test', 'again with the difference'));
  await release(books, 'entry.changed_after_claim');
  await billAll(books);
  expect(await invoicesOf(books)).toMatchObject([
    { status: 'issued', net: '240.00', quantitySeconds: hours(3) },
  ]);
});

test('an entry changed while a compile of it is under way is billed once, with the difference to follow', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  const compile = await compileAndWait(books);
  const change = take(books, [entryOf('1', { quantity: hours(3) })]);
  await untilSomebodyWaits();
  await compile.commit();
  await change;
  expect(await rules(books)).toEqual(['entry.changed_after_claim']);
  await release(books, 'entry.changed_after_claim');
  await billAll(books);
  expect(await nets(books)).toEqual(['240.00']);
});

test('an approval that is withdrawn while a compile waits for the entry is not compiled', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  const withdrawn = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const source = await books.in((tx) => openMatcher(tx, books.sourceId));
  const entry = entryOf('1', { approval: 'rejected' });
  const intake = books.in(async (tx) => {
    await takeIn(
      tx,
      source,
      { entries: [{ entry, contentHash: entryContentHash(entry) }], unreadable: [] },
      {
        sourceId: books.sourceId,
        operationId: newId(),
        actor: 'test',
        createMissing: [],
        goLiveOn: null,
        today: '2026-12-31',
        currency: 'GBP',
        severities: {},
      },
    );
    withdrawn.resolve();
    await gate.promise;
  });
  await withdrawn.promise;
  const prepared = await books.in((tx) => context(tx, books));
  const compile = books.in((tx) => compileChunk(tx, prepared, null, 100));
  await untilSomebodyWaits();
  gate.resolve();
  await intake;
  expect(await compile).toMatchObject({ items: 0 });
});

test('a withdrawn approval keeps the entry out of billing until it is given again', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  expect(await take(books, [entryOf('1', { approval: 'rejected' })])).toMatchObject({
    stateChanged: 1,
    changed: 0,
  });
  await billAll(books);
  expect(await invoicesOf(books)).toEqual([]);
  await take(books, [entryOf('1')]);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
});

test('an approval withdrawn after the invoice is an exception and changes no invoice', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await billAll(books);
  await take(books, [entryOf('1', { approval: 'rejected' })]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'entry.changed_after_claim', detail: { was: 'approved', is: 'rejected' } },
  ]);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
});

test('what was settled elsewhere, before go-live or not billable is counted and never billed', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { billedElsewhere: true }), entryOf('2', { billable: false })]);
  await take(books, [entryOf('3', { workDate: '2026-02-27' }), entryOf('4', { workDate: '2026-02-28' })], {
    goLiveOn: '2026-02-28',
  });
  expect(await totalOf(books, 'entry_seconds', '')).toBe(String(hours(4)));
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
  // Later taken back there: it becomes billable here, once.
  await take(books, [entryOf('1')]);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00', '80.00']);
});

test('an entry that its platform invoices after we did is an exception', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await billAll(books);
  await take(books, [entryOf('1', { billedElsewhere: true })]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'entry.changed_after_claim', detail: { settledElsewhere: true } },
  ]);
});

test('two lines with one key in one input: the first counts, the other is quarantined, in one chunk or two', async () => {
  const books = await newBooks();
  const operationId = newId();
  expect(
    await take(books, [entryOf('1'), entryOf('1'), entryOf('1', { quantity: hours(9) })], { operationId }),
  ).toMatchObject({ created: 1, quarantined: 1 });
  expect(await take(books, [entryOf('1', { quantity: hours(10) })], { operationId })).toMatchObject({
    changed: 0,
    quarantined: 1,
  });
  const rows = await books.in((tx) =>
    tx.rows('select reason, raw from quarantine where workspace_id = $1 order by id', [books.workspaceId]),
  );
  expect(rows).toMatchObject([{ reason: 'key.duplicate' }, { reason: 'key.duplicate' }]);
  expect(await totalOf(books, 'entry_seconds', '')).toBe(String(hours(1)));
});

test('an entry edited at its source while its pages are read is the newer one, not a duplicate', async () => {
  const books = await newBooks();
  const operationId = newId();
  const at = (minute: number) => ({ sourceUpdatedAt: `2026-03-03T10:0${minute}:00.000Z` });
  await take(books, [entryOf('1', at(1))], { operationId });
  expect(await take(books, [entryOf('1', { quantity: hours(2), ...at(5) })], { operationId })).toMatchObject({
    changed: 1,
    quarantined: 0,
  });
  // And an older reading that comes late does not undo it.
  expect(await take(books, [entryOf('1', at(1))], { operationId })).toMatchObject({ changed: 0 });
  await billAll(books);
  expect(await nets(books)).toEqual(['160.00']);
});

test('a name that nobody knows is one exception over all its entries, closed when they are mapped', async () => {
  const books = await newBooks();
  const lost = (id: string) => entryOf(id, { project: named('Dry Dock') });
  await take(books, [lost('1'), lost('2'), entryOf('3')]);
  await take(books, [lost('4')]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'match.project', severity: 'E', entries: 3, detail: { name: 'Dry Dock' } },
  ]);
  expect(await release(books, 'match.project')).toBe(0);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
  const [unknown] = await exceptionsOf(books);
  await books.in(async (tx) =>
    resolveMatch(tx, (await readException(tx, unknown!.id))!, books.projects.P1!, 'test'),
  );
  expect(await rules(books)).toEqual([]);
  // The rule serves what comes later too.
  await take(books, [lost('5')]);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00', '320.00']);
});

test('a billable entry without a project is an exception; one that is not billable is none', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { project: null }), entryOf('2', { project: null, billable: false })]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'match.project', entries: 1, detail: { name: null } },
  ]);
});

test('unknown names are created once where the source may, and their entries are matched', async () => {
  const books = await newBooks();
  const entries = ['1', '2', '3'].map((id) =>
    entryOf(id, {
      client: { externalId: 'c9', code: null, name: 'Baltic Tugs' },
      project: { externalId: 'p9', code: 'TUG', name: 'Tug refit' },
      task: named('Welding'),
      person: { externalId: null, code: null, name: `Welder ${id}`, email: null },
    }),
  );
  await take(books, entries, { createMissing: ['client', 'project', 'task', 'person'] });
  const [made] = await books.in((tx) =>
    tx.rows<Record<string, number>>(
      `select (select count(*) from clients where workspace_id = $1 and name = 'Baltic Tugs') as clients,
         (select count(*) from projects where workspace_id = $1 and code = 'TUG') as projects,
         (select count(*) from tasks where workspace_id = $1) as tasks, (select count(*) from people where workspace_id = $1) as people,
         (select count(*) from entry_versions v join tasks t on t.workspace_id = $1 and t.id = v.task_id join projects p on p.workspace_id = $1 and p.id = t.project_id
          and p.id = v.project_id and p.client_id = v.client_id where v.workspace_id = $1) as matched`,
      [books.workspaceId],
    ),
  );
  expect(made).toEqual({ clients: 1, projects: 1, tasks: 1, people: 3, matched: 3 });
  expect(await rules(books)).toEqual([]);
});

test('two things of one name at the source, under different ids, become one of ours and stop nothing', async () => {
  const books = await newBooks();
  const of = (id: string, clientId: string, projectId: string) =>
    entryOf(id, {
      client: { externalId: clientId, code: null, name: 'Baltic Tugs' },
      project: { externalId: projectId, code: 'TUG', name: 'Tug refit' },
    });
  await take(books, [of('1', 'c1', 'p1'), of('2', 'c2', 'p2')], {
    createMissing: ['client', 'project', 'person'],
  });
  expect(await rules(books)).toEqual([]);
});

test('a name that several of ours carry is an exception, and no third one is created', async () => {
  const books = await newBooks();
  await books.in((tx) =>
    tx.run("insert into people (workspace_id, name) values ($1, 'John Smith'), ($1, 'John Smith')", [
      books.workspaceId,
    ]),
  );
  const johns = ['1', '2'].map((id) => entryOf(id, { person: { ...named('John Smith'), email: null } }));
  for (const entry of johns) await take(books, [entry], { createMissing: ['person'] });
  expect(await exceptionsOf(books)).toMatchObject([{ rule: 'match.person', entries: 2 }]);
  const people = await books.in((tx) =>
    tx.rows('select 1 from people where workspace_id = $1', [books.workspaceId]),
  );
  expect(people).toHaveLength(2);
});

test('a name longer than ours may be is an exception, and the rest of the chunk comes in', async () => {
  const books = await newBooks();
  const long = { ...named('x'.repeat(300)), email: null };
  expect(
    await take(books, [
      entryOf('1', { person: long }),
      entryOf('2'),
      entryOf('3', { person: { ...named(''), email: null } }),
    ]),
  ).toMatchObject({ created: 3 });
  expect(new Set(await rules(books))).toEqual(new Set(['match.person']));
});

test('a chunk that is rolled back and repeated leaves no entry on a record that does not exist', async () => {
  const books = await newBooks();
  const entry = entryOf('1', {
    person: { ...named('New Hand'), email: null },
    project: { externalId: null, code: 'NEW', name: 'New' },
  });
  const matcher = await books.in((tx) => openMatcher(tx, books.sourceId));
  const attempt = (fails: boolean) =>
    books.in(async (tx) => {
      await takeIn(
        tx,
        matcher,
        { entries: [{ entry, contentHash: entryContentHash(entry) }], unreadable: [] },
        {
          sourceId: books.sourceId,
          operationId: newId(),
          actor: 'test',
          createMissing: ['project', 'person'],
          goLiveOn: null,
          today: '2026-12-31',
          currency: 'GBP',
          severities: {},
        },
      );
      if (fails) throw new Error('the connection broke');
    });
  await expect(attempt(true)).rejects.toThrow('the connection broke');
  await attempt(false);
  const [row] = await books.in((tx) =>
    tx.rows(
      `select p.name as person, j.code as project from entry_versions v left join people p on p.workspace_id = $1 and p.id = v.person_id
       left join projects j on j.workspace_id = $1 and j.id = v.project_id where v.workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  expect(row).toEqual({ person: 'New Hand', project: 'NEW' });
});

const day = (id: string, quantity: number, facts: Partial<SourceEntry> = {}) =>
  entryOf(id, { quantity: hours(quantity), ...facts });

test('a person-day over 24 hours opens one warning, is refreshed, and closes when it is mended', async () => {
  const books = await newBooks();
  await take(books, [day('1', 12), day('2', 12)]);
  expect(await rules(books)).toEqual([]);
  await take(books, [day('3', 1)]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'person_day.over_24h', entries: 3, detail: { seconds: hours(25) } },
  ]);
  await take(books, [day('4', 2)]);
  expect(await exceptionsOf(books)).toMatchObject([
    { rule: 'person_day.over_24h', entries: 4, detail: { seconds: hours(27) } },
  ]);
  await billAll(books);
  expect(await invoicesOf(books)).toEqual([]);
  await take(books, [day('2', 9)]);
  expect(await rules(books)).toEqual([]);
  expect(await exceptionsOf(books, 'fixed')).toMatchObject([{ rule: 'person_day.over_24h' }]);
  await billAll(books);
  expect(await nets(books)).toEqual(['1920.00']);
});

test('days close together are told apart: each over 24 hours is a warning, those between them are not', async () => {
  const books = await newBooks();
  const day = (externalId: string, workDate: string, count: number) =>
    entryOf(externalId, { workDate, quantity: hours(count) });
  await take(books, [
    day('a', '2026-03-02', 14),
    day('b', '2026-03-03', 20),
    day('c', '2026-03-05', 13),
    day('d', '2026-05-04', 20),
  ]);
  await take(books, [day('e', '2026-03-02', 11), day('f', '2026-03-05', 12), day('g', '2026-05-04', 3)]);
  const found = await exceptionsOf(books, 'open');
  expect(found.map((row) => `${row.rule} ${String(row.detail.workDate)}`).sort()).toEqual([
    'person_day.over_24h 2026-03-02',
    'person_day.over_24h 2026-03-05',
  ]);
});

test('a released person-day stays released when read again, and is raised again when it changes', async () => {
  const books = await newBooks();
  const entries = [day('1', 20), day('2', 10)];
  await take(books, entries);
  expect(await release(books, 'person_day.over_24h')).toBe(1);
  await take(books, entries);
  await take(books, [day('2', 10, { notes: 'a note' })]);
  expect(await rules(books)).toEqual([]);
  await take(books, [day('3', 1)]);
  expect(await exceptionsOf(books)).toMatchObject([{ rule: 'person_day.over_24h', entries: 3 }]);
  // Back to what was released.
  await take(books, [day('3', 0)]);
  expect(await rules(books)).toEqual([]);
});

test('a person-day is mended when one of its entries moves to another day or another person', async () => {
  const books = await newBooks();
  await take(books, [
    day('1', 20),
    day('2', 10),
    day('3', 20, { workDate: '2026-03-09' }),
    day('4', 10, { workDate: '2026-03-09' }),
  ]);
  expect(await rules(books)).toEqual(['person_day.over_24h', 'person_day.over_24h']);
  await take(books, [
    day('2', 10, { workDate: '2026-03-03' }),
    day('4', 10, { workDate: '2026-03-09', person: { ...named('Bo Lind'), email: null } }),
  ]);
  expect(await rules(books)).toEqual([]);
});

test('a running timer blocks its entry and is closed once stopped, even with the hours unchanged', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { running: true })]);
  expect(await rules(books)).toEqual(['entry.running_timer']);
  await take(books, [entryOf('1')]);
  expect(await rules(books)).toEqual([]);
  await billAll(books);
  expect(await nets(books)).toEqual(['80.00']);
});

test('work dated in the future waits for its day, and is billed once the day has come', async () => {
  const books = await newBooks();
  const workDate = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
  await take(books, [entryOf('1', { workDate })], { today: '2026-01-01' });
  expect(await rules(books)).toEqual(['entry.future_date']);
  await billAll(books);
  expect(await rules(books)).toEqual([]);
  expect(await nets(books)).toEqual(['80.00']);
});

test('two intakes of one source at once give the entries once, and the later content', async () => {
  const books = await newBooks();
  const entries = Array.from({ length: 200 }, (_, index) => entryOf(String(index)));
  const later = entries.map((entry) => ({ ...entry, quantity: 7200 }));
  const all = await Promise.all([
    take(books, entries),
    take(books, later),
    take(books, entries),
    take(books, later),
  ]);
  expect(all.reduce((sum, counts) => sum + counts.created, 0)).toBe(200);
  await take(books, later);
  expect(await totalOf(books, 'entry_seconds', '')).toBe(String(200 * 7200));
});

test('two sources that name the same new client, project and people at once make them once', async () => {
  const books = await newBooks();
  const second = await books.in((tx) =>
    ensureSource(tx, { kind: 'file', name: 'other.csv', connectionId: null }),
  );
  const entries = Array.from({ length: 50 }, (_, index) =>
    entryOf(String(index), {
      client: named('Baltic Tugs'),
      project: named('Tug refit'),
      person: { ...named(`Hand ${index}`), email: null },
    }),
  );
  const createMissing = ['client', 'project', 'person'] as const;
  await Promise.all([
    take(books, entries, { createMissing: [...createMissing] }),
    take(books, entries.toReversed(), { createMissing: [...createMissing], sourceId: second }),
  ]);
  const people = await books.in((tx) =>
    tx.rows("select 1 from people where workspace_id = $1 and name like 'Hand %'", [books.workspaceId]),
  );
  expect(people).toHaveLength(50);
  expect(await rules(books)).toEqual([]);
});
