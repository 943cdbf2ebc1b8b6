/** Owns credit notes that a payer takes off a wire: what they freed of earlier payments settles documents beside the new money. */
import { Decimal } from '../domain/money.ts';
import { cashOf, documentOf, partWanted, takeOwnOff, type WantedApplication } from '../domain/payment.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import {
  applyToDocuments,
  lockPayables,
  netCredit,
  type Payable,
  type PaymentHead,
  placesOf,
  readHead,
  takeFromAccount,
} from './payment-applications.ts';

export interface NettableNote {
  id: string;
  number: string;
  invoiceId: string;
  clientId: string;
  sellerId: string;
  currency: string;
  total: DecimalText;
  /** Of its total, what it put on account; the rest lowered its own invoice. */
  freed: DecimalText;
}

/** Issued credit notes, held until the transaction ends. Lock order: notes, documents, payments. */
export async function lockNotes(tx: WorkspaceTx, ids: readonly string[]): Promise<Map<string, NettableNote>> {
  if (ids.length === 0) return new Map();
  const rows = await tx.rows<NettableNote>(
    `select id, number, invoice_id, client_id, seller_id, currency, total, freed from credit_notes
     where workspace_id = $1 and id = any($2::uuid[]) and status = 'issued' order by id for no key update`,
    [tx.workspaceId, plainArray([...new Set(ids)])],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What was asked for, with all that it is about held. */
export interface LockedWanted {
  wanted: readonly WantedApplication[];
  notes: Map<string, NettableNote>;
  payables: Map<string, Payable>;
}
export async function lockWanted(
  tx: WorkspaceTx,
  wanted: readonly WantedApplication[],
): Promise<LockedWanted> {
  const { documents, credits } = partWanted(wanted);
  const notes = await lockNotes(
    tx,
    credits.map(({ creditNoteId }) => creditNoteId!),
  );
  return { wanted, notes, payables: await lockPayables(tx, documents.map(documentOf)) };
}

/**
 * Settles documents with new cash and with what credit notes take off. A note has lowered its own invoice when it was issued:
 * so much of it only comes off that invoice's application. What it freed beyond that is on account of the invoice's payments,
 * and comes from there: the documents get it through this payment, whose rows add up to the cash. Refuses what is not issued
 * or another's, and more than is left of a note or than the documents take.
 */
export async function applyWanted(
  tx: WorkspaceTx,
  payment: PaymentHead,
  { wanted, notes, payables }: LockedWanted,
  { postingDate, actor }: { postingDate: Day; actor: string },
): Promise<void> {
  const parts = partWanted(wanted);
  let documents: WantedApplication[] = parts.documents;
  const toTake: { note: NettableNote; amount: Decimal }[] = [];
  for (const { creditNoteId, amount } of merged(parts.credits)) {
    const note = requireNote(payment, notes.get(creditNoteId), creditNoteId);
    requireWhole(note, amount);
    const lowered = new Decimal(note.total).minus(note.freed);
    const [rest, left] = takeOwnOff(documents, { invoiceId: note.invoiceId, amount, lowered });
    documents = rest;
    if (left.gt(0)) toTake.push({ note, amount: left });
  }
  const taken = toTake.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
  if (taken.gt(cashOf(documents)))
    throw new Refusal({
      code: 'payment.credit_without_documents',
      message: `Credit notes of ${taken.toFixed()} ${payment.currency} were taken off documents of ${cashOf(documents).toFixed()}.`,
      whatToDo: 'Name the invoices that the payer paid, before the credit notes were taken off.',
    });
  for (const { note, amount } of toTake) await takeOff(tx, payment, note, amount, postingDate);
  await applyToDocuments(tx, payment, documents, payables, { postingDate, actor, from: 'payment' });
}

/** One a note: named twice is their sum. */
function merged(credits: readonly WantedApplication[]): { creditNoteId: string; amount: Decimal }[] {
  const sums = new Map<string, Decimal>();
  for (const { creditNoteId, amount } of credits)
    sums.set(creditNoteId!, new Decimal(amount).plus(sums.get(creditNoteId!) ?? 0));
  return [...sums].map(([creditNoteId, amount]) => ({ creditNoteId, amount }));
}

function requireNote(payment: PaymentHead, note: NettableNote | undefined, id: string): NettableNote {
  if (!note)
    throw new Refusal({
      code: 'payment.credit_not_issued',
      message: `Credit note ${id} is not issued, so nobody can take it off.`,
      whatToDo: 'Issue the credit note first, or record the payment without it.',
    });
  if (note.clientId !== payment.clientId)
    throw new Refusal({
      code: 'payment.invoice_of_other_client',
      message: `Credit note ${note.number} is another client's than the payment.`,
      whatToDo: "Take off the payment's own client's credit notes only.",
    });
  if (note.sellerId !== payment.sellerId)
    throw new Refusal({
      code: 'payment.sellers_differ',
      message: `Credit note ${note.number} is another seller's than the money.`,
      whatToDo: 'Record what each seller got as a payment of its own.',
    });
  if (note.currency !== payment.currency)
    throw new Refusal({
      code: 'payment.currency_differs',
      message: `Credit note ${note.number} is in ${note.currency}, the payment in ${payment.currency}.`,
      whatToDo: 'Apply what the credit note put on account by itself (POST /payments/:paymentId/apply).',
    });
  return note;
}

function requireWhole(note: NettableNote, amount: Decimal): void {
  const places = placesOf(note);
  if (amount.decimalPlaces() <= places) return;
  throw new Refusal({
    code: 'payment.finer_than_currency',
    status: 422,
    message: `What is taken off by credit note ${note.number} is finer than its currency goes.`,
    whatToDo: `Take off an amount of at most ${places} decimals.`,
  });
}

/** From the payments that it freed, the latest first. */
async function takeOff(
  tx: WorkspaceTx,
  payment: PaymentHead,
  note: NettableNote,
  wanted: Decimal,
  postingDate: Day,
): Promise<void> {
  const sources = await lockSources(tx, note, payment);
  const before = await nettedBefore(tx, note.id);
  const onAccount = sources.reduce((sum, { left }) => sum.plus(left), new Decimal(0));
  const available = Decimal.max(Decimal.min(new Decimal(note.freed).minus(before), onAccount), 0);
  if (wanted.gt(available))
    throw new Refusal({
      code: 'payment.credit_used_up',
      message: `${available.toFixed()} ${note.currency} of credit note ${note.number} is left to take off; ${wanted.toFixed()} is more.`,
      whatToDo:
        'Take off what is left: the rest has lowered its own invoice, or was applied or refunded from its account.',
      details: { left: available.toFixed(), currency: note.currency },
    });
  let rest = wanted;
  for (const { id, left } of sources) {
    const amount = Decimal.min(rest, left);
    if (amount.lte(0)) continue;
    await netCredit(tx, payment, await readHead(tx, id), { creditNoteId: note.id, amount }, postingDate);
    rest = rest.minus(amount);
  }
}

/** Payments that something of the note's invoice went back to, in its currency, with what is on their account. */
async function lockSources(
  tx: WorkspaceTx,
  note: NettableNote,
  payment: PaymentHead,
): Promise<{ id: string; left: DecimalText }[]> {
  const held = await tx.rows<{ id: string }>(
    `select id from payments where workspace_id = $1 and status = 'cleared' and currency = $3 and id <> $4 and id in (
       select payment_id from payment_applications where workspace_id = $1 and document_id = $2 and kind = 'invoice' and amount < 0)
     order by id for no key update`,
    [tx.workspaceId, note.invoiceId, note.currency, payment.id],
  );
  // Only now, when nobody else can spend it.
  return tx.rows<{ id: string; left: DecimalText }>(
    `select payment_id as id, sum(amount) as left from payment_applications
     where workspace_id = $1 and payment_id = any($2::uuid[]) and kind = 'on_account' group by 1 having sum(amount) > 0 order by 1 desc`,
    [tx.workspaceId, plainArray(held.map(({ id }) => id))],
  );
}

async function nettedBefore(tx: WorkspaceTx, creditNoteId: string): Promise<Decimal> {
  const row = await tx.row<{ netted: DecimalText }>(
    `select coalesce(sum(amount), 0) as netted from (
       select sum(amount) as amount from payment_applications
       where workspace_id = $1 and kind = 'credit_note' and document_id = $2 group by payment_id having sum(amount) > 0) x`,
    [tx.workspaceId, creditNoteId],
  );
  return new Decimal(row!.netted);
}

/** Refuses while money of this payment, which a credit note freed, nets another payment. */
export async function requireNotNetted(tx: WorkspaceTx, paymentId: string): Promise<void> {
  const given = await tx.row<{ number: string }>(
    `select n.number from payment_applications a join credit_notes n on n.workspace_id = $1 and n.id = a.document_id
     where a.workspace_id = $1 and a.payment_id = $2 and a.kind = 'credit_note' group by n.id, n.number having sum(a.amount) > 0 limit 1`,
    [tx.workspaceId, paymentId],
  );
  if (given)
    throw new Refusal({
      code: 'payment.credit_netted',
      message: `What credit note ${given.number} freed of this payment was taken off another payment.`,
      whatToDo: 'Reverse that payment first.',
      details: { creditNote: given.number },
    });
}

/** What credit notes took off a payment that is reversed is on account again, where it came from. The caller holds the notes. */
export async function returnNetted(tx: WorkspaceTx, paymentId: string, postingDate: Day): Promise<void> {
  const netted = await tx.rows<{ creditNoteId: string; amount: DecimalText }>(
    `select document_id as credit_note_id, -sum(amount) as amount from payment_applications
     where workspace_id = $1 and payment_id = $2 and kind = 'credit_note' group by 1 having sum(amount) < 0 order by 1`,
    [tx.workspaceId, paymentId],
  );
  for (const { creditNoteId, amount } of netted) {
    const sources = await tx.rows<{ id: string; given: DecimalText }>(
      `select payment_id as id, sum(amount) as given from payment_applications
       where workspace_id = $1 and kind = 'credit_note' and document_id = $2 group by 1 having sum(amount) > 0 order by 1`,
      [tx.workspaceId, creditNoteId],
    );
    let rest = new Decimal(amount);
    for (const { id, given } of sources) {
      const back = Decimal.min(rest, given);
      if (back.lte(0)) break;
      const taken = { kind: 'credit_note' as const, documentId: creditNoteId, amount: back.negated() };
      await takeFromAccount(tx, await readHead(tx, id), taken, postingDate);
      rest = rest.minus(back);
    }
  }
}
