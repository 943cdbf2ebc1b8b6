/** Owns writing and discarding credit notes that are not issued yet: they take nothing back before they have their number. */
import {
  type CreditLine,
  creditLines,
  creditNoteTransitions,
  creditTotals,
  type ItemPart,
  taxByLine,
  type WantedCredit,
} from '../domain/credit-note.ts';
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { TaxTotals } from '../domain/tax.ts';
import { plainArray, textArray } from './arrays.ts';
import {
  type CreditableInvoice,
  type CreditNote,
  lockCreditNote,
  readCreditable,
  readCreditNote,
} from './credit-notes.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { releaseCorrections } from './give-back.ts';
import { newId } from './new-id.ts';
import type { WriteOffReason } from './write-off.ts';

export type WantedCreditNote = WantedCredit & {
  writeOffReason?: WriteOffReason | undefined;
  /** Items below zero that it stands for; the caller holds them (`credit-corrections.ts`). */
  corrections?: readonly ItemPart[] | undefined;
};

/** A credit as it comes out now, under the invoice's lock. */
export interface Reckoned {
  lines: CreditLine[];
  taxes: string[];
  totals: TaxTotals;
}

/** Refuses where the invoice takes no credit, or not so much. */
export async function reckonCredit(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  wanted: WantedCredit,
): Promise<Reckoned> {
  requireCreditable(invoice);
  const all = await readCreditable(tx, invoice.id);
  const lines = creditLines(all, wanted, invoice.rounding);
  const totals = creditTotals(all, lines, invoice.rounding, invoice.taxSubtotals);
  const left = new Decimal(invoice.total).minus(invoice.credited).minus(invoice.badDebt);
  if (new Decimal(totals.total).gt(left))
    throw new Refusal({
      code: 'credit_note.beyond_invoice',
      message: `Invoice ${invoice.number} has ${left.toFixed()} left to credit; ${totals.total} does not fit.`,
      whatToDo: new Decimal(invoice.badDebt).gt(0)
        ? 'Take back what was written off as bad debt first.'
        : 'Credit at most that.',
      details: { left: left.toFixed(), total: totals.total },
    });
  if (new Decimal(totals.total).isNegative())
    throw new Refusal({
      code: 'credit_note.below_zero',
      message: `It would come to ${totals.total}: the client would owe more by it.`,
      whatToDo: 'Credit the line together with others, or bill what is owed on an invoice.',
      details: { total: totals.total },
    });
  return { lines, taxes: taxByLine(lines, totals, invoice.rounding), totals };
}

function requireCreditable({ number, numberGivenBy, status }: CreditableInvoice): void {
  if (numberGivenBy === 'opening')
    throw new Refusal({
      code: 'credit_note.opening',
      message: `Invoice ${number} was brought in as an opening balance: its lines are in the system that issued it.`,
      whatToDo: 'Credit it there, and counter the opening balance.',
    });
  if (status === 'void' || status === 'credited')
    throw new Refusal({
      code: 'credit_note.nothing_left',
      message: `Invoice ${number} is ${status}: nothing of it is left to credit.`,
      whatToDo: 'Nothing: read it again.',
    });
}

/** Writes a draft of what the credit comes to now. The caller holds the invoice. */
export async function draftCreditNote(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  { wanted, reason, actor }: { wanted: WantedCreditNote; reason: string; actor: string },
): Promise<CreditNote> {
  const { lines, taxes, totals } = await reckonCredit(tx, invoice, wanted);
  const id = newId();
  await tx.run(
    `insert into credit_notes (workspace_id, id, invoice_id, seller_id, client_id, reason, currency, net, tax, rounding, total, wanted, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      tx.workspaceId,
      id,
      invoice.id,
      invoice.sellerId,
      invoice.clientId,
      reason,
      invoice.currency,
      totals.net,
      totals.tax,
      totals.rounding,
      totals.total,
      JSON.stringify(wanted),
      actor,
    ],
  );
  await tx.run(
    `insert into credit_note_lines (workspace_id, credit_note_id, invoice_line_id, line_no, kind, disposition, description, quantity, unit,
       amount, tax, tax_category, tax_rate)
     select $1, $2, * from unnest($3::uuid[], $4::int[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::text[], $10::numeric[],
       $11::numeric[], $12::text[], $13::numeric[])`,
    [
      tx.workspaceId,
      id,
      plainArray(lines.map(({ line }) => line.id)),
      plainArray(lines.map((_, index) => index + 1)),
      plainArray(lines.map(({ kind }) => kind)),
      plainArray(lines.map(({ disposition }) => disposition)),
      textArray(lines.map(({ line }) => line.description)),
      plainArray(lines.map(({ quantity }) => quantity)),
      textArray(lines.map(({ line }) => line.unit)),
      plainArray(lines.map(({ amount }) => amount)),
      plainArray(taxes),
      textArray(lines.map(({ line }) => line.taxCategory)),
      plainArray(lines.map(({ line }) => line.taxRate)),
    ],
  );
  await recordEvents(tx, [
    {
      type: 'credit_note.drafted',
      subjectType: 'credit_note',
      subjectId: id,
      actor,
      permission: 'invoices.read',
      payload: {
        invoiceId: invoice.id,
        invoice: invoice.number,
        by: wanted.by,
        reason,
        net: totals.net,
        total: totals.total,
        currency: invoice.currency,
      },
    },
  ]);
  return (await readCreditNote(tx, id))!;
}

/** A draft that nobody wants; it had no number. */
export async function discardCreditNote(tx: WorkspaceTx, id: string, actor: string): Promise<CreditNote> {
  const note = found(await lockCreditNote(tx, id), 'credit_note');
  requireDraft(note, 'discarded');
  await tx.run(`update credit_notes set status = 'discarded' where workspace_id = $1 and id = $2`, [
    tx.workspaceId,
    id,
  ]);
  await releaseCorrections(tx, id, note.wanted.corrections ?? []);
  await recordEvents(tx, [
    {
      type: 'credit_note.discarded',
      subjectType: 'credit_note',
      subjectId: id,
      actor,
      permission: 'invoices.read',
      before: { status: 'draft' },
      after: { status: 'discarded' },
    },
  ]);
  return { ...note, status: 'discarded' };
}

export function requireDraft(note: CreditNote, to: 'issued' | 'discarded'): void {
  if (creditNoteTransitions[note.status].includes(to)) return;
  throw new Refusal({
    code: 'credit_note.not_draft',
    message: note.number ? `It is issued as ${note.number} and stays.` : `It is ${note.status}.`,
    whatToDo: 'Nothing: read it again.',
  });
}
