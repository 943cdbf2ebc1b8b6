/** Owns who is told what of a contractor invoice: its approvers while it waits for them, its contractor when something happened. */
import { localDay } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { ContractorInvoice } from './contractor-invoices.ts';
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';
import { getWorkspace, zoneOf } from './workspaces.ts';

const money = (amount: DecimalText, currency: string) => `${amount} ${currency}`;

const paramsOf = (invoice: ContractorInvoice) => ({
  number: invoice.number ?? 'without a number',
  person: invoice.personName,
  amount: money(invoice.total, invoice.currency),
});
const subjectOf = (invoice: ContractorInvoice) => ({
  subjectType: 'contractor_invoice',
  subjectId: invoice.id,
});
const memberOf = (actor: string | null) =>
  actor?.startsWith('member:') ? [actor.slice('member:'.length)] : [];

async function submittedOn(tx: WorkspaceTx, { submittedAt }: ContractorInvoice): Promise<string> {
  return submittedAt === null ? '' : localDay(submittedAt, zoneOf(await getWorkspace(tx)));
}

/** Whoever had a hand in it is not asked to decide on it. */
async function partiesOf(tx: WorkspaceTx, invoice: ContractorInvoice): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    'select id from members where workspace_id = $1 and person_id = $2',
    [tx.workspaceId, invoice.personId],
  );
  return [...rows.map((row) => row.id), ...memberOf(invoice.submittedBy)];
}

/** It waits: whoever may approve contractor invoices is told. */
export async function tellInvoiceApprovers(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  kind: 'contractor_invoice.submitted' | 'contractor_invoice.reminder',
): Promise<void> {
  await notify(tx, [
    {
      kind,
      to: { permission: 'contractor_invoices.approve' },
      except: await partiesOf(tx, invoice),
      key: `${kind}:${invoice.id}:${invoice.round}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), submittedOn: await submittedOn(tx, invoice) },
    },
  ]);
}

/** Nobody decided in time: the admins are told. */
export async function tellAdminsOfInvoice(tx: WorkspaceTx, invoice: ContractorInvoice): Promise<void> {
  await notify(tx, [
    {
      kind: 'contractor_invoice.escalated',
      to: { role: 'admin' },
      key: `contractor_invoice.escalated:${invoice.id}:${invoice.round}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), submittedOn: await submittedOn(tx, invoice) },
    },
  ]);
}

/** The contractor disputes what was written for them: whoever may approve is told. */
export async function tellOfDispute(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  by: { memberId: string | null },
): Promise<void> {
  await notify(tx, [
    {
      kind: 'contractor_invoice.disputed',
      to: { permission: 'contractor_invoices.approve' },
      except: by.memberId === null ? [] : [by.memberId],
      key: `contractor_invoice.disputed:${invoice.id}:${invoice.disputedAt}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), reason: invoice.disputeReason ?? '' },
    },
  ]);
}

interface By {
  name: string;
  memberId: string | null;
}

/** The contractor learns what was decided. */
export async function tellContractor(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  kind: 'contractor_invoice.approved' | 'contractor_invoice.rejected' | 'contractor_invoice.cancelled',
  by: By,
  reason = '',
): Promise<void> {
  await notify(tx, [
    {
      kind,
      to: { personId: invoice.personId },
      except: by.memberId === null ? [] : [by.memberId],
      key: `${kind}:${invoice.id}:${invoice.round}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), approver: by.name, by: by.name, reason },
    },
  ]);
}

/** One ticket was sent back, the rest stays. */
export async function tellOfRejectedTicket(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  ticket: { id: string; number: string },
  by: By,
  reason: string,
): Promise<void> {
  await notify(tx, [
    {
      kind: 'contractor_invoice.ticket_rejected',
      to: { personId: invoice.personId },
      except: by.memberId === null ? [] : [by.memberId],
      key: `contractor_invoice.ticket_rejected:${invoice.id}:${ticket.id}:${invoice.round}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), ticket: ticket.number, approver: by.name, reason },
    },
  ]);
}

/** What a payment did to each of the contractor's invoices, as they are after it. */
export async function tellOfPayment(
  tx: WorkspaceTx,
  paymentId: string,
  paid: readonly { invoice: ContractorInvoice; amount: Decimal }[],
): Promise<void> {
  await notify(
    tx,
    paid.map(({ invoice, amount }) => ({
      kind:
        invoice.status === 'paid'
          ? ('contractor_invoice.paid' as const)
          : ('contractor_invoice.partially_paid' as const),
      to: { personId: invoice.personId },
      key: `contractor_invoice.payment:${paymentId}:${invoice.id}:${invoice.applied}`,
      ...subjectOf(invoice),
      params: {
        ...paramsOf(invoice),
        paid: money(amount.toFixed(), invoice.currency),
        open: money(new Decimal(invoice.total).minus(invoice.applied).toFixed(), invoice.currency),
      },
    })),
  );
}

export async function tellOfReversal(
  tx: WorkspaceTx,
  payment: { id: string; personId: string; amount: DecimalText; currency: string; valueDate: string },
  reason: string,
): Promise<void> {
  await notify(tx, [
    {
      kind: 'payment.reversed',
      to: { personId: payment.personId },
      key: `payment.reversed:${payment.id}`,
      subjectType: 'contractor_payment',
      subjectId: payment.id,
      params: { amount: money(payment.amount, payment.currency), valueDate: payment.valueDate, reason },
    },
  ]);
}

/** A client has paid, by money with this id: whoever pays contractors learns what of the claim may be paid now. */
export async function tellOfRelease(
  tx: WorkspaceTx,
  invoice: ContractorInvoice,
  payable: DecimalText,
  moneyId: string,
): Promise<void> {
  await notify(tx, [
    {
      kind: 'contractor_invoice.released',
      to: { permission: 'contractor_payments.create' },
      key: `contractor_invoice.released:${invoice.id}:${moneyId}`,
      ...subjectOf(invoice),
      params: { ...paramsOf(invoice), payable: money(payable, invoice.currency) },
    },
  ]);
}
