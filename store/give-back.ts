/** Owns giving items back from an issued invoice: signed allocations, and what is held until a person releases it. */
import { Decimal } from '../domain/money.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { addDeltas } from './totals.ts';
import type { WriteOffReason } from './write-off.ts';

/** A quantity of an item that leaves a line, with its share of the line's amount. */
export interface Returned {
  lineId: string;
  itemId: string;
  quantity: DecimalText;
  amount: DecimalText;
}

/** Most rows of one statement. */
const pageSize = 10_000;

/**
 * Takes the quantities off their lines. They are open again, and held unless they are to be replaced: no run bills them before
 * a person releases them. The caller holds the invoice. What the items come to counts as pending.
 */
export async function giveBack(
  tx: WorkspaceTx,
  invoice: { id: string; currency: string },
  kind: 'void' | 'credit',
  returned: readonly Returned[],
  reason: string,
  isHeld = true,
): Promise<void> {
  for (let start = 0; start < returned.length; start += pageSize) {
    const page = returned.slice(start, start + pageSize);
    await takeOffLines(tx, invoice.id, kind, page, reason);
    const row = await tx.row<{ amount: DecimalText }>(
      `with held as (
         update billable_items i set held_reason = coalesce(i.held_reason, $4::text) from unnest($2::uuid[]) as r(id)
         where i.workspace_id = $1 and i.id = r.id returning i.id, i.unit_price)
       select coalesce(sum(r.quantity * h.unit_price), 0) as amount
       from (select item_id, sum(quantity) as quantity from unnest($2::uuid[], $3::numeric[]) as u(item_id, quantity) group by 1) r
       join held h on h.id = r.item_id`,
      [
        tx.workspaceId,
        plainArray(page.map((one) => one.itemId)),
        plainArray(page.map((one) => one.quantity)),
        isHeld ? reason : null,
      ],
    );
    await addDeltas(tx, [{ metric: 'pending_amount', key: invoice.currency, value: row!.amount }]);
  }
}

/** Takes the quantities off their lines and writes them off; they are never billed again, unless that is reversed. */
export async function giveBackWrittenOff(
  tx: WorkspaceTx,
  invoice: { id: string },
  returned: readonly Returned[],
  off: { reasonCode: WriteOffReason; reason: string; author: string; why: string },
): Promise<string> {
  const id = newId();
  await tx.run(
    'insert into time_write_offs (workspace_id, id, reason_code, reason, author) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, id, off.reasonCode, off.reason, off.author],
  );
  for (let start = 0; start < returned.length; start += pageSize) {
    const page = returned.slice(start, start + pageSize);
    await takeOffLines(tx, invoice.id, 'credit', page, off.why);
    const { from, params } = rowsOf(page, 4);
    await tx.run(
      `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
       select $1, r.item_id, 'write_off', $2, r.quantity, r.amount, $3, ${sqlNow} from ${from}`,
      [tx.workspaceId, id, off.reason, ...params],
    );
    // An item that is off whole counts for no cap or budget any more.
    await tx.run(
      `update billable_items i set write_off_id = $3 from unnest($2::uuid[], $4::numeric[]) as r(id, quantity)
       where i.workspace_id = $1 and i.id = r.id and i.quantity = r.quantity`,
      [
        tx.workspaceId,
        plainArray(page.map((one) => one.itemId)),
        id,
        plainArray(page.map((one) => one.quantity)),
      ],
    );
  }
  return id;
}

async function takeOffLines(
  tx: WorkspaceTx,
  invoiceId: string,
  kind: 'void' | 'credit',
  page: readonly Returned[],
  reason: string,
): Promise<void> {
  const { from, params } = rowsOf(page, 5);
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, reason, created_at)
     select $1, r.item_id, $2, $3, r.line_id, -r.quantity, -r.amount, $4, ${sqlNow} from ${from}`,
    [tx.workspaceId, kind, invoiceId, reason, ...params],
  );
}

const rowsOf = (page: readonly Returned[], firstParam: number) =>
  asRows(
    {
      item_id: { type: 'uuid', values: page.map((one) => one.itemId) },
      line_id: { type: 'uuid', values: page.map((one) => one.lineId) },
      quantity: { type: 'numeric', values: page.map((one) => new Decimal(one.quantity).toFixed()) },
      amount: { type: 'numeric', values: page.map((one) => new Decimal(one.amount).toFixed()) },
    },
    firstParam,
  );
