/** Owns what a person decides on items that are on no issued invoice: held and released; and holding them to the commit. */
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { requireItems } from './chosen-items.ts';
import type { WorkspaceTx } from './database.ts';
import { discardDraft } from './draft.ts';
import { type DraftHead, lockDraft } from './edit-draft.ts';
import { recordEvents } from './events.ts';
import { readPlaced, relineDraft, takeOff } from './reline-draft.ts';
import { workFreed } from './work-arrived.ts';

/** More than these hold too many locks for too long. */
export const mostItemsAtOnce = 1_000;

export interface LockedItem {
  id: string;
  contractId: string;
  personId: string | null;
  kind: string;
  currency: string;
  quantity: DecimalText;
  roundedQuantity: DecimalText;
  unitPrice: DecimalText;
  amount: DecimalText;
  priceRule: Record<string, unknown>;
  heldReason: string | null;
  included: boolean;
  entryId: string | null;
  /** On documents, in retainers and write-offs. */
  allocated: DecimalText;
  /** The drafts that hold it. */
  draftIds: string[];
}

/**
 * Holds the drafts of these items, then the items, to the commit. Refuses with 422 ids that are not there, with 409 items of
 * which something is issued, drawn from a retainer or written off, or that were taken back.
 */
export async function lockPendingItems(tx: WorkspaceTx, itemIds: readonly string[]): Promise<LockedItem[]> {
  const items = await lockItems(tx, itemIds);
  requireNone(items, (item) => item.withdrawn || !isZero(item.elsewhere));
  return items;
}

/**
 * The same for what concerns only their open part: the rest may be issued, drawn or written off, as after a credit of some of
 * their hours. Quantity and amount are those of the open part. Refuses with 409 items that nothing is open of.
 */
export async function lockOpenItems(tx: WorkspaceTx, itemIds: readonly string[]): Promise<LockedItem[]> {
  const items = await lockItems(tx, itemIds);
  requireNone(items, (item) => item.withdrawn || (!isZero(item.elsewhere) && isZero(openOf(item))));
  return items.map((item) =>
    isZero(item.elsewhere)
      ? item
      : {
          ...item,
          quantity: openOf(item),
          amount: new Decimal(openOf(item)).times(item.unitPrice).toFixed(),
        },
  );
}

const isZero = (value: DecimalText) => new Decimal(value).isZero();
/** On no document but drafts. */
const openOf = ({ quantity, elsewhere }: FoundItem): DecimalText =>
  new Decimal(quantity).minus(elsewhere).toFixed();

interface FoundItem extends LockedItem {
  /** Of it on other documents than drafts. */
  elsewhere: DecimalText;
  withdrawn: boolean;
}

/** Holds the drafts that hold any of the items, before whatever else of them is held. Answers their ids. */
export async function lockDraftsOf(tx: WorkspaceTx, itemIds: readonly string[]): Promise<string[]> {
  const drafts = await draftsOf(tx, itemIds);
  for (const id of drafts) await lockDraft(tx, id);
  return drafts;
}

async function lockItems(tx: WorkspaceTx, itemIds: readonly string[]): Promise<FoundItem[]> {
  await requireItems(tx, itemIds);
  const drafts = await lockDraftsOf(tx, itemIds);
  await tx.run(
    `select 1 from (select distinct * from unnest($2::uuid[]) as u(id) order by 1) i
     cross join lateral (select 1 from item_balance x where x.workspace_id = $1 and x.item_id = i.id for no key update) l`,
    [tx.workspaceId, plainArray(itemIds)],
  );
  return tx.rows<FoundItem>(
    `select i.id, i.contract_id, i.person_id, i.kind, i.currency, i.quantity, i.rounded_quantity, i.unit_price, i.amount, i.price_rule, i.held_reason, i.included,
       i.entry_id, b.allocated, i.withdrawn_at is not null as withdrawn, a.draft_ids, b.allocated - a.drafted as elsewhere
     from (select distinct * from unnest($2::uuid[]) as u(id)) u
     cross join lateral (select x.* from billable_items x where x.workspace_id = $1 and x.id = u.id offset 0) i
     cross join lateral (select x.allocated from item_balance x where x.workspace_id = $1 and x.item_id = u.id offset 0) b
     cross join lateral (
       select coalesce(array_agg(invoice_id::text order by invoice_id), '{}') as draft_ids, coalesce(sum(quantity), 0) as drafted
       from (select y.invoice_id, sum(y.quantity) as quantity from allocations y
         where y.workspace_id = $1 and y.item_id = u.id and y.invoice_id = any($3::uuid[]) group by 1 having sum(y.quantity) <> 0) h) a
     order by i.id`,
    [tx.workspaceId, plainArray(itemIds), plainArray(drafts)],
  );
}

function requireNone(items: readonly FoundItem[], isBound: (item: FoundItem) => boolean): void {
  const bound = items.find(isBound);
  if (bound)
    throw new Refusal({
      code: 'item.not_open',
      message: bound.withdrawn
        ? 'One of the items was taken back to its entry.'
        : 'Of one of the items something is issued, drawn from a retainer, or written off.',
      whatToDo: 'Read it: GET /billable-items/{itemId}. What is issued is credited.',
      details: { itemId: bound.id },
    });
}

/** Ids of the drafts that hold any of the items, in the order in which everybody locks them. */
async function draftsOf(tx: WorkspaceTx, itemIds: readonly string[]): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select distinct n.id from allocations a join client_invoices n on n.workspace_id = $1 and n.id = a.invoice_id
     where a.workspace_id = $1 and a.item_id = any($2::uuid[]) and n.status in ('draft', 'in_sign_off', 'ready', 'held') order by 1`,
    [tx.workspaceId, plainArray(itemIds)],
  );
  return rows.map((row) => row.id);
}

/** Takes the items off the drafts that hold them; a draft that nothing is left on is discarded. The caller holds them. */
export async function takeOffDrafts(
  tx: WorkspaceTx,
  items: readonly LockedItem[],
  { actor, reason }: { actor: string; reason: string },
): Promise<void> {
  const wanted = new Set(items.map((item) => item.id));
  for (const draftId of [...new Set(items.flatMap((item) => item.draftIds))].sort()) {
    const draft = await lockDraft(tx, draftId);
    const placed = await placedOn(tx, draft, wanted);
    const lineIds = [...new Set(placed.map((item) => item.lineId))];
    if (await isAllOf(tx, draft, placed.length)) {
      await discardDraft(tx, draft.id, actor, reason);
      continue;
    }
    await takeOff(tx, draft, placed, reason);
    await relineDraft(tx, draft, lineIds);
  }
}

async function placedOn(tx: WorkspaceTx, draft: DraftHead, itemIds: ReadonlySet<string>) {
  const lines = await tx.rows<{ id: string }>(
    `select distinct target_id as id from allocations where workspace_id = $1 and invoice_id = $2 and item_id = any($3::uuid[])`,
    [tx.workspaceId, draft.id, plainArray([...itemIds])],
  );
  const placed = await readPlaced(
    tx,
    draft.id,
    lines.map((line) => line.id),
  );
  return placed.filter((item) => itemIds.has(item.id));
}

async function isAllOf(tx: WorkspaceTx, draft: DraftHead, count: number): Promise<boolean> {
  const row = await tx.row<{ itemCount: number }>(
    'select item_count from client_invoices where workspace_id = $1 and id = $2',
    [tx.workspaceId, draft.id],
  );
  return found(row, 'invoice').itemCount === count;
}

/** Keeps items off every draft until they are released; those on drafts are taken off. */
export async function holdItems(
  tx: WorkspaceTx,
  itemIds: readonly string[],
  { actor, reason }: { actor: string; reason: string },
): Promise<void> {
  const items = await lockOpenItems(tx, itemIds);
  await takeOffDrafts(tx, items, { actor, reason: `held: ${reason}` });
  await tx.run(
    'update billable_items set held_reason = $3 where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(items.map((item) => item.id)), reason],
  );
  await recordItems(tx, 'items.held', items, actor, { reason });
}

/** Lets held items go onto the next drafts. Answers how many there were. */
export async function releaseItems(
  tx: WorkspaceTx,
  items: readonly LockedItem[],
  { actor, reason }: { actor: string; reason: string },
): Promise<number> {
  const held = items.filter((item) => item.heldReason !== null);
  if (held.length === 0)
    throw new Refusal({
      code: 'item.not_held',
      message: 'None of these items is held.',
      whatToDo: 'Take items of GET /billable-items?status=held.',
    });
  await tx.run(
    'update billable_items set held_reason = null where workspace_id = $1 and id = any($2::uuid[])',
    [tx.workspaceId, plainArray(held.map((item) => item.id))],
  );
  await recordItems(tx, 'items.released', held, actor, { reason });
  await workFreed(
    tx,
    { entryIds: held.flatMap(({ entryId }) => entryId ?? []) },
    { actor, reason: 'what was held is released' },
  );
  return held.length;
}

const mostTold = 100;

/** One event for all of them, with the first ids. */
export function recordItems(
  tx: WorkspaceTx,
  type: string,
  items: readonly LockedItem[],
  actor: string,
  payload: Record<string, unknown>,
): Promise<void> {
  return recordEvents(tx, [
    {
      type,
      subjectType: 'billable_item',
      subjectId: items[0]!.id,
      actor,
      permission: 'items.read',
      payload: {
        ...payload,
        items: items.length,
        itemIds: items.slice(0, mostTold).map((item) => item.id),
      },
    },
  ]);
}
