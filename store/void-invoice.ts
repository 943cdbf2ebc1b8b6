/** Owns voiding: while nobody outside has the invoice it ends as void; else the same command credits it in full, dated today. */
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { whyNotVoid } from '../domain/void.ts';
import type { Instant } from '../domain/work-entry.ts';
import { type CreditableInvoice, type CreditNote, lockIssued, readCreditable } from './credit-notes.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { giveBack } from './give-back.ts';
import { type CreditIssuer, issueCreditNote, needsSecondPerson } from './issue-credit-note.ts';
import { draftCreditNote } from './make-credit-note.ts';
import { enqueueLook } from './outbox.ts';
import { saysShut, shutPeriods } from './periods.ts';
import { queueVoid } from './pushed-documents.ts';
import { returnDraws } from './retainers.ts';
import { addDeltas } from './totals.ts';

export type VoidOutcome =
  | { outcome: 'voided' }
  /** `because`: why it could not be voided. The note is still a draft where a second person has to issue it. */
  | { outcome: 'credited'; because: string[]; creditNote: CreditNote };

export async function voidInvoice(
  tx: WorkspaceTx,
  invoiceId: string,
  issuer: CreditIssuer,
  { reason, now }: { reason: string; now: Instant },
): Promise<VoidOutcome> {
  const invoice = await lockIssued(tx, invoiceId);
  if (invoice.status === 'void')
    throw new Refusal({
      code: 'invoice.already_void',
      message: `Invoice ${invoice.number} is void.`,
      whatToDo: 'Nothing: read it again.',
    });
  const actor = issuer.doer.id;
  const because = whyNotVoid(await readFacts(tx, invoice, actor, now));
  if (because.length === 0) {
    await endAsVoid(tx, invoice, actor, reason);
    return { outcome: 'voided' };
  }
  const draft = await draftCreditNote(tx, invoice, {
    wanted: { by: 'full', disposition: 'bill_again' },
    reason,
    actor,
  });
  if (await needsSecondPerson(tx, draft, issuer)) return { outcome: 'credited', because, creditNote: draft };
  return { outcome: 'credited', because, creditNote: await issueCreditNote(tx, draft.id, issuer, now) };
}

async function readFacts(tx: WorkspaceTx, invoice: CreditableInvoice, actor: string, now: Instant) {
  // The record is held: a push that begins now waits, and then finds the invoice void.
  const sync = await tx.row<{ status: string; externalId: string | null; carried: boolean }>(
    `select s.status, s.external_id, coalesce(c.ownership ->> 'voids' = 'there', false) and s.status in ('synced', 'failed', 'drifted') as carried
     from sync_records s join connections c on c.workspace_id = $1 and c.id = s.connection_id
     where s.workspace_id = $1 and s.subject_type = 'client_invoice' and s.subject_id = $2
     order by s.id limit 1 for no key update of s`,
    [tx.workspaceId, invoice.id],
  );
  const outside = await tx.row<{
    allowed: boolean;
    delivered: boolean;
    asked: boolean;
    answered: boolean;
    reminded: boolean;
  }>(
    `select s.void_allowed as allowed,
       exists (select from document_deliveries d where d.workspace_id = $1 and d.document_type = 'client_invoice' and d.document_id = i.id
         and d.status <> 'rejected') as delivered,
       exists (select from intents x where x.workspace_id = $1 and x.subject_type = 'client_invoice' and x.subject_id = i.id and x.status <> 'abandoned') as asked,
       i.confirmed_at is not null or exists (select from disputes x where x.workspace_id = $1 and x.invoice_id = i.id and x.status <> 'withdrawn') as answered,
       exists (select from late_fees x where x.workspace_id = $1 and x.invoice_id = i.id)
         or exists (select from reminder_letter_invoices x where x.workspace_id = $1 and x.invoice_id = i.id) as reminded
     from client_invoices i join sellers s on s.workspace_id = $1 and s.id = i.seller_id
     where i.workspace_id = $1 and i.id = $2`,
    [tx.workspaceId, invoice.id],
  );
  const posting = { sellerId: invoice.sellerId, day: invoice.postingDate };
  const [shut] = await shutPeriods(tx, 'billing', [posting], actor, now);
  const { allowed, delivered, asked, answered, reminded } = outside!;
  return {
    ...invoice,
    allowed,
    delivered,
    answered,
    reminded,
    periodShut: shut ? saysShut(shut) : null,
    // Our own books are nobody outside, where their card says that a void is carried over to them (decision 0046).
    synced:
      sync?.carried !== true &&
      (asked || (sync !== null && (sync.externalId !== null || sync.status === 'syncing'))),
  };
}

async function endAsVoid(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  actor: string,
  reason: string,
): Promise<void> {
  const lines = await readCreditable(tx, invoice.id);
  const returned = lines.flatMap((line) => line.items.map((item) => ({ ...item, lineId: line.id })));
  const why = `invoice ${invoice.number} was voided: ${reason}`;
  await giveBack(tx, invoice, 'void', returned, why);
  await returnDraws(tx, invoice.id, { reason: why, heldReason: why });
  await tx.run(
    `update client_invoices set status = 'void', settled_at = null where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id],
  );
  if (!(await queueVoid(tx, 'client_invoice', invoice.id)))
    await tx.run(
      `update sync_records set status = 'not_synced', failed_step = null, reason = 'void', updated_at = now()
       where workspace_id = $1 and subject_type = 'client_invoice' and subject_id = $2`,
      [tx.workspaceId, invoice.id],
    );
  await addDeltas(tx, [
    {
      metric: invoice.internal ? 'internal_net' : 'issued_net',
      key: invoice.currency,
      value: new Decimal(invoice.net).negated().toFixed(),
    },
    { metric: 'receivable', key: invoice.currency, value: new Decimal(invoice.total).negated().toFixed() },
    { metric: 'issued_invoices', key: '', value: '-1' },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoice.voided',
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      actor,
      permission: 'invoices.read',
      payload: { number: invoice.number, reason, items: returned.length },
      before: { status: invoice.status },
      after: { status: 'void' },
    },
  ]);
  await enqueueLook(tx, {
    subjectType: 'client_invoice',
    subjectId: invoice.id,
    lane: 'interactive',
    reason: 'voided',
  });
}
