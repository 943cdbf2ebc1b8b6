/** Owns reading billable items: the list of what is priced, and one with where its product and price come from. */
import type { InvoiceStatus } from '../domain/invoice.ts';
import type { ProductStep } from '../domain/pricing/resolve-product.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import type { WorkspaceTx } from './database.ts';
import { bind } from './entries.ts';

/**
 * `pending`: the next draft takes it · `held`: until it is released · `included`: in a fixed price or a retainer ·
 * `drafted`: on an invoice without a number · `billed`: on one with a number · `written_off` · `withdrawn`: un-compiled.
 */
export const itemStatuses = [
  'pending',
  'held',
  'included',
  'drafted',
  'billed',
  'written_off',
  'withdrawn',
] as const;
export type ItemStatus = (typeof itemStatuses)[number];

export interface ItemRow {
  id: string;
  status: ItemStatus;
  kind: string;
  /** Null of milestones and the like. */
  entryId: string | null;
  entryVersion: number | null;
  /** The version that this one bills the difference to. */
  replacesVersion: number | null;
  contractId: string;
  contractVersion: number | null;
  clientId: string;
  projectId: string | null;
  taskId: string | null;
  taskName: string | null;
  personId: string | null;
  personName: string | null;
  productId: string | null;
  productName: string | null;
  productStep: ProductStep | null;
  productAutoCreated: boolean | null;
  position: string | null;
  workDate: Day;
  description: string;
  rawQuantity: number;
  roundedQuantity: DecimalText;
  adjustedQuantity: DecimalText;
  quantity: DecimalText;
  /** On documents now, in the item's unit. */
  allocated: DecimalText;
  unit: string;
  unitPrice: DecimalText;
  amount: DecimalText;
  currency: string;
  priceSource: string;
  priceRule: Record<string, unknown>;
  flagged: boolean;
  included: boolean;
  heldReason: string | null;
  runId: string | null;
  createdAt: Instant;
}

// Every table is reached by its key (lateral, not flattened), whatever the statistics know of a new workspace yet.
const selectItems = (ids: string) => `
  select i.id, st.status, i.kind, i.entry_id, i.entry_version, i.replaces_version, i.contract_id, i.contract_version, i.client_id, i.project_id,
    i.task_id, t.name as task_name, i.person_id, p.name as person_name, i.product_id, d.name as product_name, i.product_step,
    d.auto_created as product_auto_created, i.position, i.work_date, i.description, i.raw_quantity, i.rounded_quantity, i.adjusted_quantity,
    i.quantity, b.allocated, i.unit, i.unit_price, i.amount, i.currency, i.price_source, i.price_rule, i.flagged, i.included, i.held_reason,
    i.run_id, i.created_at
  from (${ids}) w
  cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = w.id offset 0) i
  cross join lateral (select x.* from item_balance x where x.workspace_id = $1 and x.item_id = w.id offset 0) b
  cross join lateral (select case
    when i.withdrawn_at is not null then 'withdrawn'
    when b.allocated <> b.quantity then case when i.held_reason is not null then 'held' when i.included then 'included' else 'pending' end
    when exists (select from allocations a join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null
      where a.workspace_id = $1 and a.item_id = i.id group by a.invoice_id having sum(a.quantity) <> 0) then 'billed'
    when exists (select from allocations a where a.workspace_id = $1 and a.item_id = i.id and a.kind in ('write_off', 'write_off_reversal')
      group by a.target_id having sum(a.quantity) <> 0) then 'written_off'
    when i.included then 'included'
    else 'drafted' end as status offset 0) st
  left join tasks t on t.workspace_id = $1 and t.id = i.task_id
  left join people p on p.workspace_id = $1 and p.id = i.person_id
  left join products d on d.workspace_id = $1 and d.id = i.product_id`;

export interface ItemFilter {
  status?: ItemStatus | undefined;
  flagged?: boolean | undefined;
  contractId?: string | undefined;
  clientId?: string | undefined;
  projectId?: string | undefined;
  taskId?: string | undefined;
  runId?: string | undefined;
}

/** A page looks at no more items than this: a filter that hardly anything passes gives short pages, not slow ones. */
const maxLookedAt = 5_000;

/** Where a page comes from: what is on no document is in the index of open items, contract by contract. */
const idsOf = (status: ItemStatus | undefined) =>
  status === 'pending' || status === 'held'
    ? `select o.item_id as id from contracts c
       join item_balance o on o.workspace_id = $1 and o.contract_id = c.id and o.allocated <> o.quantity
       where c.workspace_id = $1 and ({contractId}::uuid is null or c.id = {contractId}) and ({clientId}::uuid is null or c.client_id = {clientId})`
    : 'select o.id from billable_items o where o.workspace_id = $1';

/**
 * Newest first, after the id that the last page ended with. `next` is where to go on, or null at the end; a page may
 * be short, even empty, while there is a next one.
 */
export async function listBillableItems(
  tx: WorkspaceTx,
  filter: ItemFilter,
  page: { after: string | null; limit: number },
): Promise<{ items: ItemRow[]; next: string | null }> {
  // What nothing is left out of needs no more than the page.
  const isWhole = Object.values(filter).every((value) => value === undefined);
  const lookedAt = isWhole ? page.limit + 1 : maxLookedAt;
  const ids = `select i.id from (${idsOf(filter.status)}) i
    where {after}::uuid is null or i.id < {after} order by i.id desc limit ${lookedAt}`;
  const values = { ...filter, after: page.after, more: page.limit + 1 };
  const equal = (column: string, name: string, type: string) =>
    `({${name}}::${type} is null or ${column} = {${name}})`;
  const rows = await tx.rows<ItemRow>(
    ...bind(
      tx,
      `${selectItems(ids)}
       where ${[
         equal('st.status', 'status', 'text'),
         equal('i.flagged', 'flagged', 'boolean'),
         equal('i.contract_id', 'contractId', 'uuid'),
         equal('i.client_id', 'clientId', 'uuid'),
         equal('i.project_id', 'projectId', 'uuid'),
         equal('i.task_id', 'taskId', 'uuid'),
         equal('i.run_id', 'runId', 'uuid'),
       ].join(' and ')}
       order by w.id desc limit {more}`,
      values,
    ),
  );
  const items = rows.slice(0, page.limit);
  if (rows.length > page.limit) return { items, next: items.at(-1)!.id };
  if (isWhole) return { items, next: null };
  const last = await tx.row<{ id: string }>(
    ...bind(tx, `select l.id from (${ids}) l offset ${maxLookedAt - 1}`, values),
  );
  return { items, next: last?.id ?? null };
}

export function readBillableItem(tx: WorkspaceTx, itemId: string): Promise<ItemRow | null> {
  return tx.row<ItemRow>(selectItems('select $2::uuid as id'), [tx.workspaceId, itemId]);
}

/** Where quantity of the item is now. */
export interface ItemLine {
  invoiceId: string;
  invoiceStatus: InvoiceStatus;
  invoiceNumber: string | null;
  lineId: string;
  quantity: DecimalText;
  amount: DecimalText;
}

const mostLines = 200;

export function readItemLines(tx: WorkspaceTx, itemId: string): Promise<ItemLine[]> {
  return tx.rows<ItemLine>(
    `select n.id as invoice_id, n.status as invoice_status, n.number as invoice_number, h.target_id as line_id, h.quantity, h.amount
     from (select a.invoice_id, a.target_id, sum(a.quantity) as quantity, sum(a.amount) as amount from allocations a
           where a.workspace_id = $1 and a.item_id = $2 and a.invoice_id is not null group by 1, 2 having sum(a.quantity) <> 0) h
     join client_invoices n on n.workspace_id = $1 and n.id = h.invoice_id order by h.target_id limit $3`,
    [tx.workspaceId, itemId, mostLines],
  );
}
