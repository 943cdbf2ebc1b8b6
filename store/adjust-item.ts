/** Owns writing an item up or down with its reason, also where it stands on a draft. */
import { type Adjustment, adjust } from '../domain/adjustment.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { lockDraft } from './edit-draft.ts';
import { withdrawnHistory } from './item-history.ts';
import { type LockedItem, recordItems } from './pending-items.ts';
import { readPlaced, relineDraft, takeOff } from './reline-draft.ts';
import { addDeltas } from './totals.ts';

/** What the change is worth, signed: above zero a write-up. */
export const worthOf = (item: LockedItem, change: Adjustment): Decimal =>
  new Decimal(adjust(item, change).amount).minus(item.amount);

/**
 * Bills the item as something else. Its claim stays: the entry is billed by it, whatever it is billed as. Lines of a draft
 * that hold it are made anew. The caller holds the item (`lockPendingItems`).
 */
export async function adjustItem(
  tx: WorkspaceTx,
  item: LockedItem,
  change: Adjustment,
  { actor, reason }: { actor: string; reason: string },
): Promise<void> {
  if (item.included)
    throw new Refusal({
      code: 'item.included',
      message: 'It is included in a fixed price or retainer: nothing is billed for it.',
      whatToDo: 'Adjust the milestone or the fee that is billed for it.',
    });
  if (item.entryId === null)
    throw new Refusal({
      code: 'item.agreed',
      message: 'Its amount is agreed: a milestone, a percentage or a fee.',
      whatToDo: 'Amend what was agreed, or give a discount on the invoice.',
    });
  const after = adjust(item, change);
  const lines = await takeFromDrafts(tx, item, reason);
  await tx.run(
    `with adjusted as (
       insert into item_adjustments (workspace_id, item_id, quantity_before, quantity_after, unit_price_before, unit_price_after, reason, author, created_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, ${sqlNow})),
     balanced as (
       update item_balance set quantity = $4 where workspace_id = $1 and item_id = $2)
     update billable_items set quantity = $4, adjusted_quantity = $4 - rounded_quantity, unit_price = $6, amount = $4::numeric * $6::numeric,
       flagged = flagged and $6::numeric = 0,
       price_rule = price_rule || jsonb_build_object('adjusted', jsonb_build_object('from', jsonb_build_object('quantity', $3::text, 'unitPrice', $5::text),
         'quantity', $4::text, 'unitPrice', $6::text, 'reason', $7::text))
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, item.id, item.quantity, after.quantity, item.unitPrice, after.unitPrice, reason, actor],
  );
  const difference = new Decimal(after.amount).minus(item.amount);
  // Items without an amount count for nothing in what is usual: one that gets its first is counted.
  const counted = (amount: string) => (new Decimal(amount).isZero() ? 0 : 1);
  await addDeltas(tx, [
    { metric: 'pending_amount', key: item.currency, value: difference.toFixed() },
    ...withdrawnHistory(
      item.contractId,
      item.kind,
      counted(item.amount) - counted(after.amount),
      difference.negated().toFixed(),
    ),
  ]);
  for (const { draftId, lineId } of lines)
    await relineDraft(tx, await lockDraft(tx, draftId), [lineId], { also: new Map([[item.id, lineId]]) });
  await recordItems(tx, difference.isNegative() ? 'item.written_down' : 'item.written_up', [item], actor, {
    reason,
    before: { quantity: item.quantity, unitPrice: item.unitPrice, amount: item.amount },
    after,
  });
}

/** Off the lines that hold it; answers them. */
async function takeFromDrafts(
  tx: WorkspaceTx,
  item: LockedItem,
  reason: string,
): Promise<{ draftId: string; lineId: string }[]> {
  const taken: { draftId: string; lineId: string }[] = [];
  for (const draftId of item.draftIds) {
    const draft = await lockDraft(tx, draftId);
    const lines = await tx.rows<{ id: string }>(
      `select distinct target_id as id from allocations where workspace_id = $1 and invoice_id = $2 and item_id = $3`,
      [tx.workspaceId, draftId, item.id],
    );
    const placed = await readPlaced(
      tx,
      draftId,
      lines.map((line) => line.id),
    );
    const own = placed.filter((each) => each.id === item.id);
    await takeOff(tx, draft, own, `adjusted: ${reason}`);
    taken.push(...own.map(({ lineId }) => ({ draftId, lineId })));
  }
  return taken;
}
