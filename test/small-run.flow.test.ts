import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { SubjectRef } from '../activities/look.ts';
import type { Database } from '../store/database.ts';
import { claimSubjects, type SubjectType } from '../store/outbox.ts';
import { type Run, readRun, readRunSteps, requestCancel } from '../store/runs.ts';
import {
  type Books,
  billingActivities,
  carryOut,
  entryOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  requestBilling,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let database: Database;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
  database = scratch.database;
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(database, books);
});
afterAll(() => scratch.drop());

/** A firm with so many hours at 80.00. */
async function firmWith(hours: number): Promise<Books> {
  const books = await openBooks(database);
  opened.push(books);
  await books.in((tx) =>
    tx.run('update clients set auto_invoicing = true where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      books.clientId,
    ]),
  );
  await take(
    books,
    Array.from({ length: hours }, (_, index) => entryOf(String(index))),
  );
  return books;
}
/** As a policy asks for one. */
const begin = (books: Books) =>
  requestBilling(books, {
    scope: { type: 'contract', id: books.contractId },
    trigger: 'entry',
    pulledBy: 'system:billing-policy',
    isInPlace: true,
  });
const refOf = (books: Books, run: Run) => ({ workspaceId: books.workspaceId, subjectId: run.id });
const runOf = async (books: Books, run: Run) => (await books.in((tx) => readRun(tx, run.id)))!;
const summary = async (books: Books) =>
  (await invoicesOf(books)).map(({ status, number, net }) => `${status} ${number} ${net}`);
/** Of the run, whether somebody is at each. */
const looks = (books: Books, run: Run) => looksAt(books, 'billing_run', run.id);
const looksAt = (books: Books, type: SubjectType, id: string) =>
  books.in((tx) =>
    tx.rows<{ isSignalled: boolean }>(
      'select signalled_at is not null as is_signalled from outbox where workspace_id = $1 and subject_type = $2 and subject_id = $3',
      [books.workspaceId, type, id],
    ),
  );
/** What its contract issues goes to a platform. */
async function pushedFirm(): Promise<Books> {
  const books = await firmWith(2);
  await books.in((tx) =>
    tx.run(
      `with made as (
         insert into connections (workspace_id, connector, name, go_live_on) values ($1, 'quickbooks', 'books', '2026-01-01') returning id)
       update contracts set target_connection_id = (select id from made) where workspace_id = $1 and id = $2`,
      [tx.workspaceId, books.contractId],
    ),
  );
  return books;
}
/** Is given each look of an invoice that waits for longer than this. */
const claimed = (waitedMs: number) =>
  database.inSystem((tx) =>
    claimSubjects(tx, { lane: 'interactive', limit: 100, afterId: '0', resignalAfterMs: waitedMs }),
  );

test('a run in place is billed and ended in one go, and nobody looks at it any more', async () => {
  const books = await firmWith(3);
  const run = await begin(books);
  expect(run.status).toBe('running');
  expect(await looks(books, run), 'kept for the case that nobody ends it').toEqual([{ isSignalled: true }]);
  await billingActivities(database).billInPlace(refOf(books, run));
  expect(await runOf(books, run)).toMatchObject({
    status: 'done',
    counts: { items: 3, seconds: 10_800, exceptions: 0, drafts: 1, draftedItems: 3, issued: 1, held: 0 },
  });
  const steps = await books.in((tx) => readRunSteps(tx, run.id));
  expect(steps).toMatchObject([
    { step: 'compile', status: 'done', done: 3, amount: { GBP: '240' } },
    { step: 'draft', status: 'done', done: 1, amount: { GBP: '240' } },
    { step: 'issue', status: 'done', done: 1, amount: { GBP: '240' } },
  ]);
  expect(steps.every(({ finishedAt }) => finishedAt !== null)).toBe(true);
  expect(await summary(books)).toEqual(['issued NFE-0001 240.00']);
  expect(await looks(books, run)).toEqual([]);
});

test('a run that nobody billed in place is billed by its own workflow, once, also when both are at it', async () => {
  const books = await firmWith(4);
  const run = await begin(books);
  const { billInPlace } = billingActivities(database);
  // The process died with it; its look is repeated, while the policy's own repeat begins too.
  await Promise.all([carryOut(database, books, run), billInPlace(refOf(books, run))]);
  await carryOut(database, books, run);
  await billInPlace(refOf(books, run));
  expect(await summary(books)).toEqual(['issued NFE-0001 320.00']);
  expect(await runOf(books, run)).toMatchObject({
    status: 'done',
    counts: { items: 4, drafts: 1, issued: 1 },
  });
  expect(await looks(books, run)).toEqual([]);
});

test('a run that is asked to stop before it is billed in place is left to its workflow, which takes nothing', async () => {
  const books = await firmWith(2);
  const run = await begin(books);
  await books.in((tx) => requestCancel(tx, run.id, 'member:ada'));
  await billingActivities(database).billInPlace(refOf(books, run));
  expect(await looks(books, run), 'it is sent at once').toEqual([{ isSignalled: false }]);
  expect((await carryOut(database, books, run)).status).toBe('cancelled');
  expect(await summary(books)).toEqual([]);
});

test('a run waits its turn where another of its contract is under way, and has its own workflow then', async () => {
  const books = await firmWith(2);
  const first = await begin(books);
  const second = await begin(books);
  expect(second.status).toBe('queued');
  expect(await looks(books, second)).toEqual([{ isSignalled: false }]);
  await billingActivities(database).billInPlace(refOf(books, first));
  expect((await carryOut(database, books, second)).status).toBe('done');
  expect(await summary(books)).toEqual(['issued NFE-0001 160.00']);
});

test('what a run in place issues is pushed at once, and its workflow is asked to look when that is over', async () => {
  const books = await pushedFirm();
  const run = await begin(books);
  const pushed: SubjectRef[] = [];
  const whilePushed: unknown[] = [];
  await billingActivities(database, async (ref) => {
    pushed.push(ref);
    whilePushed.push(await looksAt(books, 'client_invoice', ref.subjectId));
    return true;
  }).billInPlace(refOf(books, run));
  const [invoice] = await invoicesOf(books);
  expect(pushed).toEqual([{ workspaceId: books.workspaceId, subjectId: invoice!.id }]);
  expect(whilePushed, 'two would push it').toEqual([[{ isSignalled: true }]]);
  expect(await looksAt(books, 'client_invoice', invoice!.id)).toEqual([{ isSignalled: false }]);
  expect((await runOf(books, run)).status).toBe('done');
});

test('a push that fails in place ends the run all the same, and is left to the workflow of the invoice', async () => {
  const books = await pushedFirm();
  const run = await begin(books);
  await billingActivities(database, () => Promise.reject(new Error('the platform is away'))).billInPlace(
    refOf(books, run),
  );
  expect((await runOf(books, run)).status).toBe('done');
  const [invoice] = await invoicesOf(books);
  expect(await looksAt(books, 'client_invoice', invoice!.id)).toEqual([{ isSignalled: false }]);
});

test('a push in place that nobody ends does not keep its invoice from being looked at', async () => {
  const books = await pushedFirm();
  const run = await begin(books);
  let begun = () => {};
  const pushing = new Promise<void>((resolve) => {
    begun = resolve;
  });
  // As in a process that was killed: it never comes back.
  void billingActivities(database, () => {
    begun();
    return new Promise(() => undefined);
  }).billInPlace(refOf(books, run));
  await pushing;
  const [invoice] = await invoicesOf(books);
  const of = (subjects: { subjectId: string }[]) =>
    subjects.filter(({ subjectId }) => subjectId === invoice!.id);
  expect(of(await claimed(60_000)), 'somebody is at it').toEqual([]);
  await expect.poll(async () => of(await claimed(50)).length).toBe(1);
});

test('of many at once a few are billed in place and the others by their workflows: each contract once', async () => {
  const firms = await Promise.all(Array.from({ length: 7 }, (_, index) => firmWith(1 + index)));
  const { billInPlace } = billingActivities(database);
  const runs: Run[] = [];
  for (const books of firms) runs.push(await begin(books));
  await Promise.all(firms.map((books, index) => billInPlace(refOf(books, runs[index]!))));
  const statuses = await Promise.all(
    firms.map(async (books, index) => (await runOf(books, runs[index]!)).status),
  );
  expect(statuses.filter((status) => status === 'done')).toHaveLength(4);
  for (const [index, books] of firms.entries()) {
    if (statuses[index] === 'running')
      expect(await looks(books, runs[index]!)).toEqual([{ isSignalled: false }]);
    expect((await carryOut(database, books, runs[index]!)).status).toBe('done');
    expect(await summary(books)).toEqual([`issued NFE-0001 ${80 * (1 + index)}.00`]);
  }
});
