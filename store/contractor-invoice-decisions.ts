/** Owns the second tier: approving or rejecting a contractor invoice, or one ticket on it, with duties kept apart. */
import { moveContractorInvoice } from '../domain/contractor-invoice.ts';
import { contractorSettings } from '../domain/contractor-settings.ts';
import { addDays, localDay } from '../domain/day.ts';
import { type Conflict, type Doer, keepApart, requireWithinLimit } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { creditCorrectionsOf } from './contractor-credits.ts';
import { rewriteLines } from './contractor-invoice-drafts.ts';
import { tellContractor, tellOfRejectedTicket } from './contractor-invoice-notices.ts';
import {
  type ContractorInvoice,
  readContractorInvoice,
  readInvoicedTickets,
  recordInvoiceEvent,
} from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { connectionOfBills } from './documents-to-push.ts';
import { closeDue } from './due.ts';
import { approvalLimits, dutyRule, recordDutyExceptions } from './duties.ts';
import { confirmedAccount } from './payee-accounts.ts';
import { requireOpenPeriods } from './periods.ts';
import { queueDocument } from './pushed-documents.ts';
import { sellers } from './sellers.ts';
import { markTicketsPaid, rejectBundledTickets } from './tickets.ts';
import { getWorkspace, workspaceNow } from './workspaces.ts';

/** Which hands the doer had in what the invoice claims. */
async function approvalConflicts(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  doer: Doer,
): Promise<Conflict[]> {
  const tickets = await readInvoicedTickets(tx, invoice.id);
  const hands = await tx.row<{ account: boolean; rate: boolean }>(
    `select
       exists (select from payee_accounts where workspace_id = $1 and person_id = $2 and status = 'confirmed' and proposed_by_actor = $3) as account,
       exists (select from cost_rates k join contractor_invoice_lines l on l.workspace_id = $1 and l.contractor_invoice_id = $4
         where k.workspace_id = $1 and k.person_id = $2 and k.created_by = $3
           and k.kind = case l.kind when 'labor_overtime' then 'labor' else l.kind end
           and k.valid_from <= l.work_date and (k.valid_to is null or l.work_date < k.valid_to)) as rate`,
    [tx.workspaceId, invoice.personId, doer.id, invoice.id],
  );
  const conflicts: [boolean, Conflict][] = [
    [
      doer.personId === invoice.personId,
      { code: 'own_invoice', message: 'Nobody approves their own invoice.', always: true },
    ],
    [
      invoice.submittedBy === doer.id,
      { code: 'submitted_it', message: 'You submitted this invoice.', always: false },
    ],
    [
      tickets.length > 0 && tickets.every((ticket) => ticket.decidedBy === doer.id),
      { code: 'approved_all_tickets', message: 'You approved all of its tickets.', always: false },
    ],
    [
      hands?.account ?? false,
      { code: 'edited_account', message: 'You entered the account that it is paid to.', always: false },
    ],
    [
      hands?.rate ?? false,
      { code: 'edited_rate', message: 'You entered a cost rate that it goes by.', always: false },
    ],
  ];
  return conflicts.filter(([stands]) => stands).map(([, conflict]) => conflict);
}

/**
 * From here on it is owed. `ownReason`: why an admin with nobody beside them decides on what they had a hand in. `total`: what
 * they looked at, since it may have been taken back, changed and submitted again meanwhile.
 */
export async function approveContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  { ownReason, total }: { ownReason: string | null; total: DecimalText },
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('approve', invoice);
  if (!new Decimal(total).eq(invoice.total))
    throw new Refusal({
      code: 'contractor_invoice.changed_since',
      message: `It comes to ${invoice.total}, not to ${total}.`,
      whatToDo: 'Read it again, then decide.',
      details: { total: invoice.total, round: invoice.round },
    });
  if (invoice.disputedAt !== null)
    throw new Refusal({
      code: 'contractor_invoice.disputed',
      message: `${invoice.personName} disputes it: ${invoice.disputeReason}`,
      whatToDo: 'Reject it and write it anew, or have the dispute taken back.',
    });
  if (new Decimal(invoice.total).lt(0))
    throw new Refusal({
      code: 'contractor_invoice.below_zero',
      message: `It comes to ${invoice.total}, less than nothing.`,
      whatToDo: 'Reject it: a correcting ticket beyond the rest of it becomes a credit.',
    });
  requireWithinLimit(doer, await approvalLimits(tx), invoice.total, invoice.currency);
  const taken = keepApart(
    await approvalConflicts(tx, invoice, doer),
    await dutyRule(tx, 'contractor_invoices.approve', doer),
    ownReason,
  );
  const now = await workspaceNow(tx);
  const seller = found(await sellers.find(tx, invoice.sellerId), 'seller');
  const today = localDay(now, seller.zone);
  await requireOpenPeriods(tx, 'payables', [{ sellerId: seller.id, day: today }], doer.id, now);
  const account = await confirmedAccount(tx, invoice.personId);
  const { contractorPaymentTermsDays } = contractorSettings((await getWorkspace(tx)).settings);
  const isNothing = new Decimal(invoice.total).isZero();
  await tx.run(
    `update contractor_invoices set status = case when $10 then 'paid' else $3 end, decided_at = $4, decided_by = $5, approved_at = $4,
       approved_by = $5, posting_date = $6, due_date = $7, payee_account_id = $8, paid_at = case when $10 then $4::timestamptz end,
       snapshot = jsonb_set(snapshot, '{payeeAccount}', $9::jsonb)
     where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      invoice.id,
      status,
      now,
      doer.id,
      today,
      addDays(today, contractorPaymentTermsDays),
      account?.id ?? null,
      JSON.stringify(
        account && {
          id: account.id,
          version: account.version,
          holder: account.holder,
          masked: account.masked,
        },
      ),
      isNothing,
    ],
  );
  // What comes to nothing is owed by nobody.
  if (isNothing) await payTickets(tx, invoice.id, doer.id);
  await recordDutyExceptions(
    tx,
    doer,
    { type: 'contractor_invoice', id: invoice.id, action: 'approve' },
    taken,
    ownReason,
  );
  const billedAt = await connectionOfBills(tx, invoice.sellerId);
  if (billedAt !== null && !isNothing) {
    const owner = { ownerType: 'contractor_invoice', ownerId: invoice.id } as const;
    const subject = { subjectType: 'contractor_invoice', subjectId: invoice.id } as const;
    await queueDocument(tx, { connectionId: billedAt, ...subject, ...owner });
  }
  const after = await decided(tx, invoice, 'approved', doer, ownReason);
  await tellContractor(tx, after, 'contractor_invoice.approved', doer);
  return after;
}

export async function payTickets(tx: WorkspaceTx, invoiceId: string, actor: string): Promise<void> {
  const ids = (await readInvoicedTickets(tx, invoiceId)).map((ticket) => ticket.ticketId);
  await markTicketsPaid(tx, ids, { actor, contractorInvoiceId: invoiceId });
  await creditCorrectionsOf(tx, ids, actor);
}

/** Back to its author with the reason; its tickets stay on it. */
export async function rejectContractorInvoice(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  reason: string,
  doer: Doer,
): Promise<ContractorInvoice> {
  const status = moveContractorInvoice('reject', invoice);
  await setRejected(tx, invoice.id, status, reason, doer);
  const after = await decided(tx, invoice, 'rejected', doer, reason);
  await tellContractor(tx, after, 'contractor_invoice.rejected', doer, reason);
  return after;
}

async function setRejected(
  tx: WorkspaceTx,
  id: string,
  status: string,
  reason: string,
  doer: Doer,
): Promise<void> {
  await tx.run(
    `update contractor_invoices set status = $3, decided_at = $4, decided_by = $5, decision_reason = $6 where workspace_id = $1 and id = $2`,
    [tx.workspaceId, id, status, await workspaceNow(tx), doer.id, reason],
  );
}

/** Sends one ticket back to its author; the rest passes on. With the last one the invoice is rejected too. */
export async function rejectInvoicedTicket(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  ticketId: string,
  reason: string,
  doer: Doer,
): Promise<ContractorInvoice> {
  moveContractorInvoice('reject_ticket', invoice);
  const tickets = await readInvoicedTickets(tx, invoice.id);
  const ticket = found(tickets.find((row) => row.ticketId === ticketId) ?? null, 'ticket');
  await tx.run(
    'delete from contractor_invoice_tickets where workspace_id = $1 and contractor_invoice_id = $2 and ticket_id = $3',
    [tx.workspaceId, invoice.id, ticketId],
  );
  await rejectBundledTickets(tx, [ticketId], { actor: doer.id, contractorInvoiceId: invoice.id, reason });
  await rewriteLines(tx, invoice);
  const isLast = tickets.length === 1;
  if (isLast) await setRejected(tx, invoice.id, 'rejected', reason, doer);
  const after = isLast
    ? await decided(tx, invoice, 'rejected', doer, reason)
    : found(await readContractorInvoice(tx, invoice.id), 'contractor_invoice');
  if (!isLast)
    await recordInvoiceEvent(tx, after, 'ticket_rejected', doer.id, {
      before: { total: invoice.total, tickets: invoice.ticketCount },
      after: { total: after.total, tickets: after.ticketCount },
      reason,
    });
  await tellOfRejectedTicket(tx, after, { id: ticketId, number: ticket.number }, doer, reason);
  return after;
}

/** Nobody is reminded any more; who decided is on record. */
async function decided(
  tx: WorkspaceTx,
  before: ContractorInvoice,
  participle: 'approved' | 'rejected',
  doer: Doer,
  reason: string | null,
): Promise<ContractorInvoice> {
  await closeDue(tx, 'contractor_invoice', [before.id]);
  const after = found(await readContractorInvoice(tx, before.id), 'contractor_invoice');
  await recordInvoiceEvent(tx, after, participle, doer.id, {
    before: { status: before.status },
    after: { status: after.status, total: after.total },
    ...(reason === null ? {} : { reason }),
  });
  return after;
}
