/** Owns retainers: what each period brings, carries over and takes of a contract's hours, in an append-only ledger. */
import { periodEnd, periodStart } from '../domain/contract.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import {
  carriedOver,
  type DrawableItem,
  drawOn,
  type RetainerModel,
  retainerUsedUp,
} from '../domain/retainer.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { findReleased, type RaisedFinding, raiseFindings } from './exceptions.ts';
import { newId } from './new-id.ts';
import { addDeltas } from './totals.ts';

interface Retainer {
  id: string;
  startsOn: Day;
  balance: DecimalText;
}

const modelOn = (timeline: ContractTimeline, day: Day): RetainerModel | null => {
  const { billingModel } = termsAt(timeline, day);
  return billingModel.type === 'retainer' ? billingModel : null;
};
export const hasRetainer = (timeline: ContractTimeline) =>
  timeline.some((terms) => terms.billingModel.type === 'retainer');

/**
 * Takes these hours from the retainers of their periods, as far as those go: what is taken is on no invoice any more. Answers
 * the items that stay open beyond a retainer whose overage is an exception that nobody released. The caller holds the contract's lock and the items'.
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
    const { draws, used, beyond } = drawOn(retainer.balance, model.measure, ofPeriod);
    if (model.overage === 'exception') beyondAll.push(...beyond);
    if (draws.length === 0) continue;
    await move(tx, retainer.id, 'draw', new Decimal(used).negated().toFixed(), run.id);
    await tx.run(
      `insert into allocations (workspace_id, item_id, kind, target_id, quantity, amount, run_id)
       select $1, d.item_id, 'retainer', $2, d.quantity, 0, $3 from unnest($4::uuid[], $5::numeric[]) as d(item_id, quantity)`,
      [
        tx.workspaceId,
        retainer.id,
        run.id,
        plainArray(draws.map((draw) => draw.itemId)),
        plainArray(draws.map((draw) => draw.quantity)),
      ],
    );
    const prices = new Map(ofPeriod.map((item) => [item.id, item.unitPrice]));
    const taken = draws.reduce(
      (sum, draw) => sum.plus(new Decimal(draw.quantity).times(prices.get(draw.itemId)!)),
      new Decimal(0),
    );
    await addDeltas(tx, [
      { metric: 'pending_amount', key: timeline[0].currency, value: taken.negated().toFixed() },
    ]);
  }
  return keepBack(tx, timeline[0].contractId, beyondAll);
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

/** The retainer of the period; those between it and the last one are opened too, and each carries over into the next. */
async function openRetainer(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  model: RetainerModel,
  startsOn: Day,
): Promise<Retainer> {
  const { contractId, currency } = timeline[0];
  const last = await tx.row<Retainer>(
    `select id, starts_on, balance from retainers where workspace_id = $1 and contract_id = $2 and starts_on <= $3
     order by starts_on desc limit 1`,
    [tx.workspaceId, contractId, startsOn],
  );
  let before = last;
  for (
    let day = last ? periodEnd(last.startsOn, model.period) : startsOn;
    day <= startsOn;
    day = periodEnd(day, model.period)
  ) {
    const retainer: Retainer = { id: newId(), startsOn: day, balance: model.quantity };
    await tx.run(
      `insert into retainers (workspace_id, id, contract_id, measure, currency, starts_on, expires_on) values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        tx.workspaceId,
        retainer.id,
        contractId,
        model.measure,
        model.measure === 'money' ? currency : null,
        day,
        periodEnd(day, model.period),
      ],
    );
    await move(tx, retainer.id, 'top_up', model.quantity, null);
    const carried = before ? carriedOver(model, before.balance) : '0';
    if (before && new Decimal(carried).gt(0)) {
      await move(tx, before.id, 'roll_over', new Decimal(carried).negated().toFixed(), retainer.id);
      await move(tx, retainer.id, 'roll_over', carried, before.id);
      retainer.balance = new Decimal(retainer.balance).plus(carried).toFixed();
    }
    before = retainer;
  }
  return before!;
}

/**
 * What was left of a retainer when `asOf` began, in the period of the day before: from there it is carried over as any other.
 * Negative takes it back. Refuses once anything was drawn or another period was opened.
 */
export async function bringRetainer(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  asOf: Day,
  quantity: DecimalText,
  reference: string,
): Promise<void> {
  const { contractId, currency } = timeline[0];
  const model = modelOn(timeline, asOf)!;
  const startsOn = periodStart(addDays(asOf, -1), model.period);
  const begun = await tx.row<{ startsOn: Day }>(
    `select r.starts_on from retainers r where r.workspace_id = $1 and r.contract_id = $2 and (r.starts_on <> $3
       or exists (select 1 from retainer_entries e where e.workspace_id = $1 and e.retainer_id = r.id and e.kind = 'draw')) limit 1`,
    [tx.workspaceId, contractId, startsOn],
  );
  if (begun)
    throw new Refusal({
      code: 'opening.retainer_begun',
      message: `The retainer of this contract is in use already, from ${begun.startsOn} on.`,
      whatToDo: 'Bring its balance in before the first hours are drawn from it; top it up by its fee later.',
      details: { contractId, startsOn: begun.startsOn },
    });
  await tx.run(
    `insert into retainers (workspace_id, id, contract_id, measure, currency, starts_on, expires_on) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (workspace_id, contract_id, starts_on) do nothing`,
    [
      tx.workspaceId,
      newId(),
      contractId,
      model.measure,
      model.measure === 'money' ? currency : null,
      startsOn,
      periodEnd(startsOn, model.period),
    ],
  );
  const retainer = await tx.row<{ id: string }>(
    'select id from retainers where workspace_id = $1 and contract_id = $2 and starts_on = $3 for no key update',
    [tx.workspaceId, contractId, startsOn],
  );
  await move(tx, retainer!.id, 'top_up', quantity, reference);
}

async function move(
  tx: WorkspaceTx,
  retainerId: string,
  kind: 'top_up' | 'draw' | 'roll_over',
  quantity: DecimalText,
  reference: string | null,
): Promise<void> {
  if (new Decimal(quantity).isZero()) return;
  await tx.run(
    `with added as (
       insert into retainer_entries (workspace_id, retainer_id, kind, quantity, reference) values ($1, $2, $3, $4, $5) returning quantity)
     update retainers r set balance = r.balance + added.quantity from added where r.workspace_id = $1 and r.id = $2`,
    [tx.workspaceId, retainerId, kind, quantity, reference],
  );
}

export interface RetainerPeriod {
  id: string;
  startsOn: Day;
  /** Half-open. */
  endsBefore: Day;
  measure: 'hours' | 'money';
  /** What it brought, what came from and went into other periods, and what was drawn; together the balance. */
  broughtIn: DecimalText;
  carriedOver: DecimalText;
  drawn: DecimalText;
  balance: DecimalText;
}
const maxPeriods = 1_000;

/** Newest first; a period is opened by the first work in it or after it. */
export function listRetainerPeriods(tx: WorkspaceTx, contractId: string): Promise<RetainerPeriod[]> {
  return tx.rows<RetainerPeriod>(
    `select r.id, r.starts_on, r.expires_on as ends_before, r.measure, r.balance,
       coalesce(sum(e.quantity) filter (where e.kind = 'top_up'), 0) as brought_in,
       coalesce(sum(e.quantity) filter (where e.kind = 'roll_over'), 0) as carried_over,
       -coalesce(sum(e.quantity) filter (where e.kind = 'draw'), 0) as drawn
     from retainers r left join retainer_entries e on e.workspace_id = $1 and e.retainer_id = r.id
     where r.workspace_id = $1 and r.contract_id = $2 group by r.workspace_id, r.id order by r.starts_on desc limit $3`,
    [tx.workspaceId, contractId, maxPeriods],
  );
}
