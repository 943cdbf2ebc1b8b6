import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../store/new-id.ts';
import { addDeltas } from '../store/totals.ts';
import { type Books, bill, entryOf, expectBalanced, invoicesOf, openBooks, take } from './support/books.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

// What the database refuses of the shapes whose behaviour comes later: whoever writes it first meets these bounds.
let scratch: TestDatabase;
let books: Books;
let ann: string;
let bo: string;
beforeAll(async () => {
  scratch = await createTestDatabase();
  books = await openBooks(scratch.database);
  [ann, bo] = await books.in(async (tx) => {
    const rows = await tx.rows<{ id: string }>(
      `insert into members (workspace_id, role, name, email)
       values ($1, 'admin', 'Ann', 'ann@example.com'), ($1, 'admin', 'Bo', 'bo@example.com') returning id`,
      [books.workspaceId],
    );
    return [rows[0]!.id, rows[1]!.id];
  });
});
afterAll(() => scratch.drop());

/** Runs one statement with $1 as the workspace. */
const run = (sql: string, ...params: unknown[]) =>
  books.in((tx) => tx.run(sql, [books.workspaceId, ...params]));
const refused = (sql: string, ...params: unknown[]) =>
  expect(run(sql, ...params), sql).rejects.toMatchObject({ code: '23514' });

/** A ready draft on which issuing could end with a number of the platform's. */
async function readyDraft(): Promise<string> {
  const id = newId();
  await run(
    `insert into client_invoices (workspace_id, id, seller_id, client_id, contract_id, group_key, status, currency)
     values ($1, $2, $3, $4, $5, 'by hand', 'ready', 'GBP')`,
    id,
    books.sellerId,
    books.clientId,
    books.contractId,
  );
  return id;
}
const issueWith = (facts: string) =>
  `update client_invoices set status = 'issued', issue_date = '2026-04-01', due_date = '2026-05-01', snapshot = '{}', ${facts}
   where workspace_id = $1 and id = $2`;

describe("a number of the platform's", () => {
  test('comes without a sequence, only where the platform gives it, and takes none of a series', async () => {
    const id = await readyDraft();
    await refused(issueWith("number = 'QB-1'"), id);
    await refused(issueWith("number = 'QB-1', number_given_by = 'platform', sequence = 7"), id);
    await refused(
      'update client_invoices set number_asked_at = now() where workspace_id = $1 and id = $2',
      id,
    );
    await run(
      "update client_invoices set number_given_by = 'platform', number_asked_at = now() where workspace_id = $1 and id = $2",
      id,
    );
    await run(issueWith("number = 'QB-1'"), id);
    await expect(
      run("update client_invoices set number = 'QB-2' where workspace_id = $1 and id = $2", id),
    ).rejects.toThrow('is issued and cannot change');
    await expect(
      run(issueWith("number = 'QB-1', number_given_by = 'platform'"), await readyDraft()),
    ).rejects.toMatchObject({ code: '23505' });
  });

  test('leaves no gap in a series of ours', async () => {
    const own = await openBooks(scratch.database);
    await take(own, [entryOf('a')]);
    await bill(scratch.database, own);
    await own.in(async (tx) => {
      await tx.run(
        `insert into client_invoices (workspace_id, seller_id, client_id, contract_id, group_key, status, currency, number_given_by, number, issue_date, due_date, snapshot)
         values ($1, $2, $3, $4, 'platform', 'issued', 'GBP', 'platform', 'QB-9', '2026-04-01', '2026-05-01', '{}')`,
        [own.workspaceId, own.sellerId, own.clientId, own.contractId],
      );
      await addDeltas(tx, [{ metric: 'issued_invoices', key: '', value: '1' }]);
    });
    await take(own, [entryOf('b')]);
    await bill(scratch.database, own);
    expect((await invoicesOf(own)).map(({ sequence }) => sequence)).toEqual([1, 2, null]);
    await expectBalanced(scratch.database, own);
  });
});

test('what an issued invoice is worth in the books is frozen with it', async () => {
  const id = await readyDraft();
  const functional =
    "functional_currency = 'GBP', functional_net = 0, functional_tax = 0, functional_total = 0, tax_currency = 'GBP', tax_in_tax_currency = 0";
  await refused(issueWith("number = 'QB-3', number_given_by = 'platform', functional_net = 0"), id);
  await run(issueWith(`number = 'QB-3', number_given_by = 'platform', ${functional}`), id);
  for (const change of ['functional_net = 1', 'tax_in_tax_currency = 1', "number_given_by = 'series'"])
    await expect(
      run(`update client_invoices set ${change} where workspace_id = $1 and id = $2`, id),
      change,
    ).rejects.toThrow('is issued and cannot change');
});

test('the purchase order of an issued invoice stays: what the order has left is counted by it', async () => {
  const order = (id: string) =>
    books.in((tx) =>
      tx.run(
        `with made as (
           insert into purchase_orders (workspace_id, client_id, number, currency) values ($1, $3, $4, 'GBP') returning id)
         update client_invoices set purchase_order_id = (select id from made) where workspace_id = $1 and id = $2`,
        [books.workspaceId, id, books.clientId, newId()],
      ),
    );
  const id = await readyDraft();
  await order(id);
  await run(issueWith("number = 'QB-4', number_given_by = 'platform'"), id);
  await expect(order(id)).rejects.toThrow('is issued and cannot change');
  await expect(
    run('update client_invoices set purchase_order_id = null where workspace_id = $1 and id = $2', id),
  ).rejects.toThrow('is issued and cannot change');
});

test('a second approval is not given by who asked for it, unless with a reason that is kept', async () => {
  const ask = async () => {
    const id = newId();
    await run(
      `insert into second_approvals (workspace_id, id, action, subject_type, subject_id, content_hash, requested_by)
       values ($1, $2, 'credit', 'client_invoice', $2, '\\x00', $3)`,
      id,
      ann,
    );
    return id;
  };
  const decide =
    "update second_approvals set status = 'approved', decided_at = now(), approver_id = $3, own_request_reason = $4 where workspace_id = $1 and id = $2";
  const first = await ask();
  await refused(decide, first, ann, null);
  await refused(decide, first, null, null);
  await run(decide, first, bo, null);
  await run(decide, await ask(), ann, 'the only admin');
});

test('one open request for a second approval of a thing', async () => {
  const insert = `insert into second_approvals (workspace_id, action, subject_type, subject_id, content_hash, requested_by)
     values ($1, 'pay', 'payment', $2, '\\x00', $3)`;
  const subject = newId();
  await run(insert, subject, ann);
  await expect(run(insert, subject, bo)).rejects.toMatchObject({ code: '23505' });
});

test('pay when paid has a long stop', async () => {
  const set =
    'update contracts set pay_when_paid = true, long_stop_on = $3 where workspace_id = $1 and id = $2';
  await refused(set, books.contractId, null);
  await run(set, books.contractId, '2027-01-01');
});

test.each([
  [
    'a reverse charge without its words',
    "insert into tax_rates (workspace_id, region, category, rate, reverse_charge) values ($1, 'DE', 'AE', 0, true)",
  ],
  [
    'a mileage clause that is rate and markup',
    "insert into mileage_clauses (workspace_id, scope_type, scope_id, kind, unit, rate, currency, percentage) values ($1, 'client', $1, 'distance', 'km', 1, 'GBP', 5)",
  ],
  [
    'a mileage clause that is neither',
    "insert into mileage_clauses (workspace_id, scope_type, scope_id, kind, unit) values ($1, 'client', $1, 'distance', 'km')",
  ],
  [
    'an amendment without its reason',
    "insert into contract_versions (workspace_id, contract_id, version, starts_on, clauses, reason, created_by) values ($1, $1, 1, '2026-03-01', '{}', '', 'x')",
  ],
  [
    'a match by the weather',
    "insert into match_proposals (workspace_id, payment_id, document_type, document_id, amount, matched_by) values ($1, $1, 'client_invoice', $1, 1, '{weather}')",
  ],
  [
    'a rejected delivery without its reason',
    "insert into document_deliveries (workspace_id, document_type, document_id, channel, address, status) values ($1, 'client_invoice', $1, 'email', 'x', 'rejected')",
  ],
  [
    'a split of hours that does not add up',
    `insert into entry_versions (workspace_id, entry_id, version, kind, work_date, quantity, billable, approval, content_hash, source_refs, regular_seconds, overtime_seconds)
     values ($1, $1, 1, 'labor', '2026-03-02', 3600, true, 'approved', '\\x00', '{}', 1800, 1799)`,
  ],
  [
    'an expense whose net and tax are not its gross',
    `insert into entry_versions (workspace_id, entry_id, version, kind, work_date, quantity, billable, approval, content_hash, source_refs, expense_net, expense_input_tax, expense_gross)
     values ($1, $1, 1, 'expense', '2026-03-02', 12000, true, 'approved', '\\x00', '{}', 100.00, 20.00, 119.99)`,
  ],
])('%s is refused', (_, sql) => refused(sql));

test('only a self-billed series belongs to a contractor, and each contractor has one of a seller', async () => {
  const person = newId();
  await run("insert into people (workspace_id, id, name) values ($1, $2, 'Cy')", person);
  const insert =
    "insert into series (workspace_id, seller_id, document_type, name, pattern, person_id) values ($1, $2, $3, $4, 'S-{NNNN}', $5)";
  await refused(insert, books.sellerId, 'credit_note', 'a', person);
  await run(insert, books.sellerId, 'self_billed', 'a', person);
  await expect(run(insert, books.sellerId, 'self_billed', 'b', person)).rejects.toMatchObject({
    code: '23505',
  });
});

test('two people never share a key', async () => {
  const key = newId();
  await run("insert into data_keys (workspace_id, id, reference) values ($1, $2, 'people/1')", key);
  const insert = 'insert into people (workspace_id, name, data_key_id) values ($1, $2, $3)';
  await run(insert, 'Di', key);
  await expect(run(insert, 'Ed', key)).rejects.toMatchObject({ code: '23505' });
});
