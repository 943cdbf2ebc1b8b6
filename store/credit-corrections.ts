/** Owns crediting corrections: items below zero become credit notes of the invoices that they correct, instead of lowering the next one. */
import { type CorrectionCredit, coverCorrections } from '../domain/cover-corrections.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { isBelowZero } from '../domain/too-little.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import {
  correctionsOn,
  findUnsettled,
  lockBalancesOf,
  lockEntriesOf,
  lockPaymentsOf,
  readCorrected,
} from './corrected-items.ts';
import { tellSecondPerson } from './correction-notices.ts';
import { type CreditableInvoice, type CreditNote, lockCreditable } from './credit-notes.ts';
import type { WorkspaceTx } from './database.ts';
import { lockDraft } from './edit-draft.ts';
import { closeFixed } from './exceptions.ts';
import { holdCorrections } from './give-back.ts';
import { type CreditIssuer, issueCreditNote, needsSecondPerson } from './issue-credit-note.ts';
import { draftCreditNote } from './make-credit-note.ts';
import { type LockedItem, lockDraftsOf, lockOpenItems, recordItems, takeOffDrafts } from './pending-items.ts';

/** More than these hold too many locks for too long. */
export const mostCorrections = 1_000;

export interface CreditedCorrections {
  /** One for each invoice; a draft where a second person has to issue it. */
  creditNotes: CreditNote[];
  /** Corrections that stay as they are. */
  left: { itemId: string; why: 'changed' | 'not_on_an_invoice' }[];
}
export interface WantedCorrections {
  issuer: CreditIssuer;
  reason: string;
  now: Instant;
}

/**
 * Credits what the items take back on the invoices that say it: hours, at the price and tax that they were billed with, one credit
 * note for each invoice. Hours and corrections are written off against each other, so that each hour is billed once and nothing is
 * left open. Those on drafts are taken off them. Refuses with 409 where nothing of it can be credited. Lock order: entries,
 * invoices, drafts, items, payments, series.
 */
export async function creditCorrections(
  tx: WorkspaceTx,
  itemIds: readonly string[],
  wanted: WantedCorrections,
): Promise<CreditedCorrections> {
  await lockEntriesOf(tx, itemIds);
  const maybe = await readCorrected(tx, itemIds);
  const invoices = new Map<string, CreditableInvoice>();
  for (const id of [...new Set(maybe.map(({ invoiceId }) => invoiceId))].sort())
    invoices.set(id, (await lockCreditable(tx, id))!);
  const draftIds = await lockDraftsOf(tx, itemIds);
  await lockBalancesOf(tx, [...itemIds, ...maybe.map(({ itemId }) => itemId)]);
  await lockPaymentsOf(tx, [...invoices.keys()]);
  const items = await lockOpenItems(tx, itemIds);
  requireCorrections(items);
  const unsettled = await findUnsettled(tx, itemIds);
  const corrected = (await readCorrected(tx, itemIds)).filter(({ invoiceId }) => invoices.has(invoiceId));
  const { credits, left } = coverCorrections(
    items.filter(({ id }) => !unsettled.has(id)).map(({ id, quantity }) => ({ itemId: id, quantity })),
    corrected,
  );
  if (credits.length === 0) throw nothingToCredit(unsettled.size > 0);
  const covered = items.filter(({ id }) => !unsettled.has(id) && !left.includes(id));
  const actor = wanted.issuer.doer.id;
  await takeOffDrafts(tx, covered, { actor, reason: `credited: ${wanted.reason}` });
  await freeDrafts(tx, draftIds);
  await holdCorrections(
    tx,
    covered.map(({ id }) => id),
  );
  const creditNotes: CreditNote[] = [];
  for (const credit of credits)
    creditNotes.push(await write(tx, invoices.get(credit.invoiceId)!, credit, wanted));
  await recordItems(tx, 'items.credited', covered, actor, {
    reason: wanted.reason,
    creditNoteIds: creditNotes.map(({ id }) => id),
  });
  return {
    creditNotes,
    left: [
      ...[...unsettled].map((itemId) => ({ itemId, why: 'changed' as const })),
      ...left.map((itemId) => ({ itemId, why: 'not_on_an_invoice' as const })),
    ],
  };
}

/** The same of all corrections on a draft; what is left on it is billed, and where nothing is, it is discarded. */
export async function creditDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  wanted: WantedCorrections,
): Promise<CreditedCorrections> {
  const itemIds = await correctionsOn(tx, invoiceId, mostCorrections + 1);
  if (itemIds.length > mostCorrections)
    throw new Refusal({
      code: 'invoice.too_large_to_edit',
      message: `It holds more than ${mostCorrections.toLocaleString('en')} corrections.`,
      whatToDo: 'Credit them in parts: POST /billable-items/credit.',
    });
  // Whoever was here at the same moment has credited them.
  if (itemIds.length === 0) {
    await lockDraft(tx, invoiceId);
    throw nothingToCredit(false);
  }
  return creditCorrections(tx, itemIds, wanted);
}

function requireCorrections(items: readonly LockedItem[]): void {
  const other = items.find(({ quantity }) => !new Decimal(quantity).lt(0));
  if (other)
    throw new Refusal({
      code: 'item.no_correction',
      message: 'One of the items takes nothing back: it is work to bill.',
      whatToDo: 'Name items below zero only; write work off, or hold it.',
      details: { itemId: other.id },
    });
}

const nothingToCredit = (changed: boolean) =>
  new Refusal({
    code: 'correction.nothing_to_credit',
    message: changed
      ? 'The entries of these corrections changed again, have an open exception, or are not approved.'
      : 'None of this takes back what stands on an issued invoice.',
    whatToDo: changed
      ? 'Settle the exceptions of the entries, run again, and credit then.'
      : 'It lowers the next invoice; or credit an invoice by an amount (POST /invoices/{invoiceId}/credit-notes).',
  });

/** What was held for being below zero is a draft again, once it is not; whatever else it lacks is found at its issue. */
async function freeDrafts(tx: WorkspaceTx, draftIds: readonly string[]): Promise<void> {
  const freed = await tx.rows<{ id: string }>(
    `update client_invoices set status = 'draft', hold_reason = null
     where workspace_id = $1 and id = any($2::uuid[]) and status = 'held' and total >= 0 and starts_with(hold_reason, $3) returning id`,
    [tx.workspaceId, plainArray(draftIds), isBelowZero],
  );
  await closeFixed(
    tx,
    'invoice.held',
    freed.map(({ id }) => `invoice:${id}`),
    'its corrections were credited',
  );
}

/** Issued at once, unless it is above the limit of who asks for it: then somebody else is told, and issues it. */
async function write(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  { lines, corrections }: CorrectionCredit,
  { issuer, reason, now }: WantedCorrections,
): Promise<CreditNote> {
  const draft = await draftCreditNote(tx, invoice, {
    wanted: { by: 'lines', disposition: 'write_off', writeOffReason: 'error', lines, corrections },
    reason,
    actor: issuer.doer.id,
  });
  if (await needsSecondPerson(tx, draft, issuer)) {
    await tellSecondPerson(tx, draft, issuer.doer);
    return draft;
  }
  return issueCreditNote(tx, draft.id, issuer, now);
}
