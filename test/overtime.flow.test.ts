import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ClauseChange, readClauses } from '../domain/contract-terms.ts';
import { compileChunk } from '../store/compile.ts';
import { openCompile } from '../store/compile-context.ts';
import { contractsInScope } from '../store/contract-scope.ts';
import { amendContract } from '../store/contract-versions.ts';
import { contracts } from '../store/contracts.ts';
import { releaseWarnings } from '../store/exceptions.ts';
import { insertCalendar, replaceHolidays } from '../store/holiday-calendars.ts';
import { insertMilestone, lockMilestone, reachMilestone } from '../store/milestones.ts';
import type { CompileCursor } from '../store/open-entries.ts';
import { projects } from '../store/projects.ts';
import {
  type Books,
  bill,
  cutoffOn,
  entryOf,
  exceptionsOf,
  expectBalanced,
  invoicesOf,
  openBooks,
  requestBilling,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
const opened: Books[] = [];
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterEach(async () => {
  for (const books of opened.splice(0)) await expectBalanced(scratch.database, books);
});
afterAll(() => scratch.drop());

/** A contract at 80.00 an hour with these clauses. */
async function booksWith(clauses: ClauseChange, projects?: string[]): Promise<Books> {
  const books = await openBooks(scratch.database, {
    contract: { clauses: readClauses(clauses) },
    ...(projects && { projects }),
  });
  opened.push(books);
  return books;
}
const hour = 3600;
const eightHours = { overtime: { dailyAfterSeconds: 8 * hour, multiplier: '1.5' } };

/** Open and drafted items, not those that went back, as `day kind hours × price`. */
const itemsOf = async (books: Books) =>
  (
    await books.in((tx) =>
      tx.rows<{ text: string }>(
        `select work_date || ' ' || kind || ' ' || quantity || ' × ' || unit_price as text from billable_items
         where workspace_id = $1 and withdrawn_at is null order by work_date, id`,
        [books.workspaceId],
      ),
    )
  ).map((row) => row.text);
const netsOf = async (books: Books) => (await invoicesOf(books)).map((invoice) => invoice.net);
const amend = (books: Books, startsOn: string, change: ClauseChange) =>
  books.in(async (tx) =>
    amendContract(tx, (await contracts.lock(tx, books.contractId))!, {
      startsOn,
      change,
      reason: 'agreed',
      actor: 'test',
    }),
  );

test('a day of ten hours is a line of eight and a line of two at time and a half', async () => {
  const books = await booksWith(eightHours);
  await take(books, [entryOf('A', { quantity: 10 * hour })]);
  await bill(scratch.database, books);
  expect(await itemsOf(books)).toEqual([
    '2026-03-02 labor 8.00 × 80.00',
    '2026-03-02 labor_overtime 2.00 × 120.0000',
  ]);
  expect(await invoicesOf(books)).toMatchObject([{ net: '880.00', quantitySeconds: 36_000 }]);
  const lines = await books.in((tx) =>
    tx.rows<{ amount: string; description: string }>(
      'select amount, description from invoice_lines where workspace_id = $1 order by amount desc',
      [books.workspaceId],
    ),
  );
  expect(lines.map((line) => line.amount)).toEqual(['640.00', '240.00']);
  expect(lines[1]!.description).toContain('overtime');
});

test('hours already billed keep their class, and a late entry is the overtime of its day', async () => {
  const books = await booksWith(eightHours);
  await take(books, [entryOf('A', { quantity: 7 * hour })]);
  await bill(scratch.database, books);
  await take(books, [entryOf('B', { quantity: 3 * hour })]);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['560.00', '320.00']);
  // Corrected downwards: what goes back is overtime first, at its price.
  await take(books, [
    entryOf('B', { quantity: 2 * hour }),
    entryOf('C', { workDate: '2026-03-03', quantity: 4 * hour }),
  ]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, 'test', 'agreed'));
  await bill(scratch.database, books);
  expect((await itemsOf(books)).filter((item) => item.includes('-'))).toContain(
    '2026-03-02 labor_overtime -1.00 × 120.0000',
  );
});

test('a day over two projects is split by its hours, not by the project that a run walks first', async () => {
  const books = await booksWith(eightHours, ['P1', 'P2']);
  const at = (externalId: string, code: string, from: string) =>
    entryOf(externalId, {
      quantity: 5 * hour,
      project: { externalId: null, code, name: code },
      startedAt: `2026-03-02T${from}:00Z`,
      zone: 'Europe/London',
    });
  await take(books, [at('late', 'P1', '13:00'), at('early', 'P2', '07:00')]);
  const run = await requestBilling(books);
  const [contract] = await books.in((tx) => contractsInScope(tx, { type: 'contract', id: books.contractId }));
  const context = await books.in((tx) => openCompile(tx, { id: run.id, cutoffOn }, contract!));
  let cursor: CompileCursor | null = null;
  do {
    // One entry a chunk: each is compiled without the other at hand.
    cursor = (await books.in((tx) => compileChunk(tx, context, cursor, 1))).cursor;
  } while (cursor);
  const overtime = await books.in((tx) =>
    tx.rows<{ code: string; quantity: string }>(
      `select p.code, i.quantity from billable_items i join projects p on p.workspace_id = $1 and p.id = i.project_id
       where i.workspace_id = $1 and i.kind = 'labor_overtime'`,
      [books.workspaceId],
    ),
  );
  expect(overtime).toEqual([{ code: 'P1', quantity: '2.00' }]);
});

test('a holiday of the calendar is overtime whole, and a rate card’s overtime rate stands before the multiplier', async () => {
  const books = await booksWith({});
  await books.in(async (tx) => {
    const calendar = await insertCalendar(tx, { name: 'Norway' });
    await replaceHolidays(tx, calendar.id, [{ day: '2026-03-03', name: 'A day off' }]);
    await tx.run("update rate_cards set overtime_rate = 130 where workspace_id = $1 and position = '*'", [
      books.workspaceId,
    ]);
    await tx.run('update contracts set holiday_calendar_id = $2 where workspace_id = $1', [
      books.workspaceId,
      calendar.id,
    ]);
  });
  await amend(books, '2026-02-01', { overtime: { holidaysCount: true, multiplier: '2' } });
  await take(books, [entryOf('A'), entryOf('B', { workDate: '2026-03-03' })]);
  await bill(scratch.database, books);
  expect(await itemsOf(books)).toEqual([
    '2026-03-02 labor 1.00 × 80.00',
    '2026-03-03 labor_overtime 1.00 × 130',
  ]);
});

test('an amendment counts from its day, and the invoice names the versions it was billed by', async () => {
  const books = await booksWith({ paymentTermsDays: 14 });
  await amend(books, '2026-03-03', {
    ...eightHours,
    paymentTermsDays: 10,
    tax: { rate: '25', category: 'standard' },
    retentionPercentage: '5',
  });
  await take(books, [
    entryOf('A', { quantity: 10 * hour }),
    entryOf('B', { quantity: 10 * hour, workDate: '2026-03-03' }),
  ]);
  await bill(scratch.database, books);
  // 800 at version 0; 640 + 240 at version 1; tax and terms follow the last day of service.
  const rows = await books.in((tx) =>
    tx.rows(
      `select net, tax, due_date - issue_date as days, snapshot -> 'contract' -> 'versions' as versions, snapshot -> 'contract' ->> 'version' as version,
         (select amount from retentions r where r.workspace_id = $1 and r.invoice_id = i.id) as held from client_invoices i where workspace_id = $1`,
      [books.workspaceId],
    ),
  );
  expect(rows).toEqual([
    { net: '1680.00', tax: '420.00', days: 10, versions: [0, 1], version: '1', held: '84.00' },
  ]);
});

test('what no document holds yet is compiled anew under an amendment; what is billed stays', async () => {
  const books = await booksWith({ minimumInvoiceAmount: '1000' });
  await take(books, [entryOf('A', { quantity: 10 * hour })]);
  await bill(scratch.database, books);
  expect(await invoicesOf(books)).toEqual([]);
  await amend(books, '2026-03-01', { ...eightHours, minimumInvoiceAmount: null });
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['880.00']);
  await expect(amend(books, '2026-03-02', { overtime: null })).rejects.toMatchObject({
    code: 'contract.amends_billed_work',
  });
  await amend(books, '2026-03-03', { overtime: null });
  await take(books, [entryOf('B', { workDate: '2026-03-03', quantity: 10 * hour })]);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['880.00', '800.00']);
});

test('an amendment and a run at the same moment: what is invoiced goes by the terms of its day', async () => {
  for (let round = 0; round < 3; round += 1) {
    const books = await booksWith({});
    await take(books, [entryOf('A', { quantity: 10 * hour })]);
    const [, amended] = await Promise.allSettled([
      bill(scratch.database, books),
      amend(books, '2026-03-01', eightHours),
    ]);
    await bill(scratch.database, books);
    // Refused: the draft came first, and its hours are as they were.
    expect(await netsOf(books)).toEqual([amended.status === 'fulfilled' ? '880.00' : '800.00']);
  }
});

test('too little for an invoice waits, and goes out with what comes later', async () => {
  const books = await booksWith({ minimumInvoiceAmount: '160.00' });
  await take(books, [entryOf('A')]);
  await bill(scratch.database, books);
  expect(await invoicesOf(books)).toEqual([]);
  await take(books, [entryOf('B', { workDate: '2026-03-03' })]);
  await bill(scratch.database, books);
  expect(await invoicesOf(books)).toMatchObject([{ net: '160.00', quantitySeconds: 7200 }]);
});

test('hours under a fixed price are claimed without revenue, and are on no invoice', async () => {
  const books = await booksWith({ billingModel: { type: 'fixed_price', price: '5000', by: 'milestones' } });
  await take(books, [entryOf('A'), entryOf('X', { kind: 'expense', quantity: 4250 })]);
  await bill(scratch.database, books);
  const [item] = await books.in((tx) =>
    tx.rows(
      "select included, amount, raw_quantity, price_source from billable_items where workspace_id = $1 and kind = 'labor'",
      [books.workspaceId],
    ),
  );
  expect(item).toEqual({
    included: true,
    amount: '0',
    rawQuantity: 3600,
    priceSource: 'included in the fixed price',
  });
  expect(await netsOf(books)).toEqual(['42.50']);
});

test('time is rounded to its increment once for a person’s day on a task, or entry by entry', async () => {
  const minutes = (id: string, count: number) => entryOf(id, { quantity: count * 60 });
  const byDay = await booksWith({ timeRounding: { incrementSeconds: 900, mode: 'up', per: 'day_and_task' } });
  await take(byDay, [minutes('A', 10), minutes('B', 10), minutes('C', 11)]);
  await bill(scratch.database, byDay);
  const byEntry = await booksWith({ timeRounding: { incrementSeconds: 900, mode: 'up', per: 'entry' } });
  await take(byEntry, [minutes('A', 10), minutes('B', 10), minutes('C', 16)]);
  await bill(scratch.database, byEntry);
  // 31 minutes are three quarters; entry by entry 15 + 15 + 30 are four.
  expect([await netsOf(byDay), await netsOf(byEntry)]).toEqual([['60.00'], ['80.00']]);
});

test('a milestone that was reached is billed once, for its price, beside no hours of it', async () => {
  const books = await booksWith({ billingModel: { type: 'fixed_price', price: '5000', by: 'milestones' } });
  const projectId = books.projects.P1!;
  await books.in(async (tx) => {
    await projects.update(tx, projectId, { price: '5000' });
    const keel = await insertMilestone(tx, {
      projectId,
      name: 'Keel laid',
      kind: 'acceptance',
      price: '1500.00',
    });
    await insertMilestone(tx, { projectId, name: 'Launch', kind: 'acceptance', price: '3500.00' });
    await reachMilestone(tx, await lockMilestone(tx, keel.id), { actor: 'test', reason: 'accepted' });
  });
  await take(books, [entryOf('A')]);
  await bill(scratch.database, books);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['1500.00']);
  expect(await itemsOf(books)).toContainEqual(expect.stringContaining('milestone 1 × 1500.00'));
});

const retainer = (
  overage: 'bill' | 'exception',
  rollOver: 'none' | 'next_period' | 'all' = 'none',
): ClauseChange => ({
  billingModel: { type: 'retainer', measure: 'hours', quantity: '10', period: 'month', rollOver, overage },
});
const balancesOf = async (books: Books) =>
  books.in((tx) =>
    tx.rows<{ startsOn: string; balance: string; ledger: string }>(
      `select starts_on, balance, (select sum(quantity) from retainer_entries e where e.workspace_id = $1 and e.retainer_id = r.id) as ledger
       from retainers r where workspace_id = $1 order by starts_on`,
      [books.workspaceId],
    ),
  );
const monthly = (hours: Record<string, number>) =>
  Object.entries(hours).map(([workDate, count]) => entryOf(workDate, { workDate, quantity: count * hour }));

test('prepaid hours are drawn first, and what is beyond them is billed', async () => {
  const books = await booksWith(retainer('bill'));
  await take(books, monthly({ '2026-03-02': 8, '2026-03-03': 6, '2026-04-01': 3 }));
  await bill(scratch.database, books);
  // March brings 10 h of 14; April has 7 h left, and nothing of March.
  expect(await netsOf(books)).toEqual(['320.00']);
  expect(await balancesOf(books)).toEqual([
    { startsOn: '2026-03-01', balance: '0', ledger: '0' },
    { startsOn: '2026-04-01', balance: '7', ledger: '7' },
  ]);
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['320.00']);
});

test('what a month does not use is carried over, through a month without work too', async () => {
  const all = await booksWith(retainer('bill', 'all'));
  await take(all, monthly({ '2026-01-05': 4, '2026-03-02': 13, '2026-03-03': 12 }));
  await bill(scratch.database, all);
  // 6 left of January, 10 of February, 10 of March: 26 h for 25.
  expect(await invoicesOf(all)).toEqual([]);
  expect((await balancesOf(all)).map((row) => row.balance)).toEqual(['0', '0', '1']);
  const next = await booksWith(retainer('bill', 'next_period'));
  await take(next, monthly({ '2026-01-05': 4, '2026-03-02': 13, '2026-03-03': 12 }));
  await bill(scratch.database, next);
  // January's rest ends with February: 20 h for 25.
  expect(await netsOf(next)).toEqual(['400.00']);
});

test('where hours beyond the retainer are an exception, they wait for a release', async () => {
  const books = await booksWith(retainer('exception'));
  await take(books, monthly({ '2026-03-02': 8, '2026-03-03': 3 }));
  await bill(scratch.database, books);
  expect(await invoicesOf(books)).toEqual([]);
  expect(await exceptionsOf(books)).toMatchObject([{ rule: 'retainer.used_up', severity: 'W', entries: 1 }]);
  await books.in((tx) => releaseWarnings(tx, { rules: ['retainer.used_up'] }, 'test', 'the client agreed'));
  await bill(scratch.database, books);
  expect(await netsOf(books)).toEqual(['80.00']);
});
