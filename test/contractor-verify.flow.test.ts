/** Owns that `slipway verify` says so when anything of the contractors' money is falsified behind the application's back. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyWorkspace } from '../store/verify.ts';
import { expectBalanced } from './support/books.ts';
import { openContractorFirm } from './support/contractors.ts';
import { startApi, type TestApi } from './support/start-api.ts';
import { expectStatus, hours } from './support/tickets.ts';

let api: TestApi;
let owner: pg.Client;
beforeAll(async () => {
  api = await startApi();
  owner = new pg.Client({ connectionString: api.test.url });
  await owner.connect();
  // Triggers off: what a bug, a restore or a person with the owner's login could do.
  await owner.query('set session_replication_role = replica');
});
afterAll(async () => {
  await owner.end();
  await api.stop();
});

/** One invoice paid with tax withheld, a credit of 42.00 used for a part, and a draft. */
async function firmWithEverything(): Promise<string> {
  const firm = await openContractorFirm(api);
  const ticket = await firm.approvedTicket([hours(3)]);
  const first = await firm.approvedInvoice([ticket]);
  const withholdings = [{ scheme: 'CIS', base: '126.00', percentage: '10' }];
  expectStatus(await firm.pay([{ contractorInvoiceId: first.id, amount: '113.40', withholdings }]), 201);
  await firm.approvedTicket([hours(-2)], { correctsTicketId: ticket });
  const second = await firm.approvedInvoice([await firm.approvedTicket([hours(1)])]);
  expectStatus(await firm.pay([{ contractorInvoiceId: second.id, amount: '0.00' }]), 201);
  await firm.bundle([await firm.approvedTicket()]);
  await expectBalanced(api.test.database, firm.books);
  return firm.books.workspaceId;
}

// $1 is the workspace. Each falsifies one thing; the named check must be among those that say so.
const falsified: [check: string, sql: string][] = [
  [
    'payables',
    'update contractor_invoice_lines set amount = amount + 0.01 where workspace_id = $1 and line_no = 1',
  ],
  ['payables', "delete from payment_applications where workspace_id = $1 and kind = 'contractor_invoice'"],
  ['payables', 'delete from withholding_lines where workspace_id = $1'],
  ['contractor credits', 'update contractor_credits set netted = 0 where workspace_id = $1'],
  ['contractor credits', 'delete from contractor_credit_entries where workspace_id = $1'],
  ['bundles', "update tickets set status = 'approved' where workspace_id = $1 and status = 'bundled'"],
  ['bundles', "update tickets set status = 'paid' where workspace_id = $1 and status = 'bundled'"],
  ['bundles', 'delete from contractor_invoice_tickets where workspace_id = $1'],
  ['payments', "delete from payment_applications where workspace_id = $1 and kind = 'tax_withheld'"],
  [
    'series',
    'update contractor_invoices set sequence = sequence + 5 where workspace_id = $1 and sequence = 2',
  ],
];

test.each(falsified)('%s: says so after "%s"', async (check, sql) => {
  const workspaceId = await firmWithEverything();
  const changed = await owner.query(sql, [workspaceId]);
  expect(changed.rowCount).toBeGreaterThan(0);
  const { ok, checks } = await verifyWorkspace(api.test.database, workspaceId);
  expect(ok).toBe(false);
  expect(checks.filter((one) => !one.ok).map((one) => one.name)).toContain(check);
});
