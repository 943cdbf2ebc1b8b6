import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClauseChange, readClauses } from '../domain/contract-terms.ts';
import { insertMilestone, lockMilestone, reachMilestone } from '../store/milestones.ts';
import { projects } from '../store/projects.ts';
import { verifyWorkspace } from '../store/verify.ts';
import { type Books, bill, entryOf, expectBalanced, openBooks, take } from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  scratch = await createTestDatabase();
  owner = new pg.Client({ connectionString: scratch.url });
  await owner.connect();
  // Triggers off: what a bug, a restore or a person with the owner's login could do.
  await owner.query('set session_replication_role = replica');
});
afterAll(async () => {
  await owner.end();
  await scratch.drop();
});

const booksWith = (clauses: ClauseChange): Promise<Books> =>
  openBooks(scratch.database, { contract: { clauses: readClauses(clauses) } });

/** Ten hours prepaid a month: 8 h drawn in March, 2 h carried into April. */
async function drawn(): Promise<Books> {
  const books = await booksWith({
    billingModel: { type: 'retainer', measure: 'hours', quantity: '10', period: 'month', rollOver: 'all' },
  });
  await take(books, [
    entryOf('A', { quantity: 8 * 3600 }),
    entryOf('B', { workDate: '2026-04-01', quantity: 3600 }),
  ]);
  await bill(scratch.database, books);
  return books;
}

async function reached(): Promise<Books> {
  const books = await booksWith({ billingModel: { type: 'fixed_price', price: '900', by: 'milestones' } });
  const projectId = books.projects.P1!;
  await books.in(async (tx) => {
    await projects.update(tx, projectId, { price: '900' });
    const keel = await insertMilestone(tx, { projectId, name: 'Keel', kind: 'acceptance', price: '900.00' });
    await reachMilestone(tx, await lockMilestone(tx, keel.id), { actor: 'test', reason: null });
  });
  await bill(scratch.database, books);
  return books;
}

// $1 is the workspace. Each falsifies one thing; the named check must be among those that say so.
test.each([
  ['retainers', drawn, 'update retainers set balance = balance + 1 where workspace_id = $1'],
  ['retainers', drawn, "delete from retainer_entries where workspace_id = $1 and kind = 'draw'"],
  ['retainers', drawn, "delete from allocations where workspace_id = $1 and kind = 'retainer'"],
  ['retainers', drawn, 'update retainer_draws set returned_at = now() where workspace_id = $1'],
  ['retainers', drawn, 'update retainers set fee_item_id = gen_random_uuid() where workspace_id = $1'],
  ['fixed prices', reached, 'update price_schedules set billed = billed - 1 where workspace_id = $1'],
  ['fixed prices', reached, 'update price_schedules set price = price + 1 where workspace_id = $1'],
  ['fixed prices', reached, "delete from price_schedule_entries where workspace_id = $1 and kind = 'billed'"],
  ['milestones', reached, 'update milestones set price = 899 where workspace_id = $1'],
  ['milestones', reached, "delete from billable_items where workspace_id = $1 and kind = 'milestone'"],
] as const)('%s: says so after a change (%#)', async (check, make, sql) => {
  const books = await make();
  await expectBalanced(scratch.database, books);
  expect((await owner.query(sql, [books.workspaceId])).rowCount).toBeGreaterThan(0);
  const { checks } = await verifyWorkspace(scratch.database, books.workspaceId);
  expect(checks.filter((one) => !one.ok).map((one) => one.name)).toContain(check);
});
