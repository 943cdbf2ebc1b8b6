/** Owns giving items back from an issued invoice: signed allocations, and what is held until a person releases it. */
import type { ItemPart } from '../domain/credit-note.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import { lockBalancesOf } from './corrected-items.ts';
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

/**
 * Takes the quantities off their lines and writes them off; they are never billed again, unless that is reversed. `isNetted`: with
 * the corrections that took them back, so that of a cap or budget both are counted, and come to what is left.
 */
export async function giveBackWrittenOff(
  tx: WorkspaceTx,
  invoice: { id: string },
  returned: readonly Returned[],
  off: { reasonCode: WriteOffReason; reason: string; author: string; why: string; isNetted: boolean },
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
    if (off.isNetted) continue;
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

/** Said of items while a credit note that stands for them waits to be issued. */
const onCreditNote = 'it is on a credit note that is not issued yet';

/**
 * Keeps corrections off every draft until the credit notes that stand for them are issued or discarded; a person's own hold stays.
 * The caller holds them.
 */
export async function holdCorrections(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  await tx.run(
    'update billable_items set held_reason = coalesce(held_reason, $3) where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(itemIds), onCreditNote],
  );
}

/** Those of the items that a credit note which is not issued yet, and is not `besides`, stands for. */
export async function findOnCreditNotes(
  tx: WorkspaceTx,
  itemIds: readonly string[],
  besides: string | null = null,
): Promise<Set<string>> {
  const rows = await tx.rows<{ id: string }>(
    `select distinct c.id from credit_notes n
     cross join lateral (select (x.part ->> 'itemId')::uuid as id from jsonb_array_elements(n.wanted -> 'corrections') as x(part)) c
     where n.workspace_id = $1 and n.status = 'draft' and n.id is distinct from $3::uuid and c.id = any($2::uuid[])
       and n.client_id in (select k.client_id from billable_items i join contracts k on k.workspace_id = $1 and k.id = i.contract_id
         where i.workspace_id = $1 and i.id = any($2::uuid[]))`,
    [tx.workspaceId, plainArray(itemIds), besides],
  );
  return new Set(rows.map(({ id }) => id));
}

/**
 * This credit note stands for them no more: what is left of them is open for the next draft, unless another waits for them too, or a
 * person holds them for a reason of their own.
 */
export async function releaseCorrections(
  tx: WorkspaceTx,
  noteId: string,
  corrections: readonly ItemPart[],
): Promise<void> {
  if (corrections.length === 0) return;
  const itemIds = corrections.map(({ itemId }) => itemId);
  // Of two notes that end at the same moment the later one sees that no other waits.
  await lockBalancesOf(tx, itemIds);
  const waiting = await findOnCreditNotes(tx, itemIds, noteId);
  await tx.run(
    'update billable_items set held_reason = null where workspace_id = $1 and id = any($2::uuid[]) and held_reason = $3',
    [tx.workspaceId, plainArray(itemIds.filter((id) => !waiting.has(id))), onCreditNote],
  );
}

/**
 * Writes corrections off beside the hours that they took back: the credit note has said it, and no invoice says it again. What they
 * were adjusted to beyond it is open. Refuses with 409 what is not open any more.
 */
export async function writeOffCorrections(
  tx: WorkspaceTx,
  invoice: { currency: string },
  corrections: readonly ItemPart[],
  { noteId, writeOffId, reason }: { noteId: string; writeOffId: string; reason: string },
): Promise<void> {
  const ids = plainArray(corrections.map(({ itemId }) => itemId));
  const quantities = plainArray(corrections.map(({ quantity }) => quantity));
  const held = await tx.rows<{ open: boolean }>(
    `select b.quantity - b.allocated <= r.quantity and b.quantity < 0 as open
     from (select * from unnest($2::uuid[], $3::numeric[]) as u(id, quantity) order by 1) r
     cross join lateral (select x.quantity, x.allocated from item_balance x where x.workspace_id = $1 and x.item_id = r.id for no key update) b`,
    [tx.workspaceId, ids, quantities],
  );
  if (held.length < corrections.length || held.some(({ open }) => !open))
    throw new Refusal({
      code: 'credit_note.outdated',
      message:
        'One of the corrections that it stands for is billed, or was taken back to its entry, meanwhile.',
      whatToDo: 'Discard it and write it anew.',
    });
  const row = await tx.row<{ amount: DecimalText }>(
    `with off as (
       insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
       select $1, i.id, 'write_off', $4, r.quantity, r.quantity * i.unit_price, $5, ${sqlNow}
       from unnest($2::uuid[], $3::numeric[]) as r(id, quantity)
       join billable_items i on i.workspace_id = $1 and i.id = r.id order by i.id
       returning amount)
     select coalesce(sum(amount), 0) as amount from off`,
    [tx.workspaceId, ids, quantities, writeOffId, reason],
  );
  await tx.run(
    `update billable_items i set held_reason = null from item_balance b
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and b.workspace_id = $1 and b.item_id = i.id and b.allocated = b.quantity`,
    [tx.workspaceId, ids],
  );
  await releaseCorrections(tx, noteId, corrections);
  await addDeltas(tx, [
    {
      metric: 'pending_amount',
      key: invoice.currency,
      value: new Decimal(row!.amount).negated().toFixed(),
    },
  ]);
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
