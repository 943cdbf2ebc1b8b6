/** Owns the periods of retainers and their append-only ledger: what each brings, is topped up by, carries over, loses and gives back. */
import { periodEnd, periodStart } from '../domain/contract.ts';
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays } from '../domain/day.ts';
import { Decimal } from '../domain/money.ts';
import { found, Refusal } from '../domain/refusal.ts';
import { carriedOver, type RetainerModel } from '../domain/retainer.ts';
import type { Day, DecimalText } from '../domain/work-entry.ts';
import { sqlNow } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { type BillingParties, insertTermItems } from './term-items.ts';

/** Of one contract, at most. */
const maxPeriods = 1_000;

export interface Retainer {
  id: string;
  startsOn: Day;
  measure: RetainerModel['measure'];
  balance: DecimalText;
}
const columns = 'id, starts_on, measure, balance';

export const modelOn = (timeline: ContractTimeline, day: Day): RetainerModel | null => {
  const { billingModel } = termsAt(timeline, day);
  return billingModel.type === 'retainer' ? billingModel : null;
};
export const hasRetainer = (timeline: ContractTimeline): boolean =>
  timeline.some((terms) => terms.billingModel.type === 'retainer');

/** The retainer of the period that begins on the day; those between it and the last one are opened too. The caller holds the contract's lock. */
export async function openRetainer(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  model: RetainerModel,
  startsOn: Day,
): Promise<Retainer> {
  const { contractId, currency } = timeline[0];
  let last = await tx.row<Retainer>(
    `select ${columns} from retainers where workspace_id = $1 and contract_id = $2 and starts_on <= $3 order by starts_on desc limit 1`,
    [tx.workspaceId, contractId, startsOn],
  );
  for (
    let day = last ? periodEnd(last.startsOn, model.period) : startsOn;
    day <= startsOn;
    day = periodEnd(day, model.period)
  ) {
    // In between the terms may have been others, or of no retainer at all.
    const ofDay = day === startsOn ? model : modelOn(timeline, day);
    if (!ofDay) continue;
    const id = newId();
    await tx.run(
      `insert into retainers (workspace_id, id, contract_id, measure, currency, starts_on, expires_on) values ($1, $2, $3, $4, $5, $6, $7)`,
      [
        tx.workspaceId,
        id,
        contractId,
        ofDay.measure,
        ofDay.measure === 'money' ? currency : null,
        day,
        periodEnd(day, model.period),
      ],
    );
    await move(tx, id, 'top_up', ofDay.quantity, null);
    last = { id, startsOn: day, measure: ofDay.measure, balance: ofDay.quantity };
  }
  return last!;
}

/**
 * Ends the periods before the day, oldest first: what the terms let go over goes into the next one, and the rest expires. Work
 * of an earlier period is drawn before.
 */
export async function settleBefore(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  startsOn: Day,
): Promise<void> {
  const rows = await tx.rows<Retainer & { wentOver: DecimalText }>(
    `select ${columns}, (select coalesce(-sum(e.quantity) filter (where e.quantity < 0), 0) from retainer_entries e
       where e.workspace_id = $1 and e.retainer_id = r.id and e.kind = 'roll_over') as went_over
     from retainers r where workspace_id = $1 and contract_id = $2 and starts_on <= $3
       and starts_on >= coalesce((select min(x.starts_on) from retainers x where x.workspace_id = $1 and x.contract_id = $2 and x.balance > 0), $3)
     order by starts_on`,
    [tx.workspaceId, timeline[0].contractId, startsOn],
  );
  for (const [index, period] of rows.entries()) {
    const next = rows[index + 1];
    if (!next || new Decimal(period.balance).lte(0)) continue;
    const model = modelOn(timeline, period.startsOn);
    const carried =
      model && next.measure === period.measure ? carriedOver(model, period.balance, period.wentOver) : '0';
    await move(tx, period.id, 'roll_over', new Decimal(carried).negated().toFixed(), next.id);
    await move(tx, next.id, 'roll_over', carried, period.id);
    await move(tx, period.id, 'expire', new Decimal(carried).minus(period.balance).toFixed(), null);
    next.balance = new Decimal(next.balance).plus(carried).toFixed();
  }
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

/**
 * Where work of the period may be drawn from, in that order: its own balance, and for a late hour what was carried out of it into
 * later ones. What those bring themselves is kept for their own work.
 */
export function readDrawable(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  { startsOn, measure }: Retainer,
  rollOver: RetainerModel['rollOver'],
): Promise<Pick<Retainer, 'id' | 'balance'>[]> {
  const later = { none: 0, next_period: 1, all: maxPeriods }[rollOver];
  return tx.rows(
    `select r.id, case when r.starts_on = $3 then r.balance else least(r.balance, o.carried) end as balance from (
       select * from retainers where workspace_id = $1 and contract_id = $2 and starts_on >= $3 and measure = $4 order by starts_on limit $5) r
     cross join lateral (select coalesce(sum(e.quantity), 0) as carried from retainer_entries e
       where e.workspace_id = $1 and e.retainer_id = r.id and e.kind = 'roll_over') o
     where r.balance > 0 and (r.starts_on = $3 or o.carried > 0) order by r.starts_on`,
    [tx.workspaceId, timeline[0].contractId, startsOn, measure, later + 1],
  );
}

/** One row of the ledger; the database keeps the balance from going below nothing. Nothing moved is no row. */
export async function move(
  tx: WorkspaceTx,
  retainerId: string,
  kind: 'top_up' | 'draw' | 'return' | 'roll_over' | 'expire' | 'refund',
  quantity: DecimalText,
  reference: string | null,
): Promise<void> {
  if (new Decimal(quantity).isZero()) return;
  await tx.run(
    `with added as (
       insert into retainer_entries (workspace_id, retainer_id, kind, quantity, reference, created_at) values ($1, $2, $3, $4, $5, ${sqlNow}) returning quantity)
     update retainers r set balance = r.balance + added.quantity from added where r.workspace_id = $1 and r.id = $2`,
    [tx.workspaceId, retainerId, kind, quantity, reference],
  );
}

function requireModel(timeline: ContractTimeline, on: Day): RetainerModel {
  const model = modelOn(timeline, on);
  if (model) return model;
  throw new Refusal({
    code: 'contract.no_retainer',
    message: `The contract has no retainer on ${on}.`,
    whatToDo: 'Name a day on which its billing model is a retainer, or amend it.',
  });
}

/**
 * Adds to the period of the day; with an amount that is billed by the next run. Refuses with 409 where there is no retainer. The caller
 * holds the contract's lock.
 */
export async function topUp(
  tx: WorkspaceTx,
  contract: BillingParties,
  timeline: ContractTimeline,
  { on, quantity, amount, reason }: { on: Day; quantity: DecimalText; amount: DecimalText; reason: string },
): Promise<{ retainerId: string; itemId: string | null }> {
  const model = requireModel(timeline, on);
  const retainer = await openRetainer(tx, timeline, model, periodStart(on, model.period));
  const [itemId = null] = new Decimal(amount).isZero()
    ? []
    : await insertTermItems(tx, contract, null, [
        {
          kind: 'retainer',
          projectId: null,
          phaseId: null,
          workDate: on,
          description: reason,
          amount,
          rule: { topUp: quantity, amount },
          version: termsAt(timeline, on).version,
        },
      ]);
  await move(tx, retainer.id, 'top_up', quantity, itemId ?? reason);
  return { retainerId: retainer.id, itemId };
}

/** Takes from the period of the day what the client is given back. Refuses with 409 more than is left. The caller holds the contract's lock. */
export async function refund(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  { on, quantity, reason }: { on: Day; quantity: DecimalText; reason: string },
): Promise<{ retainerId: string }> {
  const model = requireModel(timeline, on);
  const retainer = found(
    await tx.row<Retainer>(
      `select ${columns} from retainers where workspace_id = $1 and contract_id = $2 and starts_on = $3`,
      [tx.workspaceId, timeline[0].contractId, periodStart(on, model.period)],
    ),
    'retainer_period',
  );
  if (new Decimal(quantity).gt(retainer.balance))
    throw new Refusal({
      code: 'retainer.beyond_balance',
      message: `${quantity} is more than the ${retainer.balance} that is left of the period from ${retainer.startsOn}.`,
      whatToDo: 'Refund at most what is left; what was drawn goes back with its invoice.',
      details: { quantity, balance: retainer.balance },
    });
  await move(tx, retainer.id, 'refund', new Decimal(quantity).negated().toFixed(), reason);
  return { retainerId: retainer.id };
}

export interface RetainerPeriod {
  id: string;
  startsOn: Day;
  /** Half-open. */
  endsBefore: Day;
  measure: 'hours' | 'money';
  /** What it brought, what came from and went into other periods, what was drawn, lost and given back; together the balance. */
  broughtIn: DecimalText;
  carriedOver: DecimalText;
  drawn: DecimalText;
  expired: DecimalText;
  refunded: DecimalText;
  balance: DecimalText;
  /** The item that bills it. */
  feeItemId: string | null;
}

/** Newest first; a period is opened by the first work in it or after it, or by its fee. */
export function listRetainerPeriods(tx: WorkspaceTx, contractId: string): Promise<RetainerPeriod[]> {
  return tx.rows<RetainerPeriod>(
    `select r.id, r.starts_on, r.expires_on as ends_before, r.measure, r.balance, r.fee_item_id,
       coalesce(sum(e.quantity) filter (where e.kind = 'top_up'), 0) as brought_in,
       coalesce(sum(e.quantity) filter (where e.kind = 'roll_over'), 0) as carried_over,
       -coalesce(sum(e.quantity) filter (where e.kind in ('draw', 'return')), 0) as drawn,
       -coalesce(sum(e.quantity) filter (where e.kind = 'expire'), 0) as expired,
       -coalesce(sum(e.quantity) filter (where e.kind = 'refund'), 0) as refunded
     from retainers r left join retainer_entries e on e.workspace_id = $1 and e.retainer_id = r.id
     where r.workspace_id = $1 and r.contract_id = $2 group by r.workspace_id, r.id order by r.starts_on desc limit $3`,
    [tx.workspaceId, contractId, maxPeriods],
  );
}
