/** Owns the race for the same work: two invoicers, a void and a credit at once, round after round. `RACE_ROUNDS` says how many. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Doer } from '../domain/duties.ts';
import { Refusal } from '../domain/refusal.ts';
import { contractsInScope } from '../store/contract-scope.ts';
import { lockCreditable } from '../store/credit-notes.ts';
import type { Database } from '../store/database.ts';
import { draftContract } from '../store/draft.ts';
import { issueCreditNote } from '../store/issue-credit-note.ts';
import { draftCreditNote } from '../store/make-credit-note.ts';
import { series } from '../store/series.ts';
import { voidInvoice } from '../store/void-invoice.ts';
import {
  type Books,
  bill,
  cutoffOn,
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
beforeAll(async () => {
  scratch = await createTestDatabase();
  database = scratch.database;
});
afterAll(() => scratch.drop());

const rounds = Number(process.env.RACE_ROUNDS ?? 100);
const verifyEvery = Math.ceil(rounds / 4);
const doer: Doer = { id: 'key:ada', name: 'Ada', memberId: null, personId: null, role: null };
const issuer = { doer, ownReason: null };
const now = () => new Date().toISOString();

/** True where it won; a refusal is what losing looks like. */
const attempt = (work: Promise<boolean>): Promise<boolean> =>
  work.catch((error: unknown) => {
    if (error instanceof Refusal) return false;
    throw error;
  });

/** As many issued invoices as rounds, each of one hour, and the books they are in. */
async function manyInvoices(): Promise<{ books: Books; invoiceIds: string[] }> {
  const books = await openBooks(database, {
    contract: { grouping: { invoice: 'entry', line: 'entry' } },
  });
  await books.in((tx) =>
    series.insert(tx, { sellerId: books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNNNN}' }),
  );
  const people = (index: number) => ({
    externalId: null,
    code: null,
    name: `Hand ${Math.floor(index / 20)}`,
    email: null,
  });
  await take(
    books,
    Array.from({ length: rounds + 1 }, (_, index) => entryOf(String(index), { person: people(index) })),
  );
  await bill(database, books);
  const invoiceIds = (await invoicesOf(books)).map((invoice) => invoice.id);
  expect(invoiceIds).toHaveLength(rounds + 1);
  return { books, invoiceIds };
}

test(`of two invoicers, a void and a credit on the same work exactly one wins, ${rounds} rounds`, {
  timeout: 900_000,
}, async () => {
  const { books, invoiceIds } = await manyInvoices();
  const [contract] = await books.in((tx) => contractsInScope(tx, { type: 'contract', id: books.contractId }));
  const invoicer = async () => {
    const { id } = await requestBilling(books, { finishAt: 'draft' });
    return books.in(async (tx) => {
      const drafted = await draftContract(tx, contract!, { id, actor: doer.id, projectIds: null, cutoffOn });
      return drafted.invoices > 0;
    });
  };
  const voiding = (invoiceId: string) =>
    books.in(async (tx) => {
      // Whoever finds it credited already would credit the nothing that is left.
      const { outcome } = await voidInvoice(tx, invoiceId, issuer, { reason: 'race', now: now() });
      return outcome === 'voided';
    });
  const crediting = (invoiceId: string) =>
    books.in(async (tx) => {
      const wanted = { by: 'full', disposition: 'bill_again' } as const;
      const invoice = (await lockCreditable(tx, invoiceId))!;
      const note = await draftCreditNote(tx, invoice, { wanted, reason: 'race', actor: doer.id });
      await issueCreditNote(tx, note.id, issuer, now());
      return true;
    });
  const release = () =>
    books.in((tx) =>
      tx.run(
        'update billable_items set held_reason = null where workspace_id = $1 and held_reason is not null',
        [books.workspaceId],
      ),
    );
  // The first invoice gives the invoicers the hour that they race for; every round's winner gives the next one.
  await voiding(invoiceIds[0]!);
  await release();
  const won = { drafts: 0, voids: 0, credits: 0 };
  for (const [round, invoiceId] of invoiceIds.slice(1).entries()) {
    const [first, second, voided, credited] = await Promise.all([
      attempt(invoicer()),
      attempt(invoicer()),
      attempt(voiding(invoiceId)),
      attempt(crediting(invoiceId)),
    ]);
    expect([first, second].filter(Boolean), `round ${round}: who bills the open hour`).toHaveLength(1);
    expect([voided, credited].filter(Boolean), `round ${round}: who takes the invoice back`).toHaveLength(1);
    won.drafts += 1;
    won.voids += Number(voided);
    won.credits += Number(credited);
    // What came back is held: nobody has billed it, however the race went.
    const standing = await books.in((tx) =>
      tx.row<{ quantity: string }>(
        'select coalesce(sum(quantity), 0) as quantity from allocations where workspace_id = $1 and invoice_id = $2',
        [books.workspaceId, invoiceId],
      ),
    );
    expect(Number(standing!.quantity)).toBe(0);
    await release();
    if (round % verifyEvery === 0) await expectBalanced(database, books);
  }
  await expectBalanced(database, books);
  expect(won.drafts).toBe(rounds);
  expect(won.voids).toBeGreaterThan(0);
  expect(won.credits).toBeGreaterThan(0);
});
