/** Owns drafting: open items of one contract become draft invoices with lines and allocations, in one transaction. */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { localDay } from '../domain/day.ts';
import { DraftBuilder, draftKeys, sharesOf } from '../domain/grouping/build-drafts.ts';
import type { Grouping } from '../domain/grouping/group-keys.ts';
import { type GroupedDraft, netBelowZero } from '../domain/grouping/net-below-zero.ts';
import type { LeftOut } from '../domain/left-out.ts';
import { Decimal } from '../domain/money.ts';
import { type DrawableItem, toDrawable } from '../domain/retainer.ts';
import { taxClassOf } from '../domain/tax.ts';
import { type TooLittleAt, whyTooLittle } from '../domain/too-little.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { asRows } from './arrays.ts';
import type { ContractForBilling } from './contract-scope.ts';
import { lockContract, readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { closeFixed } from './exceptions.ts';
import { pressingWorkUpTo } from './latest-invoice-dates.ts';
import { type AddedTo, emptyDraft, findOpenDrafts, type OpenDraft, recordAddedTo } from './open-draft.ts';
import { type ItemScope, type OpenItem, openItems, type TellLeftOut } from './open-items.ts';
import { enqueueLook } from './outbox.ts';
import { hasOpenProject } from './project-triggers.ts';
import { drawRetainers, hasRetainer, returnDraws, tieDraws } from './retainers.ts';
import { readTaxes } from './tax-rates.ts';
import { withTaxes } from './taxed-draft.ts';
import { addDeltas } from './totals.ts';
import { workspaceNow } from './workspaces.ts';
import { type TermedDraft, type WrittenLine, writeDrafts } from './write-drafts.ts';

export interface DraftedContract {
  invoices: number;
  /** Drafts that were open before. */
  addedTo: number;
  items: number;
  net: DecimalText;
  seconds: number;
  /** Items that stay open, since they would come to too little. */
  carriedForward: number;
}
/** What a draft of a contract is asked to be made of. */
export interface DraftWish extends ItemScope {
  id: string;
  actor: string;
  /** Stands in for the contract's. */
  grouping?: Grouping | null;
  /** What belongs onto a draft that is open already, and that nobody touched, goes there (open-draft.ts). */
  addsToOpen?: boolean;
}

/**
 * Drafts every open item of the contract dated before the cutoff that the scope covers (null: all its projects), or only the chosen
 * ones. Walks the items twice, or once more where something is netted: to sum the lines, then to allocate, so memory holds lines, not items. Repeating it finds
 * nothing open and makes nothing. `tell` hears of each open item that is left out, and why.
 */
export async function draftContract(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  wish: DraftWish,
  tell?: TellLeftOut,
): Promise<DraftedContract> {
  await lockContract(tx, contract.id);
  const timeline = await readTimeline(tx, contract.id);
  const taxes = await readTaxes(tx, contract);
  const grouping = wish.grouping ?? contract.grouping;
  const ownKeys = draftKeys(grouping, taxClassOf(taxes.book));
  // A retainer's draws are made and tied for all items of a draft at once: there the new ones get a draft of their own.
  const reopened =
    wish.addsToOpen && !hasRetainer(timeline)
      ? await reopenDrafts(tx, contract, timeline, wish, ownKeys)
      : null;
  const run = reopened ? { ...wish, keep: reopened.itemIds } : wish;
  const keptBack = hasRetainer(timeline)
    ? await drawOnRetainers(tx, timeline, run, ownKeys)
    : new Set<string>();
  let pages = 0;
  let onlyPage: OpenItem[] = [];
  const own = new DraftBuilder(ownKeys, contract.rounding);
  for await (const page of openItems(tx, timeline, run, keptBack, tell)) {
    for (const item of page) own.add(item);
    pages += 1;
    onlyPage = page;
  }
  // What fits a page is still at hand; more is read again rather than held.
  const again = () => (pages === 1 ? [onlyPage] : openItems(tx, timeline, run, keptBack));
  const today = taxes.pointRule === 'service_to' ? null : localDay(await workspaceNow(tx), taxes.zone);
  const taxed = (builder: DraftBuilder) =>
    builder.build().map((draft) => withTaxes(draft, timeline, taxes, { rounding: contract.rounding, today }));
  let termed = taxed(own);
  let keysOf = ownKeys;
  const littleAt = await whenTooLittle(tx, contract, run, termed);
  // Draws of a retainer are tied to the keys that they were made with.
  const moved = hasRetainer(timeline)
    ? null
    : netBelowZero(grouping.invoice, termed.map(asGrouped), littleAt);
  if (moved && moved.size > 0) {
    keysOf = (item) => {
      const keys = ownKeys(item);
      return { ...keys, invoiceKey: moved.get(keys.invoiceKey) ?? keys.invoiceKey };
    };
    const netted = new DraftBuilder(keysOf, contract.rounding);
    for await (const page of again()) for (const item of page) netted.add(item);
    termed = taxed(netted);
  }
  const tooLittle = findTooLittle(termed, littleAt);
  const drafts = termed.filter(({ key }) => !tooLittle.has(key));
  const carriedForward = termed.reduce(
    (sum, { key, itemCount }) => sum + (tooLittle.has(key) ? itemCount : 0),
    0,
  );
  const none = { invoices: 0, addedTo: 0, items: 0, net: '0', seconds: 0, carriedForward };
  if (drafts.length === 0 && (!tell || termed.length === 0)) {
    // Nothing is left of drafts that were emptied for it.
    if (reopened) await recordAddedTo(tx, run, addedTo(reopened.drafts, []));
    return none;
  }
  const lines = await writeDrafts(tx, contract, run, grouping, drafts, reopened?.idOf);
  if (hasRetainer(timeline)) await tieDraws(tx, run, contract.id, invoiceIdsOf(drafts, lines));
  const lineOf = (item: OpenItem) => {
    const { invoiceKey, lineKey } = keysOf(item);
    return lines.get(`${invoiceKey} ${lineKey}`);
  };
  const share = sharesOf(contract.rounding);
  for await (const page of again()) {
    const placed = page.flatMap((item): Placed[] => {
      const line = lineOf(item);
      if (!line) tell?.(item, tooLittle.get(keysOf(item).invoiceKey)!);
      return line ? [{ item, line, amount: share(line, item.amount) }] : [];
    });
    if (!reopened) await allocate(tx, run.id, placed);
    else
      for (const [runId, of] of Map.groupBy(placed, ({ item }) => reopened.itemIds.get(item.id) ?? run.id))
        await allocate(tx, runId, of);
  }
  if (reopened) await recordAddedTo(tx, run, addedTo(reopened.drafts, drafts));
  if (drafts.length === 0) return none;
  // Of a draft that was open before, only what came onto it.
  const before = reopened?.drafts ?? [];
  const items = drafts.reduce((sum, draft) => sum + draft.itemCount, 0) - (reopened?.itemIds.size ?? 0);
  const drafted = drafts.reduce((sum, draft) => sum.plus(draft.totals.net), new Decimal(0));
  const net = before.reduce((sum, draft) => sum.minus(draft.net), drafted);
  const seconds = before.reduce(
    (sum, draft) => sum - draft.seconds,
    drafts.reduce((sum, draft) => sum + draft.seconds, 0),
  );
  const invoices = drafts.filter(({ key }) => !reopened?.idOf.has(key)).length;
  const pending = drafts
    .flatMap((draft) => draft.lines)
    .reduce((sum, line) => sum.plus(line.itemsAmount), new Decimal(0));
  await addDeltas(tx, [
    { metric: 'pending_amount', key: contract.currency, value: pending.negated().toFixed() },
    { metric: 'drafted_net', key: contract.currency, value: drafted.toFixed() },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoices.drafted',
      subjectType: 'billing_run',
      subjectId: run.id,
      actor: run.actor,
      permission: 'invoices.read',
      payload: {
        contractId: contract.id,
        invoices,
        items,
        net: net.toFixed(),
        currency: contract.currency,
        seconds,
      },
    },
  ]);
  return { invoices, addedTo: drafts.length - invoices, items, net: net.toFixed(), seconds, carriedForward };
}

/** Open drafts that something comes onto: emptied, to be made anew with it. Null: there are none. */
async function reopenDrafts(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  timeline: ContractTimeline,
  wish: DraftWish,
  keysOf: ReturnType<typeof draftKeys>,
): Promise<{
  drafts: OpenDraft[];
  /** By invoice key. */
  idOf: Map<string, string>;
  /** Item → the run that made its draft. */
  itemIds: Map<string, string>;
} | null> {
  const open = await findOpenDrafts(tx, contract);
  if (open.size === 0) return null;
  const wanted = new Map<string, OpenDraft>();
  for await (const page of openItems(tx, timeline, wish, new Set()))
    for (const item of page) {
      const draft = open.get(keysOf(item).invoiceKey);
      if (draft) wanted.set(draft.key, draft);
    }
  if (wanted.size === 0) return null;
  const itemIds = new Map<string, string>();
  for (const draft of wanted.values())
    for (const itemId of await emptyDraft(tx, draft, contract.currency)) itemIds.set(itemId, draft.runId);
  return {
    drafts: [...wanted.values()],
    idOf: new Map([...wanted].map(([key, { id }]) => [key, id])),
    itemIds,
  };
}

function addedTo(before: readonly OpenDraft[], drafts: readonly TermedDraft[]): AddedTo[] {
  const now = new Map(drafts.map(({ key, totals }) => [key, totals.net]));
  return before.map((draft) => ({ draft, net: now.get(draft.key) ?? null }));
}

const asGrouped = (draft: TermedDraft): GroupedDraft => {
  const { key, lines, totals, terms, serviceFrom, serviceTo } = draft;
  return { key, sample: lines[0]!.sample, totals, terms, serviceFrom, serviceTo };
};

/** By invoice key. */
const invoiceIdsOf = (drafts: readonly TermedDraft[], lines: ReadonlyMap<string, WrittenLine>) =>
  new Map(drafts.map(({ key, lines: [line] }) => [key, lines.get(`${key} ${line!.key}`)!.invoiceId]));

/** Takes the hours that a retainer covers; answers what stays open beyond one. */
async function drawOnRetainers(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  run: DraftWish,
  keysOf: ReturnType<typeof draftKeys>,
): Promise<Set<string>> {
  const labor: DrawableItem[] = [];
  for await (const page of openItems(tx, timeline, run, new Set()))
    for (const item of page)
      if (item.kind === 'labor' || item.kind === 'labor_overtime')
        labor.push(toDrawable(item, termsAt(timeline, item.workDate), keysOf(item).invoiceKey));
  return drawRetainers(tx, timeline, labor, run);
}

/**
 * What too little is held against, of drafts that are not netted yet; null: nothing is too little. What a person chose is billed,
 * however little it is, and of work that is complete nothing comes later: its last invoice goes out.
 */
async function whenTooLittle(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  { itemIds, projectIds, cutoffOn }: DraftWish,
  drafts: readonly TermedDraft[],
): Promise<TooLittleAt | null> {
  if (itemIds) return null;
  const mayBeLittle = drafts.some(
    (draft) =>
      new Decimal(draft.totals.total).lt(0) || whyTooLittle(draft, { cutoffOn, pressingUpTo: null }) !== null,
  );
  if (!mayBeLittle || !(await hasOpenProject(tx, projectIds ?? contract.projects.map(({ id }) => id))))
    return null;
  return { cutoffOn, pressingUpTo: await pressingWorkUpTo(tx, contract.sellerId) };
}

/** By invoice key, what carries forward. */
const findTooLittle = (drafts: readonly TermedDraft[], at: TooLittleAt | null): Map<string, LeftOut> =>
  new Map(
    drafts.flatMap((draft) => {
      const why = at && whyTooLittle(draft, at);
      return why ? [[draft.key, why] as const] : [];
    }),
  );

interface Placed {
  item: OpenItem;
  line: WrittenLine;
  amount: DecimalText;
}

async function allocate(tx: WorkspaceTx, runId: string, placed: readonly Placed[]): Promise<void> {
  if (placed.length === 0) return;
  const { from, params } = asRows(
    {
      item_id: { type: 'uuid', values: placed.map(({ item }) => item.id) },
      invoice_id: { type: 'uuid', values: placed.map(({ line }) => line.invoiceId) },
      line_id: { type: 'uuid', values: placed.map(({ line }) => line.id) },
      quantity: { type: 'numeric', values: placed.map(({ item }) => item.open) },
      amount: { type: 'numeric', values: placed.map(({ amount }) => amount) },
    },
    3,
  );
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, run_id)
     select $1, r.item_id, 'draft', r.invoice_id, r.line_id, r.quantity, r.amount, $2 from ${from}`,
    [tx.workspaceId, runId, ...params],
  );
}

/** Takes a draft back: its allocations are returned; the invoice stays as discarded, without a number, with its lines to read. */
export async function discardDraft(
  tx: WorkspaceTx,
  invoiceId: string,
  actor: string,
  reason: string,
): Promise<boolean> {
  const invoice = await tx.row<{
    id: string;
    currency: string;
    net: DecimalText;
    was: string;
    isWaiting: boolean;
  }>(
    `update client_invoices i set status = 'discarded' where workspace_id = $1 and id = $2 and status in ('draft', 'in_sign_off', 'ready', 'held')
     returning id, currency, net, old.status as was, exists (select from sign_offs s where s.workspace_id = $1 and s.invoice_id = i.id) as is_waiting`,
    [tx.workspaceId, invoiceId],
  );
  if (!invoice) return false;
  await closeFixed(tx, 'invoice.held', [`invoice:${invoiceId}`], 'the draft was discarded');
  await returnDraws(tx, invoiceId, { reason });
  const returned = await tx.row<{ amount: DecimalText }>(
    `with back as (
       select a.item_id, a.target_id, sum(a.quantity) as quantity, sum(a.amount) as amount
       from allocations a where a.workspace_id = $1 and a.invoice_id = $2 group by 1, 2 having sum(a.quantity) <> 0),
     gone as (
       insert into allocations (workspace_id, item_id, kind, invoice_id, target_id, quantity, amount, reason)
       select $1, item_id, 'discard', $2, target_id, -quantity, -amount, $3 from back)
     select coalesce(sum(case when b.quantity = i.quantity then i.amount else b.quantity * i.unit_price end), 0) as amount
     from back b join billable_items i on i.workspace_id = $1 and i.id = b.item_id`,
    [tx.workspaceId, invoiceId, reason],
  );
  await addDeltas(tx, [
    { metric: 'pending_amount', key: invoice.currency, value: returned?.amount ?? '0' },
    { metric: 'drafted_net', key: invoice.currency, value: new Decimal(invoice.net).negated().toFixed() },
  ]);
  await recordEvents(tx, [
    {
      type: 'invoice.discarded',
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      actor,
      permission: 'invoices.read',
      payload: { reason, net: invoice.net },
      before: { status: invoice.was },
      after: { status: 'discarded' },
    },
  ]);
  // Its client was asked, and so it has a workflow, which ends now.
  if (invoice.isWaiting)
    await enqueueLook(tx, {
      subjectType: 'client_invoice',
      subjectId: invoiceId,
      lane: 'interactive',
      reason: 'discarded',
    });
  return true;
}
