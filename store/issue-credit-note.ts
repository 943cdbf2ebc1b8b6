/** Owns issuing credit notes: what they take back of the invoice, its balance, and the number, all in one transaction. */
import { createHash } from 'node:crypto';
import type { Disposition } from '../domain/credit-note.ts';
import { localDay } from '../domain/day.ts';
import { type Doer, keepApart } from '../domain/duties.ts';
import { type InvoiceStatus, openBalance, statusByBalance } from '../domain/invoice.ts';
import { Decimal, minorPlaces, round } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import {
  type CreditableInvoice,
  type CreditNote,
  lockCreditable,
  lockCreditNote,
  readCreditNote,
  readCreditNoteLines,
} from './credit-notes.ts';
import type { WorkspaceTx } from './database.ts';
import { dutyRule, recordDutyExceptions } from './duties.ts';
import { dutyLimit } from './duty-limits.ts';
import { recordEvents } from './events.ts';
import { giveBack, giveBackWrittenOff, type Returned, writeOffCorrections } from './give-back.ts';
import { type Reckoned, reckonCredit, requireDraft } from './make-credit-note.ts';
import { enqueueLook } from './outbox.ts';
import { returnToAccount } from './payment-applications.ts';
import { requireOpenPeriods } from './periods.ts';
import { queueOfInvoice } from './pushed-documents.ts';
import { returnDraws } from './retainers.ts';
import { requestRun } from './runs.ts';
import { takeNumber } from './take-number.ts';
import { addDeltas } from './totals.ts';
import type { WriteOffReason } from './write-off.ts';

/** Who issues: with the reason of a lone admin who decides on their own credit, for the duties report. */
export interface CreditIssuer {
  doer: Doer;
  ownReason: string | null;
}

/** True where the credit is above the limit of who wrote it, and they are not alone (BILLING §8). */
export async function needsSecondPerson(
  tx: WorkspaceTx,
  note: Pick<CreditNote, 'createdBy' | 'total' | 'currency'>,
  { doer, ownReason }: CreditIssuer,
): Promise<boolean> {
  if (note.createdBy !== doer.id || !(await isAboveLimit(tx, note, doer))) return false;
  const rule = await dutyRule(tx, 'invoices.credit', doer);
  return rule.fourEyes && !(rule.alone && ownReason !== null);
}

async function isAboveLimit(
  tx: WorkspaceTx,
  note: Pick<CreditNote, 'total' | 'currency'>,
  doer: Doer,
): Promise<boolean> {
  const limit = await dutyLimit(tx, 'credit', doer.memberId, note.currency);
  return limit !== null && new Decimal(note.total).abs().gt(limit);
}

/**
 * Issues a draft, dated today. What it takes is reckoned again under the invoice's lock: where that differs from what the draft
 * says, it is refused. Items come back as their line's disposition says, held until a person releases them; money that the
 * invoice no longer needs goes on account of its payments. Lock order: note, invoice, items, payments, series.
 */
export async function issueCreditNote(
  tx: WorkspaceTx,
  id: string,
  issuer: CreditIssuer,
  now: Instant,
): Promise<CreditNote> {
  const note = found(await lockCreditNote(tx, id), 'credit_note');
  requireDraft(note, 'issued');
  await requireDuty(tx, note, issuer);
  const invoice = (await lockCreditable(tx, note.invoiceId))!;
  const reckoned = await reckonCredit(tx, invoice, note.wanted);
  await requireUnchanged(tx, note, reckoned);
  const returned = await returnItems(tx, invoice, note, reckoned, issuer.doer.id);
  const credit = new Decimal(note.total);
  const excess = Decimal.max(credit.minus(openBalance(invoice)), 0);
  const today = localDay(now, invoice.zone);
  if (excess.gt(0))
    await returnToAccount(tx, invoice.id, excess, { postingDate: today, actor: issuer.doer.id });
  await lowerBalance(tx, invoice, credit);
  const issued = await number(tx, note, {
    invoice,
    reckoned,
    returned,
    freed: excess,
    actor: issuer.doer.id,
    now,
  });
  await addDeltas(tx, [
    { metric: 'receivable', key: invoice.currency, value: credit.negated().toFixed() },
    // What the own company was charged was no revenue.
    {
      metric: invoice.internal ? 'internal_credited_net' : 'credited_net',
      key: invoice.currency,
      value: note.net,
    },
  ]);
  await enqueueLook(tx, {
    subjectType: 'client_invoice',
    subjectId: invoice.id,
    lane: 'interactive',
    reason: 'credited',
  });
  return issued;
}

async function requireDuty(
  tx: WorkspaceTx,
  note: CreditNote,
  { doer, ownReason }: CreditIssuer,
): Promise<void> {
  if (note.createdBy !== doer.id || !(await isAboveLimit(tx, note, doer))) return;
  const standing = keepApart(
    [
      {
        code: 'own_credit',
        message: 'You wrote this credit note, and it is above your limit.',
        always: false,
      },
    ],
    await dutyRule(tx, 'invoices.credit', doer),
    ownReason,
  );
  const subject = { type: 'credit_note', id: note.id, action: 'credit' };
  await recordDutyExceptions(tx, doer, subject, standing, ownReason);
}

/** A payment does not change a credit; another credit does. */
async function requireUnchanged(
  tx: WorkspaceTx,
  note: CreditNote,
  { lines, totals }: Reckoned,
): Promise<void> {
  const kept = await readCreditNoteLines(tx, note.id);
  const isSame =
    new Decimal(totals.total).eq(note.total) &&
    new Decimal(totals.tax).eq(note.tax) &&
    lines.length === kept.length &&
    lines.every(
      ({ line, amount, quantity }, index) =>
        line.id === kept[index]!.invoiceLineId &&
        new Decimal(amount).eq(kept[index]!.amount) &&
        new Decimal(quantity).eq(kept[index]!.quantity),
    );
  if (isSame) return;
  throw new Refusal({
    code: 'credit_note.outdated',
    message: `It says ${note.total}; by what is left of invoice ${note.invoiceNumber} it would come to ${totals.total} now.`,
    whatToDo: 'Discard it and write it anew.',
    details: { was: note.total, is: totals.total },
  });
}

interface ReturnedItems {
  writeOffId: string | null;
  replacementRunId: string | null;
}

/** Each line's items by its disposition. What is replaced is drafted anew by a run of its own. */
async function returnItems(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  note: CreditNote,
  { lines }: Reckoned,
  actor: string,
): Promise<ReturnedItems> {
  const itemsOf = (wanted: Disposition): Returned[] =>
    lines
      .filter(({ disposition }) => disposition === wanted)
      .flatMap(({ line, items }) => items.map((item) => ({ ...item, lineId: line.id })));
  const why = `credit note of ${invoice.number}: ${note.reason}`;
  const [again, replaced, off] = [itemsOf('bill_again'), itemsOf('replace'), itemsOf('write_off')];
  await giveBack(tx, invoice, 'credit', again, why);
  await giveBack(tx, invoice, 'credit', replaced, why, false);
  const reasonCode = (note.wanted.writeOffReason ?? 'agreed') as WriteOffReason;
  const corrections = note.wanted.corrections ?? [];
  const by = { reasonCode, reason: note.reason, author: actor, why, isNetted: corrections.length > 0 };
  const writeOffId = off.length === 0 ? null : await giveBackWrittenOff(tx, invoice, off, by);
  if (writeOffId !== null && corrections.length > 0)
    await writeOffCorrections(tx, invoice, corrections, {
      noteId: note.id,
      writeOffId,
      reason: note.reason,
    });
  return {
    writeOffId,
    replacementRunId: replaced.length === 0 ? null : await replace(tx, invoice, note, replaced, actor),
  };
}

async function replace(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  note: CreditNote,
  replaced: readonly Returned[],
  actor: string,
): Promise<string> {
  const itemIds = [...new Set(replaced.map((item) => item.itemId))];
  if (itemIds.length > mostReplaced)
    throw new Refusal({
      code: 'credit_note.too_many_items',
      message: `More than ${mostReplaced.toLocaleString('en')} items would be drafted anew at once.`,
      whatToDo: 'Credit it with the disposition bill_again, release what came back, and start a billing run.',
      details: { limit: mostReplaced },
    });
  await requireFreeItems(tx, itemIds);
  const run = await requestRun(tx, {
    scope: { type: 'contract', id: invoice.contractId! },
    trigger: 'by_hand',
    pulledBy: actor,
    reason: `replaces ${invoice.number}: ${note.reason}`.slice(0, 2_000),
    cutoffOn: '9999-12-31',
    finishAt: 'draft',
    itemIds,
  });
  return run.id;
}
/** What an earlier credit gave back of the same items is held, and its run would leave them out whole. */
async function requireFreeItems(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  const row = await tx.row<{ held: number }>(
    'select count(*)::int as held from billable_items where workspace_id = $1 and id = any($2::uuid[]) and held_reason is not null',
    [tx.workspaceId, plainArray(itemIds)],
  );
  if (row!.held === 0) return;
  throw new Refusal({
    code: 'credit_note.items_held',
    message: `${row!.held} of its items are held, since something of them was credited before: they would be missing from the new draft.`,
    whatToDo: 'Release or write off what is held of them first (GET /billable-items?status=held).',
  });
}

/** As many as a run may be asked to choose. */
const mostReplaced = 10_000;

async function lowerBalance(tx: WorkspaceTx, before: CreditableInvoice, credit: Decimal): Promise<void> {
  // Money may have gone back on account meanwhile.
  const invoice = (await lockCreditable(tx, before.id))!;
  const places = Math.max(minorPlaces(invoice.currency), new Decimal(invoice.total).dp());
  const credited = new Decimal(invoice.credited).plus(credit).toFixed(places);
  const balance = openBalance({ ...invoice, credited });
  const isWhole = new Decimal(credited).eq(invoice.total) && (await hasNothingLeft(tx, invoice.id));
  if (isWhole) {
    const why = `invoice ${invoice.number} was credited in full`;
    await returnDraws(tx, invoice.id, { reason: why, heldReason: why });
  }
  const status = isWhole ? 'credited' : statusAfter({ ...invoice, credited }, balance);
  await tx.run(
    `update client_invoices set credited = $3, status = $4, settled_at = case when $4 = 'settled' then coalesce(settled_at, ${sqlNow}) end
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, invoice.id, credited, status],
  );
}

/** Settled at nothing open (BILLING §6), also where a credit of money alone did all of it: its hours stay billed. */
function statusAfter(invoice: CreditableInvoice, balance: Decimal): InvoiceStatus {
  const { status, credited, applied, badDebt } = invoice;
  const isOver = balance.isZero() && new Decimal(badDebt).isZero() && new Decimal(credited).gt(0);
  return isOver ? 'settled' : statusByBalance(status, balance, applied, badDebt);
}

/** Of an invoice of 0.00 its hours say whether it is credited in full. */
async function hasNothingLeft(tx: WorkspaceTx, invoiceId: string): Promise<boolean> {
  const row = await tx.row<{ standing: boolean }>(
    `select exists (select from allocations where workspace_id = $1 and invoice_id = $2 group by target_id, item_id having sum(quantity) <> 0) as standing`,
    [tx.workspaceId, invoiceId],
  );
  return !row!.standing;
}

/** The series last: numbers without a gap, dates never backwards. It posts on its date, which the books must take. */
async function number(
  tx: WorkspaceTx,
  note: CreditNote,
  at: {
    invoice: CreditableInvoice;
    reckoned: Reckoned;
    returned: ReturnedItems;
    /** What it put on account of the invoice's payments. */
    freed: Decimal;
    actor: string;
    now: Instant;
  },
): Promise<CreditNote> {
  const { invoice, reckoned, returned, freed, actor, now } = at;
  const seriesId = await seriesOf(tx, invoice);
  const { number, sequence, issueDate } = await takeNumber(tx, seriesId, localDay(now, invoice.zone), {
    clientCode: invoice.clientCode,
  });
  await requireOpenPeriods(tx, 'billing', [{ sellerId: invoice.sellerId, day: issueDate }], actor, now);
  await requireFree(tx, invoice.sellerId, number);
  const snapshot = JSON.stringify({
    ...invoice.snapshot,
    number,
    issueDate,
    issuedBy: actor,
    terms: null,
    allowances: [],
    taxSubtotals: reckoned.totals.subtotals,
    creditOf: { invoiceId: invoice.id, number: invoice.number, issueDate: invoice.issueDate },
    reason: note.reason,
  });
  const contentHash = createHash('sha256')
    .update(`${number}|${issueDate}|${note.net}|${note.tax}|${note.total}|${snapshot}`)
    .digest('hex');
  const inBooks = await functionalAmounts(tx, invoice, note);
  await tx.run(
    `update credit_notes set status = 'issued', number = $3, sequence = $4, series_id = $5, issue_date = $6::date, posting_date = $6::date, tax_point = coalesce($7::date, $6::date),
       snapshot = $8, content_hash = decode($9, 'hex'), issued_by = $10, issued_at = $11, write_off_id = $12, replacement_run_id = $13,
       functional_currency = $14, functional_net = $15, functional_tax = $16, functional_total = $17, functional_conversion_id = $18, freed = $19
     where workspace_id = $1 and id = $2`,
    [
      tx.workspaceId,
      note.id,
      number,
      sequence,
      seriesId,
      issueDate,
      invoice.taxPoint,
      snapshot,
      contentHash,
      actor,
      now,
      returned.writeOffId,
      returned.replacementRunId,
      ...inBooks,
      freed.toFixed(),
    ],
  );
  await queueOfInvoice(tx, invoice.id, 'credit_note', note.id);
  // What is on account of a payment is not applied to the invoice.
  if (new Decimal(note.total).gt(freed)) await queueOfInvoice(tx, invoice.id, 'credit_application', note.id);
  await recordEvents(tx, [
    {
      type: 'credit_note.issued',
      subjectType: 'credit_note',
      subjectId: note.id,
      actor,
      permission: 'invoices.read',
      payload: {
        number,
        issueDate,
        invoiceId: invoice.id,
        invoice: invoice.number,
        reason: note.reason,
        net: note.net,
        total: note.total,
        currency: invoice.currency,
      },
      before: { status: 'draft' },
      after: { status: 'issued', number },
    },
    {
      type: 'invoice.credited',
      subjectType: 'client_invoice',
      subjectId: invoice.id,
      actor,
      permission: 'invoices.read',
      payload: { creditNoteId: note.id, number, total: note.total },
    },
  ]);
  return (await readCreditNote(tx, note.id))!;
}

async function seriesOf(
  tx: WorkspaceTx,
  invoice: Pick<CreditableInvoice, 'sellerId' | 'internal'>,
): Promise<string> {
  const name = invoice.internal ? 'internal' : 'default';
  const row = await tx.row<{ id: string }>(
    `select id from series where workspace_id = $1 and seller_id = $2 and document_type = 'credit_note' and name = $3`,
    [tx.workspaceId, invoice.sellerId, name],
  );
  if (row) return row.id;
  throw new Refusal({
    code: 'credit_note.no_series',
    message: `The seller has no number series named ${name} for credit notes.`,
    whatToDo: 'Make one (POST /series with documentType credit_note).',
  });
}

async function requireFree(tx: WorkspaceTx, sellerId: string, number: string): Promise<void> {
  const taken = await tx.row<{ id: string }>(
    'select id from credit_notes where workspace_id = $1 and seller_id = $2 and number = $3',
    [tx.workspaceId, sellerId, number],
  );
  if (taken)
    throw new Refusal({
      code: 'number.taken',
      message: `The number ${number} is another credit note's of this seller.`,
      whatToDo: 'Change the pattern of the series.',
    });
}

/**
 * In the seller's books at the original's rate, so that rates never differ between the two (BILLING §5): what all credits come
 * to there with this one, less what they came to before it. So credits of the whole come to exactly what was posted.
 */
async function functionalAmounts(
  tx: WorkspaceTx,
  invoice: CreditableInvoice,
  note: CreditNote,
): Promise<(string | null)[]> {
  const { functionalCurrency: currency, functionalRate, functionalConversionId } = invoice;
  if (currency === null) return [null, null, null, null, null];
  const before = await tx.row<{ tax: DecimalText; total: DecimalText }>(
    `select coalesce(sum(tax), 0) as tax, coalesce(sum(total), 0) as total from credit_notes
     where workspace_id = $1 and invoice_id = $2 and status = 'issued'`,
    [tx.workspaceId, invoice.id],
  );
  const worth = (amount: Decimal) =>
    round(amount.times(functionalRate ?? 1), minorPlaces(currency), 'half_up');
  const added = (was: DecimalText, amount: DecimalText) =>
    worth(new Decimal(was).plus(amount)).minus(worth(new Decimal(was)));
  const [tax, total] = [added(before!.tax, note.tax), added(before!.total, note.total)];
  return [currency, total.minus(tax).toFixed(), tax.toFixed(), total.toFixed(), functionalConversionId];
}
