/** Owns writing pending items off, with what they would have come to, and taking a write-off back. */
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { sumByCurrency } from './item-duties.ts';
import { newId } from './new-id.ts';
import { type LockedItem, recordItems, takeOffDrafts } from './pending-items.ts';
import { addDeltas } from './totals.ts';
import type { WriteOffReason } from './write-off.ts';

export interface WriteOffRow {
  id: string;
  reasonCode: WriteOffReason;
  reason: string | null;
  author: string;
  createdAt: Instant;
  /** Items that are written off by it now. */
  items: number;
  amounts: { currency: string; amount: DecimalText }[];
  reversedAt: Instant | null;
  reversalReason: string | null;
}

/** Newest first, before the id that the last page ended with; up to limit + 1 rows. */
export function listWriteOffs(
  tx: WorkspaceTx,
  page: { after: string | null; limit: number },
): Promise<WriteOffRow[]> {
  return tx.rows<WriteOffRow>(
    `${selectWriteOffs} where w.workspace_id = $1 and ($2::uuid is null or w.id < $2) order by w.id desc limit $3`,
    [tx.workspaceId, page.after, page.limit + 1],
  );
}
export function readWriteOff(tx: WorkspaceTx, id: string): Promise<WriteOffRow | null> {
  return tx.row<WriteOffRow>(`${selectWriteOffs} where w.workspace_id = $1 and w.id = $2`, [
    tx.workspaceId,
    id,
  ]);
}
const selectWriteOffs = `
  select w.id, w.reason_code, w.reason, w.author, w.created_at, r.created_at as reversed_at, r.reason as reversal_reason,
    coalesce(h.items, 0)::int as items, coalesce(h.amounts, '[]') as amounts
  from time_write_offs w
  left join write_off_reversals r on r.workspace_id = w.workspace_id and r.write_off_id = w.id
  left join lateral (
    select sum(s.items) as items, jsonb_agg(jsonb_build_object('currency', s.currency, 'amount', s.amount::text) order by s.currency) as amounts
    from (select i.currency, count(*) as items, sum(a.amount) as amount
      from (select item_id, sum(amount) as amount from allocations
        where workspace_id = w.workspace_id and target_id = w.id and invoice_id is null group by 1 having sum(quantity) <> 0) a
      join billable_items i on i.workspace_id = w.workspace_id and i.id = a.item_id group by 1) s) h on true`;

/** Writes off what is open of the items (`lockOpenItems`), whose holder the caller is; those on drafts are taken off. */
export async function writeOffItems(
  tx: WorkspaceTx,
  items: readonly LockedItem[],
  { reasonCode, reason, actor }: { reasonCode: WriteOffReason; reason: string; actor: string },
): Promise<string> {
  const negative = items.find((item) => new Decimal(item.quantity).isNegative());
  if (negative)
    throw new Refusal({
      code: 'write_off.negative',
      message: 'One of the items takes back hours that were billed.',
      whatToDo: 'Leave it: the difference goes back to the client.',
      details: { itemId: negative.id },
    });
  await takeOffDrafts(tx, items, { actor, reason: `written off: ${reason}` });
  const id = newId();
  const ids = plainArray(items.map((item) => item.id));
  await tx.run(
    'insert into time_write_offs (workspace_id, id, reason_code, reason, author) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, id, reasonCode, reason, actor],
  );
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
     select $1, r.id, 'write_off', $2, r.quantity, r.amount, $4, ${sqlNow} from unnest($3::uuid[], $5::numeric[], $6::numeric[]) as r(id, quantity, amount)
     where r.quantity <> 0 order by r.id`,
    [
      tx.workspaceId,
      id,
      ids,
      reason,
      plainArray(items.map((item) => item.quantity)),
      plainArray(items.map((item) => item.amount)),
    ],
  );
  // An item that is off whole counts for no cap or budget any more.
  await tx.run(
    `update billable_items i set write_off_id = case when i.quantity = r.quantity then $3 else i.write_off_id end, held_reason = null
     from unnest($2::uuid[], $4::numeric[]) as r(id, quantity) where i.workspace_id = $1 and i.id = r.id`,
    [tx.workspaceId, ids, id, plainArray(items.map((item) => item.quantity))],
  );
  await addDeltas(
    tx,
    [...sumByCurrency(items)].map(([currency, amount]) => ({
      metric: 'pending_amount',
      key: currency,
      value: amount.negated().toFixed(),
    })),
  );
  await recordItems(tx, 'items.written_off', items, actor, { writeOffId: id, reasonCode, reason });
  return id;
}

/** Takes a write-off back, once: its items are open again, and held until a person releases them. */
export async function reverseWriteOff(
  tx: WorkspaceTx,
  writeOffId: string,
  { reason, actor }: { reason: string; actor: string },
): Promise<void> {
  found(
    await tx.row('select 1 from time_write_offs where workspace_id = $1 and id = $2', [
      tx.workspaceId,
      writeOffId,
    ]),
    'write_off',
  );
  const made = await tx.row<{ id: string }>(
    `insert into write_off_reversals (workspace_id, write_off_id, reason, author) values ($1, $2, $3, $4)
     on conflict (workspace_id, write_off_id) do nothing returning id`,
    [tx.workspaceId, writeOffId, reason, actor],
  );
  if (!made)
    throw new Refusal({
      code: 'write_off.reversed',
      message: 'This write-off was taken back already.',
      whatToDo: 'Its items are held or billed: GET /billable-items?status=held.',
    });
  const correction = await tx.row(
    `select 1 from allocations where workspace_id = $1 and target_id = $2 and invoice_id is null and kind = 'write_off' and quantity < 0 limit 1`,
    [tx.workspaceId, writeOffId],
  );
  if (correction)
    throw new Refusal({
      code: 'write_off.credited',
      message:
        'It goes with a credit note: its hours were taken back by corrections, and the client has it in writing.',
      whatToDo: 'Correct the entries again: the difference is billed.',
    });
  const back = await tx.rows<{ currency: string; amount: DecimalText }>(
    `with back as materialized (
       select item_id, sum(quantity) as quantity, sum(amount) as amount from allocations
       where workspace_id = $1 and target_id = $2 and invoice_id is null group by 1 having sum(quantity) <> 0 order by 1),
     gone as (
       insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
       select $1, item_id, 'write_off_reversal', $2, -quantity, -amount, $3, ${sqlNow} from back)
     update billable_items i set write_off_id = null, held_reason = $4 from back b where i.workspace_id = $1 and i.id = b.item_id
     returning i.currency, case when b.quantity = i.quantity then i.amount else b.quantity * i.unit_price end as amount`,
    [tx.workspaceId, writeOffId, reason, `its write-off was taken back: ${reason}`],
  );
  if (back.length === 0)
    throw new Refusal({
      code: 'write_off.empty',
      message: 'Nothing is written off by it.',
      whatToDo: 'Nothing.',
    });
  await addDeltas(
    tx,
    [...sumByCurrency(back)].map(([currency, amount]) => ({
      metric: 'pending_amount',
      key: currency,
      value: amount.toFixed(),
    })),
  );
  await recordEvents(tx, [
    {
      type: 'write_off.reversed',
      subjectType: 'time_write_off',
      subjectId: writeOffId,
      actor,
      permission: 'items.read',
      payload: { reason, items: back.length },
    },
  ]);
}
