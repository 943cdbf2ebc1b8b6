/** Owns crediting corrections: items below zero become credit notes of the invoices that they correct, instead of lowering the next one. */
import { type CorrectedItem, type CorrectionCredit, coverCorrections } from '../domain/cover-corrections.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { isBelowZero } from '../domain/too-little.ts';
import type { Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { lockContract } from './contract-versions.ts';
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
import { findOnCreditNotes, holdCorrections } from './give-back.ts';
import { type CreditIssuer, issueCreditNote, needsSecondPerson } from './issue-credit-note.ts';
import { draftCreditNote, reckonCredit, type WantedCreditNote } from './make-credit-note.ts';
import { type LockedItem, lockDraftsOf, lockOpenItems, recordItems, takeOffDrafts } from './pending-items.ts';

/** More than these hold too many locks for too long. */
export const mostCorrections = 1_000;

export interface LeftCorrection {
  itemId: string;
  why: 'changed' | 'not_on_an_invoice' | 'not_creditable';
  /** Why the invoice takes no credit of it; null where it is not about one. */
  message: string | null;
}
export interface CreditedCorrections {
  /** One for each invoice; a draft where a second person has to issue it. */
  creditNotes: CreditNote[];
  /** Corrections that stay as they are. */
  left: LeftCorrection[];
}
export interface WantedCorrections {
  issuer: CreditIssuer;
  reason: string;
  now: Instant;
}

/**
 * Credits what the items take back on the invoices that say it: hours, at the price and tax that they were billed with, one credit
 * note for each invoice. Hours and corrections are written off against each other, so that each hour is billed once and nothing is
 * left open. Those on drafts are taken off them. Refuses with 409 where nothing of it can be credited, and what a credit note that
 * is not issued yet stands for. Lock order: contracts, entries, invoices, drafts, items, payments, series.
 */
export async function creditCorrections(
  tx: WorkspaceTx,
  itemIds: readonly string[],
  wanted: WantedCorrections,
): Promise<CreditedCorrections> {
  // Before any entry, as a run does that drafts and issues in one transaction.
  for (const id of await contractsOf(tx, itemIds)) await lockContract(tx, id);
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
  await requireOnNoCreditNote(tx, itemIds);
  const unsettled = await findUnsettled(tx, itemIds);
  const corrected = (await readCorrected(tx, itemIds)).filter(({ invoiceId }) => invoices.has(invoiceId));
  const settled = items.filter(({ id }) => !unsettled.has(id));
  const { credits, left } = await coverCreditable(tx, settled, corrected, invoices);
  if (credits.length === 0) throw nothingToCredit(unsettled.size > 0, left);
  const notCovered = new Set(left.map(({ itemId }) => itemId));
  const covered = settled.filter(({ id }) => !notCovered.has(id));
  const actor = wanted.issuer.doer.id;
  await takeOffDrafts(tx, covered, { actor, reason: `credited: ${wanted.reason}` });
  await freeDrafts(tx, draftIds);
  await holdCorrections(
    tx,
    covered.map(({ id }) => id),
  );
  const drafts: CreditNote[] = [];
  for (const credit of credits)
    drafts.push(
      await draftCreditNote(tx, invoices.get(credit.invoiceId)!, {
        wanted: asWanted(credit),
        reason: wanted.reason,
        actor,
      }),
    );
  // All are written before one is issued: what a correction has on two is held until neither waits.
  const creditNotes: CreditNote[] = [];
  for (const draft of drafts) creditNotes.push(await issueOrTell(tx, draft, wanted));
  await recordItems(tx, 'items.credited', covered, actor, {
    reason: wanted.reason,
    creditNoteIds: creditNotes.map(({ id }) => id),
  });
  return {
    creditNotes,
    left: [...[...unsettled].map((itemId) => ({ itemId, why: 'changed' as const, message: null })), ...left],
  };
}

async function contractsOf(tx: WorkspaceTx, itemIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    'select distinct contract_id as id from billable_items where workspace_id = $1 and id = any($2::uuid[]) order by 1',
    [tx.workspaceId, plainArray(itemIds)],
  );
  return rows.map(({ id }) => id);
}

/**
 * The credits that their invoices take. Where one is refused (money that is a bad debt, a line with less left), its corrections are
 * left, and the rest is covered again: what they have on other invoices is not credited either. Ends, since each time more are left.
 */
async function coverCreditable(
  tx: WorkspaceTx,
  items: readonly LockedItem[],
  corrected: readonly CorrectedItem[],
  invoices: ReadonlyMap<string, CreditableInvoice>,
): Promise<{ credits: CorrectionCredit[]; left: LeftCorrection[] }> {
  const refused = new Map<string, string>();
  /** Invoice → the credit that it takes. */
  const taken = new Map<string, string>();
  for (;;) {
    const { credits, left } = coverCorrections(
      items.filter(({ id }) => !refused.has(id)).map(({ id, quantity }) => ({ itemId: id, quantity })),
      corrected,
    );
    const before = refused.size;
    for (const credit of credits) {
      const lines = JSON.stringify(credit.lines);
      if (taken.get(credit.invoiceId) === lines) continue;
      const why = await whyNotCreditable(tx, invoices.get(credit.invoiceId)!, credit);
      if (why === null) taken.set(credit.invoiceId, lines);
      else for (const { itemId } of credit.corrections) refused.set(itemId, why);
    }
    if (refused.size > before) continue;
    return {
      credits,
      left: [
        ...left.map((itemId) => ({ itemId, why: 'not_on_an_invoice' as const, message: null })),
        ...[...refused].map(([itemId, message]) => ({ itemId, why: 'not_creditable' as const, message })),
      ],
    };
  }
}

async function whyNotCreditable(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  credit: CorrectionCredit,
): Promise<string | null> {
  try {
    await reckonCredit(tx, invoice, asWanted(credit));
    return null;
  } catch (problem) {
    if (!(problem instanceof Refusal)) throw problem;
    return `${problem.message}${problem.whatToDo === null ? '' : ` ${problem.whatToDo}`}`;
  }
}

const asWanted = ({ lines, corrections }: CorrectionCredit): WantedCreditNote => ({
  by: 'lines',
  disposition: 'write_off',
  writeOffReason: 'error',
  lines,
  corrections,
});

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
    throw nothingToCredit(false, []);
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

/** Twice credited, the second note could not be issued. */
async function requireOnNoCreditNote(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  const [itemId] = await findOnCreditNotes(tx, itemIds);
  if (itemId === undefined) return;
  throw new Refusal({
    code: 'correction.on_credit_note',
    message: 'A credit note that is not issued yet stands for one of these corrections.',
    whatToDo: 'Issue it, or discard it (GET /credit-notes?status=draft), and credit what is left then.',
    details: { itemId },
  });
}

function nothingToCredit(isChanged: boolean, left: readonly LeftCorrection[]): Refusal {
  const code = 'correction.nothing_to_credit';
  const notTaken = left.find(({ message }) => message !== null);
  if (notTaken)
    return new Refusal({
      code,
      message: `Its invoice takes no such credit. ${notTaken.message}`,
      whatToDo: 'Credit fewer of them at once; what is not credited lowers the next invoice.',
      details: { itemId: notTaken.itemId },
    });
  return new Refusal({
    code,
    message: isChanged
      ? 'The entries of these corrections changed again, have an open exception, or are not approved.'
      : 'None of this takes back what stands on an issued invoice.',
    whatToDo: isChanged
      ? 'Settle the exceptions of the entries, run again, and credit then.'
      : 'It lowers the next invoice; or credit an invoice by an amount (POST /invoices/{invoiceId}/credit-notes).',
  });
}

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
async function issueOrTell(
  tx: WorkspaceTx,
  draft: CreditNote,
  { issuer, now }: WantedCorrections,
): Promise<CreditNote> {
  if (!(await needsSecondPerson(tx, draft, issuer))) return issueCreditNote(tx, draft.id, issuer, now);
  await tellSecondPerson(tx, draft, issuer.doer);
  return draft;
}
