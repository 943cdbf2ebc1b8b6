/** Owns reading the open items of a contract for its drafts: page by page in one order, under their locks. */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import type { DraftableItem } from '../domain/grouping/build-drafts.ts';
import type { LeftOut } from '../domain/left-out.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';

export interface OpenItem extends DraftableItem {
  open: DecimalText;
  /** Nothing of it is on a document. */
  whole: boolean;
  heldReason: string | null;
  /** Under a fixed price: claimed and counted, without revenue. */
  included: boolean;
}

/** What a draft is to be made of. */
export interface ItemScope {
  /** Null: all projects of the contract. */
  projectIds: readonly string[] | null;
  cutoffOn: Day;
  /** Only these; null: all that is open. */
  itemIds?: readonly string[] | null;
  /** These were on the draft that is made anew, and stay on it whatever the cutoff and scope. */
  keep?: ReadonlyMap<string, unknown>;
}

/** Told of each open item that a draft passes over. */
export type TellLeftOut = (item: OpenItem, code: LeftOut) => void;

const pageSize = 10_000;

/** Of an item that bills the difference of a later version: what it corrects. Looked up for those only. */
const adjusts = `case when i.replaces_version is not null then (
  select jsonb_build_object('version', i.entry_version, 'was', v.version, 'wasOn', v.work_date, 'invoice', (
    select min(n.number) from claims c
    join allocations a on a.workspace_id = $1 and a.item_id = c.item_id
    join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id and n.number is not null
    where c.workspace_id = $1 and c.entry_id = i.entry_id and c.version = v.version))
  from entry_versions v where v.workspace_id = $1 and v.entry_id = i.entry_id and v.version = i.replaces_version) end`;

/** Pages over the open items of a contract by id, locking their balances in that order; each item once, in one order. */
export async function* openItems(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  scope: ItemScope,
  beyondRetainer: ReadonlySet<string>,
  tell?: TellLeftOut,
): AsyncGenerator<OpenItem[]> {
  const chosen = scope.itemIds ?? null;
  const why = (item: OpenItem) => whyLeftOut(item, timeline, scope, beyondRetainer);
  let after: string | null = null;
  while (true) {
    const page: OpenItem[] = await tx.rows<OpenItem>(
      `with locked as materialized (
         select item_id, quantity - allocated as open from item_balance
         where workspace_id = $1 and contract_id = $2 and allocated <> quantity and ($3::uuid is null or item_id > $3)
           ${chosen ? 'and item_id = any($5::uuid[])' : ''}
         order by item_id limit $4 for no key update)
       select i.id, i.client_id, i.project_id, i.task_id, i.person_id, i.phase_id, i.product_id, i.position, i.work_date, i.kind, i.unit, l.open,
         l.open as quantity, i.unit_price, i.price_source, i.flagged, i.description, i.held_reason, i.included, i.contract_version, l.open = i.quantity as whole,
         case when l.open = i.quantity then i.amount else l.open * i.unit_price end as amount,
         case when l.open = i.quantity then i.raw_quantity else round(i.raw_quantity * l.open / i.quantity)::bigint end as raw_quantity,
         ${adjusts} as adjusts
       from locked l
       cross join lateral (
         select x.id, x.client_id, x.project_id, x.task_id, x.person_id, x.phase_id, x.product_id, x.position, x.work_date, x.kind, x.unit, x.unit_price,
           x.price_source, x.flagged, x.description, x.held_reason, x.included, x.contract_version, x.quantity, x.amount, x.raw_quantity,
           x.entry_id, x.entry_version, x.replaces_version
         from billable_items x where x.workspace_id = $1 and x.id = l.item_id offset 0) i
       order by i.id`,
      [tx.workspaceId, timeline[0].contractId, after, pageSize, ...(chosen ? [plainArray(chosen)] : [])],
    );
    const wanted = page.filter((item) => {
      const code = why(item);
      // Nobody asked for what is outside of the scope, unless they named it.
      if (code !== null && (code !== 'outside_scope' || chosen)) tell?.(item, code);
      return code === null;
    });
    if (wanted.length > 0) yield wanted;
    if (page.length < pageSize) return;
    after = page[page.length - 1]!.id;
  }
}

/** Why a draft passes over an open item; null: it takes it. */
function whyLeftOut(
  item: OpenItem,
  timeline: ContractTimeline,
  { projectIds, cutoffOn, keep }: ItemScope,
  beyondRetainer: ReadonlySet<string>,
): LeftOut | null {
  if (keep?.has(item.id)) return null;
  if (item.heldReason !== null) return 'held';
  if (item.included) return 'included';
  // Compiled before an amendment that covers its day: the next run compiles it anew. What a person stated or accepted stays,
  // and what is left of an item that was billed in part is billed as the rest of it was.
  if (
    item.whole &&
    item.kind !== 'milestone' &&
    item.kind !== 'percentage' &&
    item.contractVersion !== null &&
    item.contractVersion !== termsAt(timeline, item.workDate).version
  )
    return 'amended';
  if (beyondRetainer.has(item.id)) return 'beyond_retainer';
  if (item.workDate >= cutoffOn) return 'after_cutoff';
  return projectIds && !projectIds.includes(item.projectId ?? '') ? 'outside_scope' : null;
}
