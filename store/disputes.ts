/** Owns disputes of issued invoices: what a client does not accept, and how that ended. An open one is a badge on the invoice. */
import { Decimal, minorPlaces } from '../domain/money.ts';
import { found, invalidField, Refusal } from '../domain/refusal.ts';
import { type DisputeStatus, disputeTransitions } from '../domain/sign-off.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { newId } from './new-id.ts';
import { notify } from './notifications.ts';
import { enqueueLook } from './outbox.ts';

export interface Dispute {
  id: string;
  invoiceId: string;
  invoiceNumber: string;
  clientId: string;
  lineId: string | null;
  currency: string;
  amount: DecimalText;
  reason: string;
  status: DisputeStatus;
  decisionReason: string | null;
  creditNoteId: string | null;
  createdAt: Instant;
  closedAt: Instant | null;
}
const select = `select d.id, d.invoice_id, i.number as invoice_number, i.client_id, d.line_id, i.currency, d.amount, d.reason, d.status,
  d.decision_reason, d.credit_note_id, d.created_at, d.closed_at
  from disputes d join client_invoices i on i.workspace_id = $1 and i.id = d.invoice_id where d.workspace_id = $1`;

/** Newest first. */
export function listDisputes(
  tx: WorkspaceTx,
  filter: {
    invoiceId?: string | undefined;
    clientId?: string | undefined;
    status?: DisputeStatus | undefined;
    after: string | null;
    limit: number;
  },
): Promise<Dispute[]> {
  return tx.rows<Dispute>(
    `${select} and ($2::uuid is null or d.invoice_id = $2) and ($3::uuid is null or i.client_id = $3)
       and ($4::text is null or d.status = $4) and ($5::uuid is null or d.id < $5) order by d.id desc limit $6`,
    [
      tx.workspaceId,
      filter.invoiceId ?? null,
      filter.clientId ?? null,
      filter.status ?? null,
      filter.after,
      filter.limit,
    ],
  );
}

export function readDispute(tx: WorkspaceTx, id: string): Promise<Dispute | null> {
  return tx.row<Dispute>(`${select} and d.id = $2`, [tx.workspaceId, id]);
}

/** Holds the dispute's invoice, then the dispute, until the transaction ends. */
export async function lockDispute(tx: WorkspaceTx, id: string): Promise<Dispute | null> {
  const seen = await readDispute(tx, id);
  if (!seen) return null;
  await holdInvoice(tx, seen.invoiceId);
  await tx.run('select 1 from disputes where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    id,
  ]);
  return readDispute(tx, id);
}

const holdInvoice = (tx: WorkspaceTx, invoiceId: string) =>
  tx.run('select 1 from client_invoices where workspace_id = $1 and id = $2 for no key update', [
    tx.workspaceId,
    invoiceId,
  ]);

/**
 * Raises one. Without an amount it is all of the line with its tax, or all that is left of the invoice. What is disputed
 * together never exceeds what is left of the invoice after its credits.
 */
export async function raiseDispute(
  tx: WorkspaceTx,
  invoiceId: string,
  wanted: { lineId: string | null; amount: DecimalText | null; reason: string; actor: string },
): Promise<Dispute> {
  await holdInvoice(tx, invoiceId);
  const invoice = found(
    await tx.row<{
      number: string | null;
      status: string;
      client: string;
      currency: string;
      left: DecimalText;
      ofLine: DecimalText | null;
    }>(
      `select i.number, i.status, c.name as client, i.currency, i.total - i.credited - i.bad_debt - coalesce((
           select sum(d.amount) from disputes d where d.workspace_id = $1 and d.invoice_id = i.id and d.status = 'open'), 0) as left,
         (select (l.amount - l.discount - l.allowance) * (1 + l.tax_rate / 100) from invoice_lines l
          where l.workspace_id = $1 and l.invoice_id = i.id and l.id = $3) as of_line
       from client_invoices i join clients c on c.workspace_id = $1 and c.id = i.client_id where i.workspace_id = $1 and i.id = $2`,
      [tx.workspaceId, invoiceId, wanted.lineId],
    ),
    'invoice',
  );
  if (invoice.number === null || invoice.status === 'void' || invoice.status === 'credited')
    throw new Refusal({
      code: 'dispute.not_issued',
      message: `This invoice is ${invoice.status.replaceAll('_', ' ')}: there is nothing to dispute.`,
      whatToDo: invoice.number === null ? 'Answer its sign-off instead.' : 'Nothing: read it again.',
    });
  if (wanted.lineId !== null && invoice.ofLine === null)
    throw invalidField('/lineId', 'dispute.line_unknown', 'The invoice has no such line.');
  const places = minorPlaces(invoice.currency);
  const left = new Decimal(invoice.left);
  const whole = wanted.lineId === null ? left : Decimal.min(left, invoice.ofLine!).toDecimalPlaces(places);
  const amount = new Decimal(wanted.amount ?? whole);
  if (amount.lte(0) || amount.gt(left))
    throw new Refusal({
      code: 'dispute.beyond_invoice',
      message: `${left.toFixed(places)} ${invoice.currency} of invoice ${invoice.number} is not credited or disputed yet.`,
      whatToDo: 'Dispute at most that.',
      details: { left: left.toFixed(places) },
    });
  const id = newId();
  await tx.run(
    'insert into disputes (workspace_id, id, invoice_id, line_id, amount, reason, raised_by) values ($1, $2, $3, $4, $5, $6, $7)',
    [tx.workspaceId, id, invoiceId, wanted.lineId, amount.toFixed(places), wanted.reason, wanted.actor],
  );
  await record(
    tx,
    id,
    invoiceId,
    wanted.actor,
    'raised',
    { before: null, after: 'open' },
    amount.toFixed(places),
  );
  await notify(tx, [
    {
      kind: 'invoice.client_answered',
      to: { permission: 'invoices.credit' },
      key: `dispute:${id}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      params: {
        client: invoice.client,
        amount: `${amount.toFixed(places)} ${invoice.currency}`,
        answer: `disputed ${invoice.number} by`,
        said: wanted.reason,
      },
    },
  ]);
  return (await readDispute(tx, id))!;
}

/** Ends a dispute that the caller has locked. */
export async function closeDispute(
  tx: WorkspaceTx,
  dispute: Dispute,
  to: { status: Exclude<DisputeStatus, 'open'>; reason: string | null; actor: string },
): Promise<Dispute> {
  if (!disputeTransitions[dispute.status].includes(to.status))
    throw new Refusal({
      code: 'dispute.closed',
      message: `This dispute was ${dispute.status} already.`,
      whatToDo: 'Nothing: read it again.',
    });
  await tx.run(
    `update disputes set status = $3, decision_reason = $4, decided_by = $5, closed_at = now() where workspace_id = $1 and id = $2`,
    [tx.workspaceId, dispute.id, to.status, to.reason, to.actor],
  );
  await record(
    tx,
    dispute.id,
    dispute.invoiceId,
    to.actor,
    to.status,
    { before: 'open', after: to.status },
    dispute.amount,
  );
  return (await readDispute(tx, dispute.id))!;
}

/** The credit note that answers an upheld dispute. */
export async function nameCredit(tx: WorkspaceTx, dispute: Dispute, creditNoteId: string): Promise<Dispute> {
  await tx.run('update disputes set credit_note_id = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    dispute.id,
    creditNoteId,
  ]);
  return { ...dispute, creditNoteId };
}

async function record(
  tx: WorkspaceTx,
  disputeId: string,
  invoiceId: string,
  actor: string,
  what: string,
  status: { before: string | null; after: string },
  amount: DecimalText,
): Promise<void> {
  await recordEvents(tx, [
    {
      type: `dispute.${what}`,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { disputeId, amount },
      before: { dispute: status.before },
      after: { dispute: status.after },
    },
  ]);
  // Reminders stop on what is disputed, and go on afterwards.
  await enqueueLook(tx, {
    subjectType: 'client_invoice',
    subjectId: invoiceId,
    lane: 'interactive',
    reason: `dispute ${what}`,
  });
}
