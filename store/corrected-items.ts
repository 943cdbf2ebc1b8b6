/** Owns finding what corrections are about: open items below zero, and what stands of the same work on issued invoices. */
import { billableApprovals } from '../domain/approval.ts';
import type { CorrectedItem } from '../domain/cover-corrections.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

/** Ids of the items below zero on a draft, at most `limit`. */
export async function correctionsOn(tx: WorkspaceTx, invoiceId: string, limit: number): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select a.item_id as id from allocations a join billable_items i on i.workspace_id = $1 and i.id = a.item_id and i.quantity < 0
     where a.workspace_id = $1 and a.invoice_id = $2 group by 1 having sum(a.quantity) <> 0 order by 1 limit $3`,
    [tx.workspaceId, invoiceId, limit],
  );
  return rows.map(({ id }) => id);
}

/**
 * What each correction may be about, the likeliest first: of the same entry, or of the ticket that its ticket corrects, what stands
 * on issued invoices of its contract, in its unit. A ticket's correction names no line: it takes back what has its own price.
 */
export function readCorrected(tx: WorkspaceTx, itemIds: readonly string[]): Promise<CorrectedItem[]> {
  return tx.rows<CorrectedItem>(
    `select y.id as correction_id, a.invoice_id, a.target_id as line_id, x.id as item_id, a.quantity
     from unnest($2::uuid[]) as u(id)
     cross join lateral (
       select i.id, i.kind, i.entry_id, i.contract_id, i.currency, i.unit, i.unit_price, i.task_id
       from billable_items i where i.workspace_id = $1 and i.id = u.id and i.quantity < 0 offset 0) y
     cross join lateral (
       select y.entry_id as id, true as same
       union
       select o.entry_id, false from ticket_entries t
       join tickets k on k.workspace_id = $1 and k.id = t.ticket_id and k.corrects_ticket_id is not null
       join ticket_entries o on o.workspace_id = $1 and o.ticket_id = k.corrects_ticket_id
       where t.workspace_id = $1 and t.entry_id = y.entry_id) e
     cross join lateral (select distinct c.item_id from claims c where c.workspace_id = $1 and c.entry_id = e.id offset 0) c
     cross join lateral (
       select i.id, i.kind, i.unit_price, i.task_id from billable_items i
       where i.workspace_id = $1 and i.id = c.item_id and i.quantity > 0 and i.contract_id = y.contract_id and i.currency = y.currency
         and i.unit = y.unit and (i.kind = y.kind or y.kind in ('labor', 'labor_overtime') and i.kind in ('labor', 'labor_overtime'))
         and (e.same or i.unit_price = y.unit_price) offset 0) x
     cross join lateral (
       select l.invoice_id, l.target_id, sum(l.quantity) as quantity from allocations l
       where l.workspace_id = $1 and l.item_id = x.id and l.invoice_id is not null group by 1, 2 having sum(l.quantity) > 0 offset 0) a
     join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null and n.number_given_by <> 'opening'
     order by y.id, x.kind = y.kind desc, x.unit_price = y.unit_price desc, x.task_id is not distinct from y.task_id desc,
       n.issue_date desc, n.sequence desc, x.id desc`,
    [tx.workspaceId, plainArray(itemIds)],
  );
}

/** Holds the balances of what the items were compiled from, as an issue does: no edit slips in between. */
export async function lockEntriesOf(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  await tx.run(
    `select 1 from (select distinct i.entry_id from billable_items i
       where i.workspace_id = $1 and i.id = any($2::uuid[]) and i.entry_id is not null order by 1) e
     cross join lateral (
       select 1 from entry_balance b where b.workspace_id = $1 and b.entry_id = e.entry_id order by b.version for no key update) l`,
    [tx.workspaceId, plainArray(itemIds)],
  );
}

/** Holds the balances of the items, in the order in which everybody takes them. */
export async function lockBalancesOf(tx: WorkspaceTx, itemIds: readonly string[]): Promise<void> {
  await tx.run(
    `select 1 from (select distinct * from unnest($2::uuid[]) as u(id) order by 1) i
     cross join lateral (select 1 from item_balance b where b.workspace_id = $1 and b.item_id = i.id for no key update) l`,
    [tx.workspaceId, plainArray(itemIds)],
  );
}

/** Holds the payments of these invoices: what a credit frees goes on their account. */
export async function lockPaymentsOf(tx: WorkspaceTx, invoiceIds: readonly string[]): Promise<void> {
  await tx.run(
    `select 1 from payments where workspace_id = $1 and id in (
       select payment_id from payment_applications where workspace_id = $1 and document_id = any($2::uuid[]) and kind = 'invoice')
     order by id for no key update`,
    [tx.workspaceId, plainArray(invoiceIds)],
  );
}

/**
 * Of these corrections those whose entry does not stand as it was compiled, as at the release gate: changed since with something
 * open, asked about, not approved any more, or deleted. The caller holds the entries.
 */
export async function findUnsettled(tx: WorkspaceTx, itemIds: readonly string[]): Promise<Set<string>> {
  const rows = await tx.rows<{ id: string }>(
    `select i.id from billable_items i
     join work_entries e on e.workspace_id = $1 and e.id = i.entry_id
     join entry_versions v on v.workspace_id = $1 and v.entry_id = e.id and v.version = e.current_version
     join entry_balance b on b.workspace_id = $1 and b.entry_id = e.id and b.version = e.current_version
     join contracts k on k.workspace_id = $1 and k.id = i.contract_id
     where i.workspace_id = $1 and i.id = any($2::uuid[]) and (
       b.claimed <> b.quantity or e.deleted_at is not null or not $3::jsonb -> k.approval_policy ? v.approval
       or k.approval_policy = 'approved' and v.approved_hash is distinct from v.content_hash
       or exists (select from exception_entries x where x.workspace_id = $1 and x.entry_id = e.id and x.version = e.current_version and x.open))`,
    [tx.workspaceId, plainArray(itemIds), JSON.stringify(billableApprovals)],
  );
  return new Set(rows.map(({ id }) => id));
}
