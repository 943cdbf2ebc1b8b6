/**
 * Owns the proof that the books balance whatever people do, in whatever order and at the same time: random steps by several
 * actors, and all of `slipway verify` after each. `BOOKS_RUNS`, `BOOKS_STEPS` and `BOOKS_SEED` make it longer or repeat one.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Doer } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { creditCorrections, creditDraft } from '../store/credit-corrections.ts';
import { lockCreditable } from '../store/credit-notes.ts';
import type { Database } from '../store/database.ts';
import { discardDraft } from '../store/draft.ts';
import { releaseWarnings } from '../store/exceptions.ts';
import { readInvoiceLines } from '../store/invoices.ts';
import { issueInvoices } from '../store/issue.ts';
import { issueCreditNote } from '../store/issue-credit-note.ts';
import { draftCreditNote, type WantedCreditNote } from '../store/make-credit-note.ts';
import { recordPayment } from '../store/payments.ts';
import { refundPayment } from '../store/refunds.ts';
import { reversePayment } from '../store/reverse-payment.ts';
import { series } from '../store/series.ts';
import { voidInvoice } from '../store/void-invoice.ts';
import {
  type Books,
  carryOut,
  entryOf,
  expectBalanced,
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

const runs = Number(process.env.BOOKS_RUNS ?? 6);
const steps = Number(process.env.BOOKS_STEPS ?? 12);
const seed = Number(process.env.BOOKS_SEED ?? 20261127);

const doer: Doer = { id: 'key:ada', name: 'Ada', memberId: null, personId: null, role: null };
const now = () => new Date().toISOString();
const today = () => now().slice(0, 10);

/** What somebody does: `pick` chooses among what is there at that moment, `size` says how much of it. */
interface Act {
  what: keyof typeof acts;
  pick: number;
  size: number;
}
type Do = (books: Books, act: Act) => Promise<unknown>;

async function choose<T>(books: Books, pick: number, sql: string): Promise<T | null> {
  const rows = await books.in((tx) => tx.rows<T & object>(`${sql} order by 1`, [books.workspaceId]));
  return rows.length === 0 ? null : rows[pick % rows.length]!;
}
const anInvoice = (books: Books, pick: number, condition: string) =>
  choose<{ id: string; open: string; clientId: string }>(
    books,
    pick,
    `select id, total - applied - credited - bad_debt as open, client_id from client_invoices where workspace_id = $1 and ${condition}`,
  );
const numbered = "number is not null and status <> 'void'";
const part = (amount: string, percent: number) =>
  new Decimal(amount).times(percent).div(100).toDecimalPlaces(2, Decimal.ROUND_UP).toFixed(2);

const acts = {
  work: (books, { pick, size }) =>
    take(
      books,
      [0, 1].map((index) =>
        entryOf(`${pick}-${index}`, {
          quantity: 900 * (1 + (size % 20)),
          workDate: `2026-03-0${1 + (pick % 9)}`,
        }),
      ),
    ),
  // Of an entry that is there, claimed or billed as it may be; the difference waits for its release.
  lateEdit: async (books, { pick, size }) => {
    const entry = await choose<{ externalId: string }>(
      books,
      pick,
      'select external_id from work_entries where workspace_id = $1',
    );
    if (entry) await take(books, [entryOf(entry.externalId, { quantity: 900 * (1 + (size % 20)) })]);
  },
  releaseChanges: (books) =>
    books.in((tx) => releaseWarnings(tx, { rules: ['entry.changed_after_claim'] }, doer.id, 'agreed')),
  draft: async (books) => carryOut(database, books, await requestBilling(books, { finishAt: 'draft' })),
  bill: async (books) => carryOut(database, books, await requestBilling(books)),
  select: async (books, { pick }) => {
    const item = await choose<{ id: string }>(
      books,
      pick,
      'select item_id as id from item_balance where workspace_id = $1 and allocated <> quantity',
    );
    if (item)
      await carryOut(database, books, await requestBilling(books, { finishAt: 'draft', itemIds: [item.id] }));
  },
  discard: async (books, { pick }) => {
    const draft = await anInvoice(books, pick, "status in ('draft', 'held')");
    if (draft) await books.in((tx) => discardDraft(tx, draft.id, doer.id, 'not yet'));
  },
  issue: async (books, { pick }) => {
    const draft = await anInvoice(books, pick, "status in ('draft', 'held')");
    if (draft) await books.in((tx) => issueInvoices(tx, [draft.id], doer.id, now(), 'agreed'));
  },
  void: async (books, { pick }) => {
    const invoice = await anInvoice(books, pick, numbered);
    if (invoice)
      await books.in((tx) =>
        voidInvoice(tx, invoice.id, { doer, ownReason: null }, { reason: 'wrong', now: now() }),
      );
  },
  credit: async (books, { pick, size }) => {
    const invoice = await anInvoice(books, pick, numbered);
    if (!invoice) return;
    await books.in(async (tx) => {
      const lines = await readInvoiceLines(tx, invoice.id, 0, 100);
      const lineId = lines[size % lines.length]!.id;
      const disposition = size % 2 === 0 ? 'bill_again' : 'write_off';
      const wanted: WantedCreditNote[] = [
        { by: 'full', disposition },
        { by: 'amount', amount: part(invoice.open, size) },
        { by: 'lines', disposition, lines: [{ kind: 'quantity', lineId }] },
        { by: 'lines', disposition, lines: [{ kind: 'quantity', lineId, quantity: '0.25' }] },
        { by: 'lines', disposition, lines: [{ kind: 'price', lineId, amount: '1.00' }] },
      ];
      const note = await draftCreditNote(tx, (await lockCreditable(tx, invoice.id))!, {
        wanted: wanted[size % wanted.length]!,
        reason: 'agreed',
        actor: doer.id,
      });
      await issueCreditNote(tx, note.id, { doer, ownReason: null }, now());
    });
  },
  // Of what carries forward or is on a draft below zero; where there is nothing, of an entry that turns out to be shorter.
  creditCorrections: async (books, act) => {
    const find = () =>
      choose<{ id: string }>(
        books,
        act.pick,
        'select item_id as id from item_balance where workspace_id = $1 and quantity < allocated',
      );
    if (!(await find())) {
      const entry = await choose<{ externalId: string; workDate: string }>(
        books,
        act.pick,
        `select e.external_id, v.work_date from work_entries e
         join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
         where e.workspace_id = $1 and v.quantity > 900`,
      );
      if (!entry) return;
      await take(books, [entryOf(entry.externalId, { workDate: entry.workDate, quantity: 900 })]);
      await acts.releaseChanges(books);
      await acts.draft(books);
    }
    const correction = await find();
    const draft = await anInvoice(books, act.size, "status in ('draft', 'held') and total < 0");
    const wanted = { issuer: { doer, ownReason: null }, reason: 'noted twice', now: now() };
    if (draft && act.size % 2 === 0) await books.in((tx) => creditDraft(tx, draft.id, wanted));
    else if (correction) await books.in((tx) => creditCorrections(tx, [correction.id], wanted));
    else throw new Refusal({ code: 'correction.none', message: 'Nothing is below zero.', whatToDo: '' });
  },
  pay: async (books, { pick, size }) => {
    const invoice = await anInvoice(books, pick, `${numbered} and total > applied + credited + bad_debt`);
    if (!invoice) return;
    const amount = part(invoice.open, size);
    await books.in((tx) =>
      recordPayment(tx, {
        clientId: invoice.clientId,
        currency: 'GBP',
        // Sometimes more than is applied: the rest stays on account.
        amount: size % 3 === 0 ? new Decimal(amount).plus(5).toFixed(2) : amount,
        valueDate: today(),
        reference: null,
        connectionId: null,
        externalId: null,
        actor: 'key:bob',
        applications: [{ invoiceId: invoice.id, amount }],
      }),
    );
  },
  reverse: async (books, { pick }) => {
    const payment = await choose<{ id: string }>(
      books,
      pick,
      "select id from payments where workspace_id = $1 and direction = 'incoming' and status = 'cleared'",
    );
    if (payment) await books.in((tx) => reversePayment(tx, payment.id, doer.id, 'returned'));
  },
  refund: async (books, { pick, size }) => {
    const paid = await choose<{ id: string; amount: string }>(
      books,
      pick,
      `select payment_id as id, sum(amount) as amount from payment_applications where workspace_id = $1 and kind = 'on_account'
       group by 1 having sum(amount) > 0`,
    );
    if (paid)
      await books.in((tx) =>
        refundPayment(
          tx,
          paid.id,
          {
            amount: part(paid.amount, size),
            method: 'wire',
            valueDate: today(),
            reference: null,
            reason: 'too much',
            ownReason: null,
          },
          doer,
        ),
      );
  },
  releaseHeld: (books) =>
    books.in((tx) =>
      tx.run(
        'update billable_items set held_reason = null where workspace_id = $1 and held_reason is not null',
        [books.workspaceId],
      ),
    ),
} satisfies Record<string, Do>;

/** A refusal is an answer; whatever else fails is a fault. */
async function perform(books: Books, act: Act): Promise<string> {
  try {
    await acts[act.what](books, act);
    return 'done';
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw new Error(`${act.what} failed: ${(error as Error).message}`, { cause: error });
  }
}

const names = Object.keys(acts) as (keyof typeof acts)[];
// Twice what makes something to correct.
const weighted = [...names, 'work', 'bill', 'bill', 'credit', 'pay'] as const;
const act: fc.Arbitrary<Act> = fc.record({
  what: fc.constantFrom(...weighted),
  pick: fc.nat(50),
  size: fc.integer({ min: 1, max: 100 }),
});

test('the books balance after every step, whatever several people do at once', {
  timeout: 600_000,
}, async () => {
  const done = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(act, { minLength: 1, maxLength: 3 }), { minLength: steps, maxLength: steps }),
      async (sequence) => {
        const books = await openBooks(database, {
          contract: {
            tax: { rate: '20', category: 'standard' },
            grouping: { invoice: 'day', line: 'entry' },
          },
        });
        await books.in((tx) =>
          series.insert(tx, { sellerId: books.sellerId, documentType: 'credit_note', pattern: 'CN-{NNNN}' }),
        );
        await perform(books, { what: 'work', pick: 0, size: 8 });
        await perform(books, { what: 'bill', pick: 0, size: 1 });
        for (const together of sequence) {
          const outcomes = await Promise.all(together.map((one) => perform(books, one)));
          for (const [index, { what }] of together.entries())
            if (outcomes[index] === 'done') done.set(what, (done.get(what) ?? 0) + 1);
          await expectBalanced(database, books);
        }
      },
    ),
    { numRuns: runs, seed, endOnFailure: true },
  );
  // A sequence that does nothing proves nothing.
  expect(names.filter((name) => (done.get(name) ?? 0) === 0)).toEqual([]);
});
