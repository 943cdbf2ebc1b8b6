/** Owns drawing on retainers: which open work they take, for which invoice, and giving it back with that invoice. */
import { periodStart } from '../domain/contract.ts';
import type { ContractTimeline } from '../domain/contract-terms.ts';
import { Decimal } from '../domain/money.ts';
import { type Draw, type DrawableItem, drawOn, retainerUsedUp } from '../domain/retainer.ts';
import type { DecimalText } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { findReleased, type RaisedFinding, raiseFindings } from './exceptions.ts';
import { newId } from './new-id.ts';
import { modelOn, move, openRetainer, readDrawable, settleBefore } from './retainer-periods.ts';
import { addDeltas } from './totals.ts';

export { bringRetainer, hasRetainer } from './retainer-periods.ts';

/**
 * Takes this work from the retainers of its periods, as far as those go: what is taken is on no invoice any more. Answers the
 * items that stay open beyond a retainer whose overage is an exception that nobody released. The caller holds the contract's
 * lock and the items'.
 */
export async function drawRetainers(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  items: readonly DrawableItem[],
  run: { id: string },
): Promise<Set<string>> {
  const beyondAll: string[] = [];
  const covered = items.filter((item) => modelOn(timeline, item.workDate) !== null);
  const periodOf = ({ workDate }: DrawableItem) => periodStart(workDate, modelOn(timeline, workDate)!.period);
  const byPeriod = Map.groupBy(covered, periodOf);
  for (const startsOn of [...byPeriod.keys()].sort()) {
    const ofPeriod = byPeriod.get(startsOn)!;
    const model = modelOn(timeline, ofPeriod[0]!.workDate)!;
    const retainer = await openRetainer(tx, timeline, model, startsOn);
    await settleBefore(tx, timeline, startsOn);
    let left: readonly DrawableItem[] = ofPeriod;
    for (const { id, balance } of await readDrawable(tx, timeline, retainer, model.rollOver)) {
      const { draws } = drawOn(balance, retainer.measure, left);
      for (const [groupKey, ofGroup] of Map.groupBy(draws, (draw) => draw.groupKey))
        await writeDraw(tx, { retainerId: id, runId: run.id, groupKey }, ofGroup);
      left = withoutDrawn(left, draws);
    }
    const taken = worth(left).minus(worth(ofPeriod)).toFixed();
    await addDeltas(tx, [{ metric: 'pending_amount', key: timeline[0].currency, value: taken }]);
    if (model.overage === 'exception')
      beyondAll.push(...left.filter((item) => new Decimal(item.open).gt(0)).map((item) => item.id));
  }
  return keepBack(tx, timeline[0].contractId, beyondAll);
}

const worth = (items: readonly DrawableItem[]): Decimal =>
  items.reduce((sum, item) => sum.plus(new Decimal(item.open).times(item.unitPrice)), new Decimal(0));

/** What is open of them after these draws. */
function withoutDrawn(items: readonly DrawableItem[], draws: readonly Draw[]): DrawableItem[] {
  const drawn = new Map(draws.map((draw) => [draw.itemId, draw.quantity]));
  return items.map((item) => ({
    ...item,
    open: new Decimal(item.open).minus(drawn.get(item.id) ?? 0).toFixed(),
  }));
}

/** One draw with its row of the ledger and an allocation an item. */
async function writeDraw(
  tx: WorkspaceTx,
  { retainerId, runId, groupKey }: { retainerId: string; runId: string; groupKey: string },
  draws: readonly Draw[],
): Promise<void> {
  const id = newId();
  await tx.run(
    'insert into retainer_draws (workspace_id, id, retainer_id, run_id, group_key) values ($1, $2, $3, $4, $5)',
    [tx.workspaceId, id, retainerId, runId, groupKey],
  );
  const used = draws.reduce((sum, draw) => sum.plus(draw.used), new Decimal(0));
  await move(tx, retainerId, 'draw', used.negated().toFixed(), id);
  await tx.run(
    `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, run_id, created_at)
     select $1, d.item_id, 'retainer', $2, d.quantity, 0, $3, ${sqlNow} from unnest($4::uuid[], $5::numeric[]) as d(item_id, quantity)`,
    [
      tx.workspaceId,
      id,
      runId,
      plainArray(draws.map((draw) => draw.itemId)),
      plainArray(draws.map((draw) => draw.quantity)),
    ],
  );
}

/** Ties what a run drew of a contract to the invoices that it drafted (key → id); work that was drawn whole has none. */
export async function tieDraws(
  tx: WorkspaceTx,
  run: { id: string },
  contractId: string,
  invoices: ReadonlyMap<string, string>,
): Promise<void> {
  await tx.run(
    `update retainer_draws d set invoice_id = u.invoice_id from retainers r, unnest($4::text[], $5::uuid[]) as u(group_key, invoice_id)
     where d.workspace_id = $1 and d.run_id = $2 and d.invoice_id is null and d.group_key = u.group_key
       and r.workspace_id = $1 and r.id = d.retainer_id and r.contract_id = $3`,
    [tx.workspaceId, run.id, contractId, textArray([...invoices.keys()]), plainArray([...invoices.values()])],
  );
}

/**
 * Gives back what was drawn for an invoice that is discarded, voided or credited in full: to the retainer, and the work is open
 * again, held where a reason is given. Once, however often it is asked for.
 */
export function returnDraws(
  tx: WorkspaceTx,
  invoiceId: string,
  options: { reason?: string; heldReason?: string | null } = {},
): Promise<void> {
  return giveBack(tx, 'invoice_id = $2', invoiceId, options);
}

/** The same of what a run drew that was cancelled, or failed; what belongs to an issued invoice stays with it. */
export function returnDrawsOfRun(tx: WorkspaceTx, runId: string, reason: string): Promise<void> {
  return giveBack(
    tx,
    `run_id = $2 and not exists (
       select 1 from client_invoices i where i.workspace_id = $1 and i.id = invoice_id and i.number is not null)`,
    runId,
    { reason },
  );
}

async function giveBack(
  tx: WorkspaceTx,
  condition: string,
  id: string,
  {
    reason = 'its invoice was taken back',
    heldReason = null,
  }: { reason?: string; heldReason?: string | null },
): Promise<void> {
  const draws = await tx.rows<{ id: string; retainerId: string; used: DecimalText }>(
    `with gone as (
       update retainer_draws set returned_at = now() where workspace_id = $1 and ${condition} and returned_at is null returning id, retainer_id)
     select g.id, g.retainer_id, coalesce(-sum(e.quantity), 0) as used from gone g
     left join retainer_entries e on e.workspace_id = $1 and e.retainer_id = g.retainer_id and e.kind = 'draw' and e.reference = g.id::text
     group by 1, 2 order by 2, 1`,
    [tx.workspaceId, id],
  );
  if (draws.length === 0) return;
  for (const draw of draws) await move(tx, draw.retainerId, 'return', draw.used, draw.id);
  const returned = await tx.rows<{ currency: string; amount: DecimalText }>(
    `with back as (
       select a.item_id, a.target_id, sum(a.quantity) as quantity from allocations a
       where a.workspace_id = $1 and a.target_id = any($2::uuid[]) and a.invoice_id is null group by 1, 2 having sum(a.quantity) <> 0),
     gone as (
       insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, reason, created_at)
       select $1, item_id, 'retainer_reversal', target_id, -quantity, 0, $3, ${sqlNow} from back),
     held as (
       update billable_items i set held_reason = coalesce(i.held_reason, $4) from back b where i.workspace_id = $1 and i.id = b.item_id and $4::text is not null)
     select i.currency, sum(b.quantity * i.unit_price) as amount from back b
     join billable_items i on i.workspace_id = $1 and i.id = b.item_id group by 1`,
    [tx.workspaceId, plainArray(draws.map((draw) => draw.id)), reason, heldReason],
  );
  await addDeltas(
    tx,
    returned.map(({ currency, amount }) => ({ metric: 'pending_amount', key: currency, value: amount })),
  );
}

/** Of hours beyond their retainer: an exception each, until a person releases it. Answers the items that none has. */
async function keepBack(tx: WorkspaceTx, contractId: string, itemIds: string[]): Promise<Set<string>> {
  const items = await tx.rows<{ id: string; entryId: string; version: number; quantity: DecimalText }>(
    `select id, entry_id, entry_version as version, quantity from billable_items
     where workspace_id = $1 and id = any($2::uuid[]) and entry_id is not null order by id`,
    [tx.workspaceId, plainArray(itemIds)],
  );
  const findings = items.map(
    ({ id, entryId, version, quantity }): RaisedFinding => ({
      rule: retainerUsedUp.code,
      severity: retainerUsedUp.severity,
      subjectKey: `item:${id}`,
      fingerprint: '',
      subjectType: 'entry',
      subjectId: entryId,
      contractId,
      detail: { hours: quantity },
      entries: [{ entryId, version }],
    }),
  );
  await raiseFindings(tx, findings);
  const released = await findReleased(tx, findings);
  return new Set(
    items.map((item) => item.id).filter((id) => !released.has(`${retainerUsedUp.code}|item:${id}`)),
  );
}
