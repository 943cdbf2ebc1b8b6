import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { groupingModes } from '../domain/grouping/group-keys.ts';
import { Decimal } from '../domain/money.ts';
import { type CompiledChunk, compileChunk } from '../store/compile.ts';
import { openCompile } from '../store/compile-context.ts';
import { contractsInScope } from '../store/contract-scope.ts';
import { addCurrencyRates } from '../store/currency-rates.ts';
import type { Database } from '../store/database.ts';
import { discardDraft } from '../store/draft.ts';
import { releaseWarnings } from '../store/exceptions.ts';
import { issuableInvoices, issueInvoices } from '../store/issue.ts';
import type { CompileCursor } from '../store/open-entries.ts';
import { type Run, readRun, requestCancel } from '../store/runs.ts';
import {
  type Books,
  bill,
  billingActivities,
  carryOut,
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

let scratch: TestDatabase;
let database: Database;
let owner: pg.Client;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
  database = scratch.database;
  owner = new pg.Client({ connectionString: scratch.url });
  await owner.connect();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(database, books);
});
afterAll(async () => {
  await owner.end();
  await scratch.drop();
});

async function newBooks(options: Parameters<typeof openBooks>[1] = {}): Promise<Books> {
  const books = await openBooks(database, options);
  opened.push(books);
  return books;
}
/** Hours of people who do no more than twenty a day. */
const entries = (count: number, facts: (index: number) => Parameters<typeof entryOf>[1] = () => ({})) =>
  Array.from({ length: count }, (_, index) => {
    const person = { externalId: null, code: null, name: `Hand ${Math.floor(index / 20)}`, email: null };
    return entryOf(String(index), { person, ...facts(index) });
  });
/** One of these entries, as its source states it later. */
const edited = (index: number, change: Parameters<typeof entryOf>[1]) => ({
  ...entries(index + 1)[index]!,
  ...change,
});
const refOf = (books: Books, run: Run) => ({ workspaceId: books.workspaceId, subjectId: run.id });
const runOf = async (books: Books, run: Run) => (await books.in((tx) => readRun(tx, run.id)))!;
const summary = async (books: Books) =>
  (await invoicesOf(books)).map(({ status, number, net }) => `${status} ${number} ${net}`);
const counts = async (books: Books) =>
  (await books.in((tx) =>
    tx.row<Record<string, number>>(
      `select (select count(*) from claims where workspace_id = $1) as claims, (select count(*) from billable_items where workspace_id = $1) as items,
         (select count(*) from allocations where workspace_id = $1) as allocations`,
      [books.workspaceId],
    ),
  ))!;

test('an entry is on one invoice, however often the run repeats', async () => {
  const books = await newBooks();
  await take(books, entries(25));
  const activities = billingActivities(database);
  const run = await requestBilling(books);
  const ref = refOf(books, run);
  // Every step twice, as when a worker dies after the commit and before the answer.
  for (const step of ['compileRun', 'compileRun', 'draftRun', 'draftRun', 'issueRun', 'issueRun'] as const)
    await activities[step](ref);
  await carryOut(database, books, run);
  for (let again = 0; again < 3; again += 1) await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 2000.00']);
  expect(await counts(books)).toEqual({ claims: 25, items: 25, allocations: 25 });
  expect(await runOf(books, run)).toMatchObject({
    status: 'done',
    counts: { items: 25, drafts: 1, issued: 1, seconds: 90_000 },
  });
});

test('two runs on one contract at once bill everything once between them', async () => {
  const books = await newBooks({ projects: ['P1', 'P2'] });
  await take(
    books,
    entries(60, (index) => ({ project: { externalId: null, code: `P${1 + (index % 2)}`, name: null } })),
  );
  const runs = await Promise.all([1, 2, 3].map(() => requestBilling(books)));
  await Promise.all(runs.map((run) => carryOut(database, books, run)));
  const nets = (await invoicesOf(books)).map((invoice) => new Decimal(invoice.net));
  expect(Decimal.sum(...nets).toFixed(2)).toBe('4800.00');
  expect(await counts(books)).toMatchObject({ claims: 60, items: 60, allocations: 60 });
});

test('a run over several contracts keeps each to its own invoices', async () => {
  const books = await newBooks();
  const other = await books.in(async (tx) => {
    const contract = await tx.row<{ id: string }>(
      `insert into contracts (workspace_id, client_id, seller_id, name, currency, zone, starts_on, go_live_on)
       values ($1, $2, $3, 'Survey', 'GBP', 'Europe/London', '2026-01-01', '2026-01-01') returning id`,
      [tx.workspaceId, books.clientId, books.sellerId],
    );
    await tx.run(
      "insert into projects (workspace_id, client_id, contract_id, code, name) values ($1, $2, $3, 'S1', 'S1')",
      [tx.workspaceId, books.clientId, contract!.id],
    );
    await tx.run(
      "insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values ($1, 'contract', $2, '*', 100, 'GBP')",
      [tx.workspaceId, contract!.id],
    );
    return contract!.id;
  });
  await take(books, [entryOf('1'), entryOf('2', { project: { externalId: null, code: 'S1', name: null } })]);
  const run = await requestBilling(books, { scope: { type: 'client', id: books.clientId } });
  await carryOut(database, books, run);
  const rows = await books.in((tx) =>
    tx.rows<{ contractId: string; net: string }>(
      'select contract_id, net from client_invoices where workspace_id = $1 order by net',
      [books.workspaceId],
    ),
  );
  expect(rows).toEqual([
    { contractId: books.contractId, net: '80.00' },
    { contractId: other, net: '100.00' },
  ]);
});

test('a run bills work dated before its cutoff, also of what an earlier run has compiled already', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { workDate: '2026-03-31' }), entryOf('2', { workDate: '2026-04-01' })]);
  const wide = await requestBilling(books, { finishAt: 'draft' });
  await carryOut(database, books, wide);
  const [draft] = await invoicesOf(books);
  await books.in((tx) => discardDraft(tx, draft!.id, 'test', 'by month, please'));
  await carryOut(database, books, await requestBilling(books, { cutoffOn: '2026-04-01' }));
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00', 'issued NFE-0002 80.00']);
});

test('a run of one project leaves the others of the contract alone', async () => {
  const books = await newBooks({ projects: ['P1', 'P2'] });
  await take(books, [
    entryOf('1'),
    entryOf('2', { project: { externalId: null, code: 'P2', name: null }, quantity: 7200 }),
  ]);
  await carryOut(
    database,
    books,
    await requestBilling(books, { scope: { type: 'project', id: books.projects.P2! } }),
  );
  expect(await summary(books)).toEqual(['issued NFE-0001 160.00']);
});

/** A database whose backend is killed at the n-th statement that matches, once. */
function dyingDatabase(at: RegExp): { dying: Database; died: () => boolean } {
  let dead = false;
  const dying: Database = {
    ...database,
    inWorkspace: (workspaceId, work) =>
      database.inWorkspace(workspaceId, async (tx) => {
        const watched = async <T>(sql: string, answer: Promise<T>): Promise<T> => {
          const value = await answer;
          if (dead || !at.test(sql)) return value;
          dead = true;
          const row = await tx.row<{ pid: number }>('select pg_backend_pid() as pid');
          await owner.query('select pg_terminate_backend($1)', [row!.pid]);
          await sleep(20);
          return value;
        };
        return work({
          ...tx,
          rows: <T>(sql: string, params?: unknown[]) => watched(sql, tx.rows<T>(sql, params)),
          row: <T>(sql: string, params?: unknown[]) => watched(sql, tx.row<T>(sql, params)),
          run: (sql, params) => watched(sql, tx.run(sql, params)),
        });
      }),
  };
  return { dying, died: () => dead };
}

test.each([
  ['while items are written', /insert into claims/],
  ['after the items of a chunk, before its progress', /update run_steps s set done/],
  ['while drafts are written', /insert into client_invoices/],
  ['while lines are written', /insert into invoice_lines/],
  ['while items are allocated', /insert into allocations/],
  ['while numbers are given', /update client_invoices i set status = case/],
  ['after the counter moved', /update series set next_number/],
  ['at the end of a step', /update run_steps set status = 'done'/],
])('a backend killed %s, then repeated: the same totals', async (_, at) => {
  const books = await newBooks({
    projects: ['P1', 'P2'],
    contract: { grouping: { invoice: 'project', line: 'person' } },
  });
  await take(
    books,
    entries(30, (index) => ({ project: { externalId: null, code: `P${1 + (index % 2)}`, name: null } })),
  );
  const run = await requestBilling(books);
  const { dying, died } = dyingDatabase(at);
  await expect(carryOut(dying, books, run)).rejects.toThrow(/terminat|connection|not queryable/i);
  expect(died()).toBe(true);
  await carryOut(database, books, run);
  expect(await summary(books)).toEqual(['issued NFE-0001 1200.00', 'issued NFE-0002 1200.00']);
  expect(await counts(books)).toEqual({ claims: 30, items: 30, allocations: 30 });
  expect((await runOf(books, run)).counts).toMatchObject({ items: 30, drafts: 2, issued: 2 });
});

test.each(['before it begins', 'compile', 'draft'])(
  'a run cancelled (%s) leaves nothing half done, and the next one bills all of it',
  async (after) => {
    const books = await newBooks();
    await take(books, entries(10));
    const activities = billingActivities(database);
    const run = await requestBilling(books);
    const ref = refOf(books, run);
    if (after !== 'before it begins') await activities.compileRun(ref);
    if (after === 'draft') await activities.draftRun(ref);
    expect(await books.in((tx) => requestCancel(tx, run.id, 'test'))).toBe(true);
    expect((await carryOut(database, books, run)).status).toBe('cancelled');
    expect(await invoicesOf(books)).toEqual([]);
    expect(await books.in((tx) => requestCancel(tx, run.id, 'test'))).toBe(false);
    await bill(database, books);
    expect(await summary(books)).toEqual(['issued NFE-0001 800.00']);
  },
);

test('a run cancelled while it issues keeps what has a number and takes the rest back', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  await take(books, entries(6));
  const activities = billingActivities(database);
  const run = await requestBilling(books);
  await activities.compileRun(refOf(books, run));
  await activities.draftRun(refOf(books, run));
  await books.in(async (tx) =>
    issueInvoices(tx, await issuableInvoices(tx, run.id, 2), 'test', new Date().toISOString()),
  );
  await books.in((tx) => requestCancel(tx, run.id, 'test'));
  await activities.issueRun(refOf(books, run));
  expect((await carryOut(database, books, run)).status).toBe('cancelled');
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00', 'issued NFE-0002 80.00']);
  await bill(database, books);
  expect(await invoicesOf(books)).toHaveLength(6);
});

test('a run that failed takes its drafts back, keeps what is issued, and the next one bills the rest', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  await take(books, entries(4));
  const activities = billingActivities(database);
  const run = await requestBilling(books);
  await activities.compileRun(refOf(books, run));
  await activities.draftRun(refOf(books, run));
  await books.in(async (tx) =>
    issueInvoices(tx, await issuableInvoices(tx, run.id, 1), 'test', new Date().toISOString()),
  );
  const error = 'connect ECONNREFUSED';
  for (let again = 0; again < 2; again += 1)
    await activities.finishBillingRun({ ...refOf(books, run), error });
  expect(await runOf(books, run)).toMatchObject({ status: 'failed', error });
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
  await bill(database, books);
  expect((await invoicesOf(books)).map((invoice) => invoice.status)).toEqual(Array(4).fill('issued'));
  expect(await counts(books)).toMatchObject({ claims: 4, items: 4 });
});

test('an activity that was given up on and is still drafting when its run is cancelled leaves no draft behind', async () => {
  const books = await newBooks();
  await take(books, entries(5));
  const activities = billingActivities(database);
  const run = await requestBilling(books);
  await activities.compileRun(refOf(books, run));
  // The cancel ends the run between the zombie's last look at it and its work.
  const zombie = billingActivities({
    ...database,
    inWorkspace: (workspaceId, work) =>
      database.inWorkspace(workspaceId, (tx) =>
        work({
          ...tx,
          run: async (sql, params) => {
            if (sql.includes('pg_advisory_xact_lock')) {
              await books.in((own) => requestCancel(own, run.id, 'test'));
              await activities.cancelRun(refOf(books, run));
            }
            return tx.run(sql, params);
          },
        }),
      ),
  });
  await expect(zombie.draftRun(refOf(books, run))).rejects.toThrow('has ended');
  expect(await invoicesOf(books)).toEqual([]);
  expect((await runOf(books, run)).status).toBe('cancelled');
});

test('an item without a price holds its invoice, and only that one; a person may let it go at nothing', async () => {
  const books = await newBooks({
    projects: ['P1', 'P2'],
    contract: { grouping: { invoice: 'project', line: 'project' } },
  });
  await books.in((tx) =>
    tx.run("update rate_cards set position = 'Engineer' where workspace_id = $1", [books.workspaceId]),
  );
  const project = { externalId: null, code: 'P2', name: null };
  await take(books, [
    entryOf('1', { position: 'Engineer' }),
    entryOf('2', { project }),
    entryOf('3', { project, position: 'Engineer' }),
  ]);
  await bill(database, books);
  expect(await invoicesOf(books)).toMatchObject([
    { status: 'issued', net: '80.00' },
    { status: 'held', net: '80.00', holdReason: '1 items have no price' },
  ]);
  expect(await exceptionsOf(books)).toMatchObject([{ rule: 'invoice.held' }]);
  await bill(database, books);
  expect((await invoicesOf(books))[1]).toMatchObject({ status: 'held' });
  const held = (await invoicesOf(books))[1]!.id;
  await books.in((tx) => issueInvoices(tx, [held], 'test', new Date().toISOString(), 'goodwill'));
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00', 'issued NFE-0002 80.00']);
  expect(await exceptionsOf(books)).toEqual([]);
});

test('an item without a price is compiled anew once there is one and its draft was discarded', async () => {
  const books = await newBooks({ rate: null });
  await take(books, entries(3));
  await bill(database, books);
  const [held] = await invoicesOf(books);
  expect(held).toMatchObject({ status: 'held', holdReason: '3 items have no price' });
  await books.in((tx) =>
    tx.run(
      `with method as (
         insert into strategies (workspace_id, scope_type, scope_id, category, method) values ($1, 'workspace', $1, 'labor', 'service_rates'))
       insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values ($1, 'contract', $2, '*', 80, 'GBP')`,
      [books.workspaceId, books.contractId],
    ),
  );
  // While a document holds them they stay as they are.
  await bill(database, books);
  expect(await invoicesOf(books)).toMatchObject([{ status: 'held', net: '0.00' }]);
  await books.in((tx) => discardDraft(tx, held!.id, 'test', 'now there is a rate'));
  await expectBalanced(database, books);
  const again = await bill(database, books);
  expect(again.counts).toMatchObject({ items: 3, issued: 1 });
  expect(await summary(books)).toEqual(['issued NFE-0001 240.00']);
  expect(await counts(books)).toEqual({ claims: 9, items: 6, allocations: 9 });
  expect(await totalOf(books, 'pending_amount', 'GBP')).toBe('0');
});

test('what still has no price is taken back and compiled once a run, however often its steps repeat', async () => {
  const books = await newBooks({ rate: null });
  await take(books, entries(2));
  const activities = billingActivities(database);
  for (let runs = 1; runs <= 2; runs += 1) {
    const run = await requestBilling(books, { finishAt: 'draft' });
    await activities.compileRun(refOf(books, run));
    await activities.compileRun(refOf(books, run));
    await books.in((tx) => requestCancel(tx, run.id, 'test'));
    await carryOut(database, books, run);
    expect(await counts(books)).toEqual({ claims: 4 * runs - 2, items: 2 * runs, allocations: 0 });
  }
});

test("a project's own strategy and markup stand before the client's and the workspace's", async () => {
  const books = await newBooks({ projects: ['P1', 'P2'] });
  await books.in((tx) =>
    tx.run(
      `with method as (
         insert into strategies (workspace_id, scope_type, scope_id, category, method)
         values ($1, 'project', $2, 'labor', 'markup'), ($1, 'client', $3, 'labor', 'entry_or_task_price'))
       insert into markups (workspace_id, scope_type, scope_id, category, percentage)
       values ($1, 'workspace', $1, 'labor', 10), ($1, 'project', $2, 'labor', 50)`,
      [books.workspaceId, books.projects.P1, books.clientId],
    ),
  );
  const facts = { cost: '100', rate: '107.00', currency: 'GBP' };
  await take(books, [
    entryOf('1', facts),
    entryOf('2', { ...facts, project: { externalId: null, code: 'P2', name: null } }),
  ]);
  await bill(database, books);
  expect((await linesOf(books)).map((line) => line.unitPrice)).toEqual(['150.0000', '107.00']);
});

test('an amount has the decimals of its currency, unless the contract says otherwise', async () => {
  const books = await newBooks({
    rate: null,
    contract: { currency: 'JPY', tax: { rate: '10', category: 'standard' } },
  });
  await books.in((tx) =>
    tx.run(
      `with method as (
         insert into strategies (workspace_id, scope_type, scope_id, category, method) values ($1, 'workspace', $1, 'labor', 'service_rates'))
       insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values ($1, 'contract', $2, '*', 8001, 'JPY')`,
      [books.workspaceId, books.contractId],
    ),
  );
  await take(books, [entryOf('1', { quantity: 4500 })]);
  // The seller's books are in pounds.
  const rateOn = new Date().toISOString().slice(0, 10);
  const rate = { base: 'JPY', quote: 'GBP', rateOn, rate: '0.005', source: 'Bank', bothWays: false };
  await books.in((tx) => addCurrencyRates(tx, [rate], 'test'));
  await bill(database, books);
  expect(await invoicesOf(books)).toMatchObject([{ net: '10001', tax: '1000', total: '11001' }]);
  const places = async (currency: string, contract: object = {}) => {
    const one = await openBooks(database, { contract: { currency, ...contract } });
    const row = await one.in((tx) =>
      tx.row<{ places: number }>(
        "select (rounding ->> 'moneyPlaces')::int as places from contracts where workspace_id = $1",
        [one.workspaceId],
      ),
    );
    return row!.places;
  };
  expect(await places('GBP')).toBe(2);
  expect(await places('KWD')).toBe(3);
  const rounding = { mode: 'half_up', moneyPlaces: 2, quantityPlaces: 2 } as const;
  expect(await places('JPY', { rounding })).toBe(2);
});

test('what is too small to show on a line is not claimed: it stays open until it has grown', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1', { quantity: 10 }), entryOf('2')]);
  const run = await bill(database, books);
  expect(run.counts).toMatchObject({ items: 1, seconds: 3600 });
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
  expect(await counts(books)).toMatchObject({ claims: 1, items: 1 });
  expect(await totalOf(books, 'open_seconds', books.projects.P1!)).toBe('10');
  await take(books, [entryOf('1', { quantity: 1800 })]);
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00', 'issued NFE-0002 40.00']);
  expect(await totalOf(books, 'open_seconds', books.projects.P1!)).toBe('0');
});

test('a day is rounded once: three times 20 minutes are one hour, on one line or three, however the run is cut', async () => {
  const thirds = (count: number, facts: Parameters<typeof entryOf>[1] = {}) =>
    Array.from({ length: count }, (_, index) =>
      entryOf(`${facts.workDate ?? ''}${index}`, { quantity: 1200, ...facts }),
    );
  const books = await newBooks();
  await take(books, [...thirds(3), ...thirds(2, { workDate: '2026-03-03' })]);
  const run = await bill(database, books);
  expect(run.counts).toMatchObject({ items: 5, seconds: 6000 });
  // 1.00 h + 0.67 h at 80.00.
  expect(await summary(books)).toEqual(['issued NFE-0001 133.60']);

  const apart = await newBooks({ contract: { grouping: { invoice: 'client', line: 'entry' } } });
  await take(apart, thirds(3));
  await bill(database, apart);
  const lines = await apart.in((tx) =>
    tx.rows<{ quantity: string; amount: string }>(
      'select quantity, amount from invoice_lines where workspace_id = $1 order by line_no',
      [apart.workspaceId],
    ),
  );
  expect(lines).toEqual([
    { quantity: '0.34', amount: '27.20' },
    { quantity: '0.33', amount: '26.40' },
    { quantity: '0.33', amount: '26.40' },
  ]);

  // A chunk of four would cut the second day in two: 0.33 h and 0.33 h instead of 0.67 h.
  const cut = await newBooks();
  await take(cut, [
    ...thirds(3),
    ...thirds(2, { workDate: '2026-03-03' }),
    entryOf('x', { workDate: '2026-03-04' }),
  ]);
  const asked = await requestBilling(cut);
  const sizes = await cut.in(async (tx) => {
    const [contract] = await contractsInScope(tx, { type: 'contract', id: cut.contractId });
    const context = await openCompile(tx, asked, contract!);
    const made: number[] = [];
    let cursor: CompileCursor | null = null;
    do {
      const chunk: CompiledChunk = await compileChunk(tx, context, cursor, 4);
      made.push(chunk.items);
      cursor = chunk.cursor;
    } while (cursor);
    return made;
  });
  expect(sizes).toEqual([3, 3]);
  await carryOut(database, cut, asked);
  expect(await summary(cut)).toEqual(['issued NFE-0001 213.60']);
});

test('an explicit price of nothing is a price', async () => {
  const books = await newBooks({ rate: '0' });
  await take(books, [entryOf('1')]);
  await bill(database, books);
  // Nobody owes anything on it.
  expect(await summary(books)).toEqual(['settled NFE-0001 0.00']);
});

test('a seller without a number series holds the invoice and says so, instead of looping', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await books.in((tx) =>
    tx.run("update series set document_type = 'credit_note' where workspace_id = $1", [books.workspaceId]),
  );
  await bill(database, books);
  expect(await invoicesOf(books)).toMatchObject([
    { status: 'held', holdReason: 'the seller has no number series for invoices' },
  ]);
  await books.in((tx) =>
    tx.run("update series set document_type = 'invoice' where workspace_id = $1", [books.workspaceId]),
  );
  const [held] = await invoicesOf(books);
  await books.in((tx) =>
    issueInvoices(tx, [held!.id], 'test', new Date().toISOString(), 'a series was made'),
  );
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
});

async function drafted(books: Books, count = 1): Promise<Run> {
  await take(books, entries(count));
  const run = await requestBilling(books, { finishAt: 'draft' });
  return carryOut(database, books, run);
}
const issueAll = (books: Books, run: Run) =>
  books.in(async (tx) =>
    issueInvoices(tx, await issuableInvoices(tx, run.id, 100), 'test', new Date().toISOString()),
  );

test.each<[string, Parameters<typeof entryOf>[1], RegExp]>([
  ['hours changed', { quantity: 7200 }, /1 entries changed after they were compiled/],
  ['only a note changed', { notes: 'dry dock' }, /1 entries changed after they were compiled/],
  [
    'changed and not approved',
    { quantity: 7200, approval: 'submitted' },
    /1 entries changed .*; 1 entries are no longer approved/,
  ],
  ['approval withdrawn', { approval: 'rejected' }, /1 entries are no longer approved/],
  ['invoiced at the platform', { billedElsewhere: true }, /1 entries have an open exception/],
])(
  'the release gate holds an invoice whose entry was edited after the draft: %s',
  async (_, change, reason) => {
    const books = await newBooks();
    const run = await drafted(books, 3);
    await take(books, [edited(1, change)]);
    expect(await issueAll(books, run)).toMatchObject({ issued: 0, held: 1 });
    expect((await invoicesOf(books))[0]!.holdReason).toMatch(reason);
    // Not even a person who releases it gets around what changed.
    const [held] = await invoicesOf(books);
    await books.in((tx) => issueInvoices(tx, [held!.id], 'test', new Date().toISOString(), 'in a hurry'));
    expect(await invoicesOf(books)).toMatchObject([{ status: 'held', number: null }]);
  },
);

test.each<[string, string, RegExp, boolean]>([
  ['ended', "update contracts set status = 'ended' where workspace_id = $1", /^the contract is ended$/, true],
  [
    'went live only later',
    "update contracts set go_live_on = '2026-06-01' where workspace_id = $1",
    /^2026-03-02 is before the contract's go-live on 2026-06-01$/,
    false,
  ],
  [
    'covers other days',
    "update contracts set ends_before = '2026-03-02' where workspace_id = $1",
    /^2026-03-02 to 2026-03-02 is outside the contract's dates$/,
    false,
  ],
  [
    'has a seller with closed books',
    `insert into periods (workspace_id, seller_id, area, starts_on, ends_before, status)
     select workspace_id, id, 'billing', '2026-01-01', '2100-01-01', 'closed' from sellers where workspace_id = $1`,
    /^the seller's billing period 2026-01-01 to 2100-01-01 is closed$/,
    false,
  ],
])('the release gate holds a draft whose contract meanwhile %s', async (_, sql, reason, releasable) => {
  const books = await newBooks();
  const run = await drafted(books);
  await books.in((tx) => tx.run(sql, [books.workspaceId]));
  expect(await issueAll(books, run)).toMatchObject({ issued: 0, held: 1 });
  const [held] = await invoicesOf(books);
  expect(held!.holdReason).toMatch(reason);
  await books.in((tx) => issueInvoices(tx, [held!.id], 'test', new Date().toISOString(), 'agreed'));
  expect((await invoicesOf(books))[0]!.status).toBe(releasable ? 'issued' : 'held');
});

test('a period that is open, of another area or another time holds nothing', async () => {
  const books = await newBooks();
  await books.in((tx) =>
    tx.run(
      `insert into periods (workspace_id, seller_id, area, starts_on, ends_before, status) values
         ($1, $2, 'billing', '2020-01-01', '2026-01-01', 'closed'), ($1, $2, 'billing', '2026-01-01', '2100-01-01', 'open'),
         ($1, $2, 'payments', '2026-01-01', '2100-01-01', 'closed')`,
      [books.workspaceId, books.sellerId],
    ),
  );
  await take(books, [entryOf('1')]);
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
});

/** Three drafts of 80.00 under a contract with this purchase order. */
async function underPurchaseOrder(order: {
  limit: string | null;
  validTo: string | null;
  currency?: string;
}) {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  await books.in((tx) =>
    tx.run(
      `with made as (
         insert into purchase_orders (workspace_id, client_id, number, currency, limit_amount, valid_to) values ($1, $2, 'PO-7', $3, $4, $5) returning id)
       update contracts set purchase_order_id = made.id from made where workspace_id = $1`,
      [books.workspaceId, books.clientId, order.currency ?? 'GBP', order.limit, order.validTo],
    ),
  );
  return { books, run: await drafted(books, 3) };
}

test('a purchase order is spent to its limit and no further, also by two blocks at once', async () => {
  const { books, run } = await underPurchaseOrder({ limit: '160', validTo: '2026-03-03' });
  const ids = await books.in((tx) => issuableInvoices(tx, run.id, 100));
  await Promise.all(
    ids.map((id) => books.in((tx) => issueInvoices(tx, [id], 'test', new Date().toISOString()))),
  );
  const invoices = await invoicesOf(books);
  expect(invoices.map((invoice) => invoice.status)).toEqual(['issued', 'issued', 'held']);
  expect(invoices[2]!.holdReason).toBe('purchase order PO-7 of 160 would come to 240');
  await books.in((tx) =>
    issueInvoices(tx, [invoices[2]!.id], 'test', new Date().toISOString(), 'agreed by mail'),
  );
  expect((await summary(books))[2]).toBe('issued NFE-0003 80.00');
});

test.each([
  [{ limit: null, validTo: '2026-03-02' }, 'purchase order PO-7 is not valid from 2026-03-02 to 2026-03-02'],
  [{ limit: '999', validTo: null, currency: 'EUR' }, 'purchase order PO-7 is in EUR'],
])('a purchase order that does not fit holds what it should pay: %o', async (order, reason) => {
  const { books, run } = await underPurchaseOrder(order);
  expect(await issueAll(books, run)).toMatchObject({ issued: 0, held: 3 });
  expect((await invoicesOf(books)).map((invoice) => invoice.holdReason)).toEqual([reason, reason, reason]);
});

test('a changed entry goes out once its difference is released and compiled: item and difference are its hours', async () => {
  const books = await newBooks();
  const run = await drafted(books, 2);
  await take(books, [edited(1, { quantity: 1800 })]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
  // Released but not compiled yet: the client would be billed too much.
  expect(await issueAll(books, run)).toMatchObject({ issued: 0, held: 1 });
  const second = await bill(database, books);
  // By itself it comes to less than nothing, and waits for more.
  expect(second).toMatchObject({ status: 'done', counts: { drafts: 0, carriedForward: 1 } });
  const [held] = await invoicesOf(books);
  await books.in((tx) =>
    issueInvoices(tx, [held!.id], 'test', new Date().toISOString(), 'the difference is out'),
  );
  expect(await invoicesOf(books)).toMatchObject([{ status: 'issued', net: '160.00' }]);
  await take(books, [entryOf('more')]);
  await bill(database, books);
  expect(await invoicesOf(books)).toMatchObject([{ net: '160.00' }, { status: 'issued', net: '40.00' }]);
  expect(await totalOf(books, 'receivable', 'GBP')).toBe('200');
});

test.each<[string, Parameters<typeof entryOf>[1]]>([
  ['project', { project: { externalId: null, code: 'P2', name: 'P2' } }],
  ['person', { person: { externalId: null, code: null, name: 'Someone Else', email: null } }],
  ['day', { workDate: '2026-03-09' }],
  ['position', { position: 'Diver' }],
  ['rate', { rate: '5', currency: 'GBP' }],
])(
  'work that moved (%s) goes to no one it was not done for: held, and compiled anew once discarded',
  async (_, change) => {
    const books = await newBooks({ projects: ['P1', 'P2'] });
    const run = await drafted(books, 2);
    await take(books, [edited(1, { ...change, quantity: 7200 })]);
    await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
    // The difference is on a draft of its own; the hour before it is still where it was.
    await carryOut(database, books, await requestBilling(books, { finishAt: 'draft' }));
    expect(await issueAll(books, run)).toMatchObject({ issued: 0, held: 1 });
    const invoices = await invoicesOf(books);
    expect(invoices.find((invoice) => invoice.status === 'held')!.holdReason).toMatch(
      /^1 entries moved after they were compiled \(Northern Ferries, P1, Hand 0, 2026-03-02 → Northern Ferries, P.*\): discard the draft/,
    );
    for (const { id } of invoices) await books.in((tx) => discardDraft(tx, id, 'test', 'the work moved'));
    await bill(database, books);
    const rows = await books.in((tx) =>
      tx.rows<{ version: number; raw: number }>(
        `select i.entry_version as version, i.raw_quantity as raw from billable_items i join item_balance b on b.workspace_id = $1 and b.item_id = i.id
         where i.workspace_id = $1 and b.allocated <> 0 order by 1`,
        [books.workspaceId],
      ),
    );
    expect(rows).toEqual([
      { version: 1, raw: 3600 },
      { version: 2, raw: 7200 },
    ]);
    expect((await summary(books)).filter((line) => !line.startsWith('issued'))).toEqual([]);
    expect(await totalOf(books, 'issued_net', 'GBP')).toBe('240');
  },
);

test('a difference names the version that was billed, not one that nobody ever claimed', async () => {
  const books = await newBooks();
  await take(books, [entryOf('1')]);
  await bill(database, books);
  for (const quantity of [7200, 9000]) await take(books, [entryOf('1', { quantity })]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
  await bill(database, books);
  const items = await books.in((tx) =>
    tx.rows(
      'select entry_version as version, replaces_version as replaces from billable_items where workspace_id = $1 order by id',
      [books.workspaceId],
    ),
  );
  expect(items).toEqual([
    { version: 1, replaces: null },
    { version: 3, replaces: 1 },
  ]);
});

test('an edit at the very moment of issue either holds the invoice or is an exception after it, never lost', async () => {
  for (let round = 0; round < 8; round += 1) {
    const books = await newBooks();
    const run = await drafted(books, 2);
    const [block] = await Promise.all([
      issueAll(books, run),
      sleep(round).then(() => take(books, [edited(1, { quantity: 7200 })])),
    ]);
    expect(block.issued + block.held).toBe(1);
    expect(await exceptionsOf(books)).toMatchObject([
      { rule: 'entry.changed_after_claim' },
      ...(block.held === 1 ? [{ rule: 'invoice.held' }] : []),
    ]);
    await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
    await bill(database, books);
    const [held] = (await invoicesOf(books)).filter((invoice) => invoice.status === 'held');
    if (held)
      await books.in((tx) => issueInvoices(tx, [held.id], 'test', new Date().toISOString(), 'agreed'));
    const net = (await invoicesOf(books)).reduce((sum, invoice) => sum.plus(invoice.net), new Decimal(0));
    expect(net.toFixed(2)).toBe('240.00');
  }
});

test('eight issuers of blocks at once give numbers without a gap, each invoice one', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  const run = await drafted(books, 120);
  const issuer = async () => {
    for (;;) {
      const left = await books.in(async (tx) => {
        const ids = await issuableInvoices(tx, run.id, 7);
        if (ids.length > 0) await issueInvoices(tx, ids, 'test', new Date().toISOString());
        return ids.length;
      });
      if (left === 0) return;
    }
  };
  await Promise.all(Array.from({ length: 8 }, issuer));
  const invoices = await invoicesOf(books);
  expect(invoices.map((invoice) => invoice.sequence)).toEqual(
    Array.from({ length: 120 }, (_, index) => index + 1),
  );
  expect(new Set(invoices.map((invoice) => invoice.number)).size).toBe(120);
});

test('a block that fails after its numbers were given leaves no gap', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  const run = await drafted(books, 4);
  const failing = books.in(async (tx) => {
    await issueInvoices(tx, await issuableInvoices(tx, run.id, 2), 'test', new Date().toISOString());
    throw new Error('the disk is full');
  });
  await expect(failing).rejects.toThrow('the disk is full');
  await issueAll(books, run);
  expect((await invoicesOf(books)).map((invoice) => invoice.number)).toEqual([
    'NFE-0001',
    'NFE-0002',
    'NFE-0003',
    'NFE-0004',
  ]);
});

test('issue dates never run backwards, and are days of the seller', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'entry', line: 'entry' } } });
  const run = await drafted(books, 3);
  const issueOne = (now: string) =>
    books.in(async (tx) => issueInvoices(tx, await issuableInvoices(tx, run.id, 1), 'test', now));
  // 23:30 UTC in summer is already tomorrow in London.
  await issueOne('2026-06-30T23:30:00.000Z');
  // A clock that was set back, or a server in another zone.
  await issueOne('2026-06-15T12:00:00.000Z');
  await issueOne('2026-07-02T12:00:00.000Z');
  const rows = await books.in((tx) =>
    tx.rows('select issue_date, due_date from client_invoices where workspace_id = $1 order by sequence', [
      books.workspaceId,
    ]),
  );
  expect(rows).toEqual([
    { issueDate: '2026-07-01', dueDate: '2026-07-31' },
    { issueDate: '2026-07-01', dueDate: '2026-07-31' },
    { issueDate: '2026-07-02', dueDate: '2026-08-01' },
  ]);
});

test('an issued invoice and its lines cannot be changed, and a draft can', async () => {
  const books = await newBooks();
  const run = await drafted(books, 2);
  const change = 'update client_invoices set net = net + 1, total = total + 1 where workspace_id = $1';
  await books.in(async (tx) => {
    await tx.run(change, [books.workspaceId]);
    await tx.run('update client_invoices set net = net - 1, total = total - 1 where workspace_id = $1', [
      books.workspaceId,
    ]);
  });
  await issueAll(books, run);
  for (const sql of [
    change,
    "update client_invoices set number = 'X' where workspace_id = $1",
    "update client_invoices set issue_date = '2026-01-01' where workspace_id = $1",
    "update client_invoices set snapshot = '{}' where workspace_id = $1",
    "update client_invoices set status = 'draft' where workspace_id = $1",
    'update invoice_lines set amount = 0 where workspace_id = $1',
    'delete from invoice_lines where workspace_id = $1',
    'delete from client_invoices where workspace_id = $1',
    `insert into invoice_lines (workspace_id, invoice_id, line_no, group_key, description, quantity, unit, unit_price, amount, tax_category, tax_rate, item_count, formula)
     select workspace_id, id, 9, 'x', 'x', 1, 'hour', 1, 1, 'exempt', 0, 0, '{}' from client_invoices where workspace_id = $1`,
  ]) {
    await expect(
      books.in((tx) => tx.run(sql, [books.workspaceId])),
      sql,
    ).rejects.toThrow(/issued|permission denied|check constraint/);
    // The owner's login is held by the same triggers.
    await expect(owner.query(sql, [books.workspaceId]), sql).rejects.toThrow(
      /issued|append-only|check constraint/,
    );
  }
  expect(await summary(books)).toEqual(['issued NFE-0001 160.00']);
});

test('what was true at issue is kept: terms, names and tax changed later do not reach the invoice', async () => {
  const books = await newBooks({ contract: { tax: { rate: '20', category: 'standard' } } });
  const run = await drafted(books);
  await issueAll(books, run);
  await books.in((tx) =>
    tx.run("update clients set name = 'Renamed', payment_terms_days = 5 where workspace_id = $1", [
      books.workspaceId,
    ]),
  );
  await books.in((tx) =>
    tx.run(
      `update contracts set tax = '{"rate": "7", "category": "reduced"}', rounding = '{"mode": "down", "moneyPlaces": 0, "quantityPlaces": 0}' where workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  const row = await books.in((tx) =>
    tx.row<{ snapshot: Record<string, unknown>; tax: string; total: string }>(
      'select snapshot, tax, total from client_invoices where workspace_id = $1',
      [books.workspaceId],
    ),
  );
  expect(row).toMatchObject({
    tax: '16.00',
    total: '96.00',
    snapshot: {
      client: { name: 'Northern Ferries' },
      paymentTermsDays: 30,
      contract: { tax: { rate: '20' }, rounding: { mode: 'half_up' } },
    },
  });
});

test('a draft is issued by the tax and the rounding that made it, whatever the contract says by then', async () => {
  const tax = { rate: '20', category: 'standard' };
  const books = await newBooks({ rate: '33.335', contract: { tax } });
  await take(books, [entryOf('1', { quantity: 3780 })]);
  // Compiled with two places of a quantity, drafted with one.
  const first = await requestBilling(books, { finishAt: 'draft' });
  await billingActivities(database).compileRun(refOf(books, first));
  const change = (terms: string, places: number) =>
    books.in((tx) =>
      tx.run('update contracts set tax = $2, rounding = $3 where workspace_id = $1', [
        books.workspaceId,
        terms,
        JSON.stringify({ mode: 'half_up', moneyPlaces: places, quantityPlaces: 1 }),
      ]),
    );
  await change(JSON.stringify(tax), 2);
  await carryOut(database, books, first);
  expect(await linesOf(books)).toMatchObject([{ quantity: '1.05', unitPrice: '33.335', amount: '35.00' }]);
  const formula = await books.in((tx) =>
    tx.row<{ rounded: string }>(
      "select formula ->> 'roundedQuantity' as rounded from invoice_lines where workspace_id = $1",
      [books.workspaceId],
    ),
  );
  expect(formula).toEqual({ rounded: '1.05' });
  await change(JSON.stringify({ rate: '0', category: 'exempt' }), 0);
  await expectBalanced(database, books);
  await issueAll(books, first);
  const issued = await books.in((tx) =>
    tx.row(
      "select net, tax, total, snapshot #> '{contract,tax}' as terms, snapshot #> '{contract,rounding,moneyPlaces}' as places from client_invoices where workspace_id = $1",
      [books.workspaceId],
    ),
  );
  expect(issued).toEqual({ net: '35.00', tax: '7.00', total: '42.00', terms: tax, places: 2 });
});

const linesOf = (books: Books) =>
  books.in((tx) =>
    tx.rows<{
      kind: string;
      quantity: string;
      unit: string;
      unitPrice: string;
      amount: string;
      itemCount: number;
    }>(
      `select kind, quantity, unit, unit_price, amount, item_count from invoice_lines where workspace_id = $1 order by amount desc, id`,
      [books.workspaceId],
    ),
  );

test.each(
  groupingModes.flatMap((invoice) =>
    (['entry', 'one_line'] as const).map((line) => [invoice, line] as const),
  ),
)('grouped by %s with lines by %s, every entry is on one line', async (invoice, line) => {
  const books = await newBooks({ projects: ['P1', 'P2'], contract: { grouping: { invoice, line } } });
  await take(
    books,
    entries(12, (index) => ({
      project: { externalId: null, code: `P${1 + (index % 2)}`, name: null },
      task: { externalId: null, code: null, name: `Task ${index % 3}` },
      person: { externalId: null, code: null, name: `Hand ${index % 4}`, email: null },
      position: index % 2 === 0 ? 'Engineer' : null,
      workDate: ['2026-03-02', '2026-03-08', '2026-03-09', '2026-04-01'][index % 4]!,
    })),
    { createMissing: ['person', 'task'] },
  );
  await bill(database, books);
  const expected = {
    client: 1,
    project: 2,
    task: 6,
    person: 4,
    phase: 2,
    position: 2,
    day: 4,
    week: 3,
    month: 2,
    entry: 12,
    one_line: 1,
  }[invoice];
  expect(await invoicesOf(books)).toHaveLength(expected);
  const lines = await linesOf(books);
  expect(lines).toHaveLength(line === 'entry' ? 12 : expected);
  expect(lines.reduce((sum, row) => sum + row.itemCount, 0)).toBe(12);
  expect(await totalOf(books, 'issued_net', 'GBP')).toBe('960');
});

test('items of unequal price on one line become a lump sum; equal prices written otherwise do not', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'client', line: 'project' } } });
  await books.in((tx) =>
    tx.run(
      `insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values
         ($1, 'contract', $2, 'Mate', '80.0000', 'GBP'), ($1, 'contract', $2, 'Master', '95.5000', 'GBP')`,
      [books.workspaceId, books.contractId],
    ),
  );
  await take(books, [entryOf('1'), entryOf('2', { position: 'Mate', quantity: 5400 })]);
  await bill(database, books);
  expect(await linesOf(books)).toMatchObject([
    { kind: 'time', quantity: '2.50', unit: 'hour', amount: '200.00' },
  ]);
  await take(books, [entryOf('3'), entryOf('4', { position: 'Master' })]);
  await bill(database, books);
  expect((await linesOf(books))[1]).toMatchObject({
    kind: 'lump_sum',
    quantity: '1',
    unit: 'lump sum',
    unitPrice: '175.50',
    amount: '175.50',
    itemCount: 2,
  });
});

test('a lump sum of corrections downwards is negative by quantity, never by price', async () => {
  const books = await newBooks({ contract: { grouping: { invoice: 'client', line: 'one_line' } } });
  await books.in((tx) =>
    tx.run(
      "insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values ($1, 'contract', $2, 'Mate', 50, 'GBP')",
      [books.workspaceId, books.contractId],
    ),
  );
  await take(books, [entryOf('1'), entryOf('2', { position: 'Mate' })]);
  await bill(database, books);
  await take(books, [entryOf('1', { quantity: 1800 }), entryOf('2', { position: 'Mate', quantity: 0 })]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
  // By itself it carries forward; what a person chose is drafted.
  await bill(database, books);
  const itemIds = await books.in((tx) =>
    tx.rows<{ id: string }>('select id from billable_items where workspace_id = $1 and quantity < 0', [
      books.workspaceId,
    ]),
  );
  const chosen = { finishAt: 'draft', itemIds: itemIds.map(({ id }) => id) } as const;
  await carryOut(database, books, await requestBilling(books, chosen));
  expect((await linesOf(books))[1]).toMatchObject({
    kind: 'lump_sum',
    quantity: '-1',
    unitPrice: '90.00',
    amount: '-90.00',
  });
});

test('rounding is never lost: allocations make the line, lines make the invoice, quantity × price is the amount', async () => {
  const rate = fc
    .integer({ min: 0, max: 2_000_000 })
    .map((tenThousandths) => new Decimal(tenThousandths).div(10_000).toFixed(4));
  const scenario = fc.record({
    rates: fc.array(rate, { minLength: 1, maxLength: 3 }),
    seconds: fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 1, maxLength: 12 }),
    mode: fc.constantFrom('half_up', 'half_even', 'down', 'up'),
    places: fc.constantFrom(0, 2, 3),
    line: fc.constantFrom('project', 'entry', 'position', 'one_line'),
    tax: fc.constantFrom('0', '20', '7.7'),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ rates, seconds, mode, places, line, tax }) => {
      const books = await openBooks(database, {
        rate: null,
        contract: {
          grouping: { invoice: 'client', line },
          rounding: { mode, moneyPlaces: places, quantityPlaces: 2 },
          tax: { rate: tax, category: 'standard' },
        },
      });
      await books.in(async (tx) => {
        await tx.run(
          "insert into strategies (workspace_id, scope_type, scope_id, category, method) values ($1, 'workspace', $1, 'labor', 'service_rates')",
          [tx.workspaceId],
        );
        for (const [index, regular] of rates.entries())
          await tx.run(
            "insert into rate_cards (workspace_id, scope_type, scope_id, position, regular_rate, currency) values ($1, 'contract', $2, $3, $4, 'GBP')",
            [tx.workspaceId, books.contractId, `R${index}`, regular],
          );
      });
      await take(
        books,
        seconds.map((quantity, index) =>
          entryOf(String(index), {
            quantity,
            position: `R${index % rates.length}`,
            person: { externalId: null, code: null, name: `Hand ${index}`, email: null },
          }),
        ),
      );
      await bill(database, books);
      const exact = seconds.reduce(
        (sum, quantity, index) =>
          sum.plus(
            new Decimal(new Decimal(quantity).div(3600).toFixed(2, roundingOf[mode])).times(
              rates[index % rates.length]!,
            ),
          ),
        new Decimal(0),
      );
      const issued = (await invoicesOf(books)).reduce(
        (sum, invoice) => sum.plus(invoice.net),
        new Decimal(0),
      );
      const lines = await linesOf(books);
      // Off by less than one unit for each line that was rounded, and the verification holds the rest to the cent.
      expect(
        issued
          .minus(exact)
          .abs()
          .lte(new Decimal(10).pow(-places).times(Math.max(1, lines.length))),
      ).toBe(true);
      for (const { kind, quantity, unitPrice, amount } of lines)
        if (kind !== 'lump_sum')
          expect(
            new Decimal(quantity).times(unitPrice).toDecimalPlaces(places, roundingOf[mode]).eq(amount),
          ).toBe(true);
      await expectBalanced(database, books);
    }),
    { numRuns: 25 },
  );
});
const roundingOf = {
  half_up: Decimal.ROUND_HALF_UP,
  half_even: Decimal.ROUND_HALF_EVEN,
  down: Decimal.ROUND_DOWN,
  up: Decimal.ROUND_UP,
};

test.each([
  [
    'contract.outside_dates',
    "ends_before = '2026-02-01' where workspace_id = $1",
    'ends_before = null where workspace_id = $1',
  ],
  [
    'contract.before_go_live',
    "go_live_on = '2026-04-01' where workspace_id = $1",
    "go_live_on = '2026-03-01' where workspace_id = $1",
  ],
])('once the contract is mended (%s) the next run bills what it blocked', async (rule, wrong, right) => {
  const books = await newBooks();
  await books.in((tx) => tx.run(`update contracts set ${wrong}`, [books.workspaceId]));
  await take(books, [...entries(3), entryOf('old', { workDate: '2025-12-01' })]);
  await bill(database, books);
  expect(await invoicesOf(books)).toEqual([]);
  await books.in((tx) => tx.run(`update contracts set ${right}`, [books.workspaceId]));
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 240.00']);
  // What still holds stays open.
  expect((await exceptionsOf(books)).map((row) => row.rule)).toEqual([
    'contract.before_go_live',
    'contract.outside_dates',
  ]);
  expect((await exceptionsOf(books, 'fixed')).map((row) => row.rule)).toEqual([rule, rule, rule]);
});

test('once a project is billable the next run bills what that blocked', async () => {
  const books = await newBooks();
  await books.in((tx) =>
    tx.run('update projects set billable = false where workspace_id = $1', [books.workspaceId]),
  );
  await take(books, entries(2));
  await bill(database, books);
  expect((await exceptionsOf(books)).map((row) => row.rule)).toEqual([
    'project.not_billable',
    'project.not_billable',
  ]);
  await books.in((tx) =>
    tx.run('update projects set billable = true where workspace_id = $1', [books.workspaceId]),
  );
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 160.00']);
  expect(await exceptionsOf(books)).toEqual([]);
});

test('a warning of the contract pass blocks until a person releases it; an error blocks for good', async () => {
  const books = await newBooks({
    contract: { endsBefore: '2026-03-02', severities: { 'contract.outside_dates': 'W' } },
  });
  await take(books, [entryOf('1'), entryOf('2', { workDate: '2025-12-31' })]);
  await bill(database, books);
  expect(await invoicesOf(books)).toEqual([]);
  expect((await exceptionsOf(books)).map((row) => `${row.rule} ${row.severity}`).sort()).toEqual([
    'contract.before_go_live E',
    'contract.outside_dates W',
    'contract.outside_dates W',
  ]);
  await books.in((tx) =>
    releaseWarnings(
      tx,
      { rules: ['contract.outside_dates', 'contract.before_go_live'] },
      'test',
      'agreed by phone',
    ),
  );
  await bill(database, books);
  expect(await summary(books)).toEqual(['issued NFE-0001 80.00']);
});
