/** Owns giving discounts on drafts and taking them back. */
import type { Doer } from '../domain/duties.ts';
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { type DraftHead, lockDraft, readDiscounts, retotalDraft } from './edit-draft.ts';
import { recordEvents } from './events.ts';
import { requireItemDuties } from './item-duties.ts';

export interface NewDiscount {
  lineId: string | null;
  percentage: DecimalText | null;
  fixedAmount: DecimalText | null;
  reason: string;
}
/** Each is worked out again at every edit. */
export const mostDiscounts = 100;

/** Answers its id. What it takes is the giver's to decide up to their limit. */
export async function addDiscount(
  tx: WorkspaceTx,
  invoiceId: string,
  wanted: NewDiscount,
  doer: Doer,
): Promise<string> {
  const draft = await lockDraft(tx, invoiceId);
  const known = await readDiscounts(tx, invoiceId);
  if (known.length >= mostDiscounts)
    throw new Refusal({
      code: 'invoice.too_many_discounts',
      message: `An invoice takes ${mostDiscounts} discounts.`,
      whatToDo: 'Remove one first.',
    });
  if (wanted.lineId !== null) await requireLine(tx, draft, wanted.lineId);
  const before = await readDiscounted(tx, invoiceId);
  const row = await tx.row<{ id: string }>(
    `insert into invoice_discounts (workspace_id, invoice_id, line_id, percentage, fixed_amount, reason, created_by)
     values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [tx.workspaceId, invoiceId, wanted.lineId, wanted.percentage, wanted.fixedAmount, wanted.reason, doer.id],
  );
  await retotalDraft(tx, draft);
  const given = (await readDiscounted(tx, invoiceId)).minus(before);
  await requireItemDuties(tx, doer, {
    action: 'price_change',
    permission: 'invoices.update',
    subject: { type: 'client_invoice', id: invoiceId },
    personIds: [],
    amounts: new Map([[draft.currency, given]]),
    reason: wanted.reason,
  });
  await recordDiscount(tx, 'invoice.discounted', invoiceId, doer.id, {
    ...wanted,
    given: given.toFixed(),
    currency: draft.currency,
  });
  return row!.id;
}

export async function removeDiscount(
  tx: WorkspaceTx,
  invoiceId: string,
  discountId: string,
  actor: string,
): Promise<void> {
  const draft = await lockDraft(tx, invoiceId);
  const removed = found(
    await tx.row<{ reason: string }>(
      'delete from invoice_discounts where workspace_id = $1 and invoice_id = $2 and id = $3 returning reason',
      [tx.workspaceId, invoiceId, discountId],
    ),
    'discount',
  );
  await retotalDraft(tx, draft);
  await recordDiscount(tx, 'invoice.discount_removed', invoiceId, actor, removed);
}

async function requireLine(tx: WorkspaceTx, draft: DraftHead, lineId: string): Promise<void> {
  const line = found(
    await tx.row<{ amount: DecimalText }>(
      'select amount from invoice_lines where workspace_id = $1 and invoice_id = $2 and id = $3',
      [tx.workspaceId, draft.id, lineId],
    ),
    'line',
  );
  if (new Decimal(line.amount).gt(0)) return;
  throw new Refusal({
    code: 'invoice.nothing_to_discount',
    message: `Its line comes to ${line.amount}: there is nothing to take a discount of.`,
    whatToDo: 'Take another line, or the whole document.',
  });
}

async function readDiscounted(tx: WorkspaceTx, invoiceId: string): Promise<Decimal> {
  const row = await tx.row<{ discounted: DecimalText }>(
    'select discounted from client_invoices where workspace_id = $1 and id = $2',
    [tx.workspaceId, invoiceId],
  );
  return new Decimal(found(row, 'invoice').discounted);
}

function recordDiscount(
  tx: WorkspaceTx,
  type: string,
  invoiceId: string,
  actor: string,
  payload: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type,
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload,
    },
  ]);
}
