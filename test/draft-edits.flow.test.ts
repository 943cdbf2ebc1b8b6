/** Owns the proof that no edit of a draft loses or doubles anything: random edits, and the books balance after each. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '../domain/refusal.ts';
import { adjustItem } from '../store/adjust-item.ts';
import type { WorkspaceTx } from '../store/database.ts';
import { discardDraft } from '../store/draft.ts';
import { addDiscount, removeDiscount } from '../store/draft-discounts.ts';
import { readDiscounts } from '../store/edit-draft.ts';
import { holdItems, lockPendingItems, releaseItems } from '../store/pending-items.ts';
import { recalculateDraft } from '../store/recalculate-draft.ts';
import { reverseWriteOff, writeOffItems } from '../store/write-off-items.ts';
import {
  type Books,
  bill,
  carryOut,
  entryOf,
  expectBalanced,
  openBooks,
  requestBilling,
  take,
} from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let scratch: TestDatabase;
beforeAll(async () => {
  scratch = await createTestDatabase();
});
afterAll(() => scratch.drop());

const doer = { id: 'test', name: 'Test', memberId: null, personId: null, role: null };
const by = { actor: 'test', reason: 'as it came' };

const idsOf = async (tx: WorkspaceTx, sql: string) =>
  (await tx.rows<{ id: string }>(sql, [tx.workspaceId])).map((row) => row.id);
const items = (tx: WorkspaceTx) =>
  idsOf(tx, 'select id from billable_items where workspace_id = $1 order by id');
const drafts = (tx: WorkspaceTx) =>
  idsOf(
    tx,
    "select id from client_invoices where workspace_id = $1 and status in ('draft', 'held') order by id",
  );

/** Each picks what it is about by a number; where there is nothing to pick, it does nothing. */
const edits: Record<string, (tx: WorkspaceTx, pick: <T>(from: readonly T[]) => T) => Promise<unknown>> = {
  hold: async (tx, pick) => holdItems(tx, [pick(await items(tx))], by),
  release: async (tx, pick) => releaseItems(tx, await lockPendingItems(tx, [pick(await items(tx))]), by),
  adjustQuantity: async (tx, pick) => {
    const [item] = await lockPendingItems(tx, [pick(await items(tx))]);
    return adjustItem(tx, item!, { quantity: pick(['0.33', '1.5', '2.25']) }, by);
  },
  adjustPrice: async (tx, pick) => {
    const [item] = await lockPendingItems(tx, [pick(await items(tx))]);
    return adjustItem(tx, item!, { unitPrice: pick(['0', '33.3333', '119.99']) }, by);
  },
  writeOff: async (tx, pick) =>
    writeOffItems(tx, await lockPendingItems(tx, [pick(await items(tx))]), { ...by, reasonCode: 'goodwill' }),
  reverse: async (tx, pick) =>
    reverseWriteOff(
      tx,
      pick(await idsOf(tx, 'select id from time_write_offs where workspace_id = $1 order by id')),
      by,
    ),
  discount: async (tx, pick) =>
    addDiscount(
      tx,
      pick(await drafts(tx)),
      {
        lineId: null,
        reason: 'Goodwill',
        ...pick([
          { percentage: '7.5', fixedAmount: null },
          { percentage: null, fixedAmount: '3.33' },
        ]),
      },
      doer,
    ),
  noDiscount: async (tx, pick) => {
    const draftId = pick(await drafts(tx));
    return removeDiscount(tx, draftId, pick(await readDiscounts(tx, draftId)).id, 'test');
  },
  recalculate: async (tx, pick) => recalculateDraft(tx, pick(await drafts(tx)), 'test'),
  discard: async (tx, pick) => discardDraft(tx, pick(await drafts(tx)), 'test', 'as it came'),
};
const names = [...Object.keys(edits), 'run', 'run'];

test('random edits of drafts and items: after each the books balance, and in the end every hour is somewhere', async () => {
  let done = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(1_000)), { minLength: 6, maxLength: 12 }),
      fc.constantFrom<'entry' | 'one_line' | 'person'>('entry', 'one_line', 'person'),
      async (steps, line) => {
        const books: Books = await openBooks(scratch.database, {
          contract: { tax: { category: 'standard', rate: '19' }, grouping: { invoice: 'month', line } },
        });
        const days = ['2026-03-02', '2026-03-03', '2026-04-01', '2026-04-02'];
        await take(
          books,
          days.map((workDate, index) => entryOf(String(index), { workDate, quantity: 1200 + 700 * index })),
        );
        const run = async () =>
          carryOut(scratch.database, books, await requestBilling(books, { finishAt: 'draft' }));
        await run();
        for (const [name, number] of steps) {
          const pick = <T>(from: readonly T[]): T => {
            if (from.length === 0) throw new Refusal({ code: 'nothing', message: 'Nothing to pick.' });
            return from[number % from.length]!;
          };
          try {
            if (name === 'run') await run();
            else await books.in((tx) => edits[name]!(tx, pick));
            done += 1;
          } catch (error) {
            // What the tables do not allow is refused, and leaves nothing.
            if (!(error instanceof Refusal)) throw error;
          }
          await expectBalanced(scratch.database, books);
        }
        await bill(scratch.database, books);
        await expectBalanced(scratch.database, books);
      },
    ),
    { numRuns: 8 },
  );
  expect(done).toBeGreaterThan(20);
}, 300_000);
