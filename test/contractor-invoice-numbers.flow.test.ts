/** Owns numbering under load: 50 submitters at once, at the database, with no number twice and none missing. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Doer } from '../domain/duties.ts';
import { submitContractorInvoice } from '../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../store/contractor-invoices.ts';
import { type Database, openDatabase, type WorkspaceTx } from '../store/database.ts';
import { people } from '../store/people.ts';
import { series } from '../store/series.ts';
import { type Books, expectBalanced, openBooks } from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

const submitters = 50;
const documentsEach = 100;

let scratch: TestDatabase;
/** A connection for each submitter. */
let wide: Database;
beforeAll(async () => {
  scratch = await createTestDatabase();
  wide = openDatabase(scratch.url, { poolSize: submitters });
});
afterAll(async () => {
  await wide.close();
  await scratch.drop();
});

const doer: Doer = { id: 'key:test', name: 'Test', memberId: null, personId: null, role: 'admin' };

/** A contractor with as many drafts, each with one approved ticket: made set-based, since this is about the numbers. */
async function contractorWithDrafts(books: Books, index: number): Promise<string[]> {
  return books.in(async (tx) => {
    const person = await people.insert(tx, {
      name: `Contractor ${index}`,
      kind: 'contractor',
      code: `C${String(index).padStart(2, '0')}`,
      currency: 'GBP',
    });
    const rows = await tx.rows<{ id: string }>(
      `with made as (
         insert into tickets (workspace_id, person_id, project_id, work_date, status, number, content_hash, approved_hash, revision)
         select $1, $2, $3, '2026-03-02', 'bundled', 'T-' || $4::int || '-' || n, '\\x01', '\\x01', 1 from generate_series(1, $5::int) n returning id),
       drafted as (
         insert into contractor_invoices (workspace_id, id, person_id, seller_id, kind, currency)
         select $1, id, $2, $6, 'payment_request', 'GBP' from made returning id)
       insert into contractor_invoice_tickets (workspace_id, contractor_invoice_id, ticket_id, amount)
       select $1, id, id, 0 from drafted returning contractor_invoice_id as id`,
      [tx.workspaceId, person.id, books.projects.P1, index, documentsEach, books.sellerId],
    );
    return rows.map((row) => row.id);
  });
}

test('50 submitters × 100 documents at once: every number is there, and none twice', {
  timeout: 240_000,
}, async () => {
  const books = await openBooks(scratch.database);
  await books.in((tx) =>
    series.insert(tx, {
      sellerId: books.sellerId,
      documentType: 'contractor_invoice',
      pattern: '{PREFIX}-{CONTRACTOR}-{YYYY}-{SEQ:4}',
      prefix: 'CI',
      reset: 'yearly',
    }),
  );
  const drafts: string[][] = [];
  for (let index = 0; index < submitters; index += 1) drafts.push(await contractorWithDrafts(books, index));

  const inside = <T>(work: (tx: WorkspaceTx) => Promise<T>) => wide.inWorkspace(books.workspaceId, work);
  const startedMs = performance.now();
  let refused = 0;
  await Promise.all(
    drafts.map(async (ids, submitter) => {
      for (const [at, id] of ids.entries()) {
        // Now and then one changes their mind in the last moment: what was numbered is given back whole.
        if ((at + submitter) % 25 === 0) {
          await inside(async (tx) => {
            await submitContractorInvoice(tx, await lockContractorInvoice(tx, id), doer);
            throw new Error('changed my mind');
          }).catch(() => {
            refused += 1;
          });
        }
        await books.in(async (tx) => submitContractorInvoice(tx, await lockContractorInvoice(tx, id), doer));
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const numbered = await books.in((tx) =>
    tx.rows<{ sequence: number; number: string }>(
      'select sequence, number from contractor_invoices where workspace_id = $1 order by sequence',
      [tx.workspaceId],
    ),
  );
  console.log(`${numbered.length} numbers in ${seconds.toFixed(1)} s`);
  expect(refused).toBe(submitters * 4);
  expect(numbered.map((row) => row.sequence)).toEqual(
    Array.from({ length: submitters * documentsEach }, (_, index) => index + 1),
  );
  expect(new Set(numbered.map((row) => row.number)).size).toBe(submitters * documentsEach);
  for (const { sequence, number } of numbered)
    expect(number).toMatch(new RegExp(`^CI-C\\d\\d-\\d{4}-${String(sequence).padStart(4, '0')}$`));
  const looks = await books.in((tx) =>
    tx.row<{ count: number }>(
      `select count(distinct subject_id)::int as count from outbox where workspace_id = $1 and subject_type = 'contractor_invoice'`,
      [tx.workspaceId],
    ),
  );
  expect(looks!.count).toBe(submitters * documentsEach);
  await expectBalanced(scratch.database, books);
});
