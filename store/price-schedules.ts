/** Owns what of a fixed price is billed: a ledger a contract, never beyond the price with its amendments (the database holds that). */
import { type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { Decimal, fixed, type Rounding, round } from '../domain/money.ts';
import { Refusal } from '../domain/refusal.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { type BillingParties, insertTermItems, withdrawTermItems } from './term-items.ts';

export interface PriceSchedule {
  id: string;
  /** Of the contract, that the price is of. */
  contractVersion: number;
  price: DecimalText;
  billed: DecimalText;
  /** As last stated; null: nothing was. */
  completedPercentage: DecimalText | null;
}
const columns = 'id, contract_version, price, billed, completed_percentage';

/** The fixed price that was agreed last up to the day, or at first where the day is before it; null: the contract has none. */
export function fixedPriceOn(
  timeline: ContractTimeline,
  day: Day,
): { price: DecimalText; by: 'milestones' | 'percentage'; version: number } | null {
  const agreed = timeline.flatMap(({ billingModel, version, versionStartsOn }) =>
    billingModel.type === 'fixed_price' ? [{ ...billingModel, version, versionStartsOn }] : [],
  );
  return agreed.findLast(({ versionStartsOn }) => versionStartsOn <= day) ?? agreed[0] ?? null;
}

/** The schedule under its lock, at the price agreed up to the day; made where there is none yet. */
export async function openSchedule(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  day: Day,
): Promise<PriceSchedule> {
  const { contractId } = timeline[0];
  const agreed = fixedPriceOn(timeline, day)!;
  await tx.run(
    `insert into price_schedules (workspace_id, contract_id, contract_version, price) values ($1, $2, -1, 0) on conflict do nothing`,
    [tx.workspaceId, contractId],
  );
  const schedule = await tx.row<PriceSchedule>(
    `select ${columns} from price_schedules where workspace_id = $1 and contract_id = $2 and project_id is null for no key update`,
    [tx.workspaceId, contractId],
  );
  if (agreed.version <= schedule!.contractVersion) return schedule!;
  await addEntries(tx, schedule!.id, 'amendment', [
    { itemId: null, amount: new Decimal(agreed.price).minus(schedule!.price).toFixed() },
  ]);
  const raised = await tx.row<PriceSchedule>(
    `update price_schedules set price = $3, contract_version = $4 where workspace_id = $1 and id = $2 returning ${columns}`,
    [tx.workspaceId, schedule!.id, agreed.price, agreed.version],
  );
  return raised!;
}

/** Counts items as billed of the price, or as given back (negative). More than the price is refused by the table; look before. */
export async function billOf(
  tx: WorkspaceTx,
  scheduleId: string,
  kind: 'billed' | 'returned',
  items: readonly { itemId: string; amount: DecimalText }[],
): Promise<void> {
  if (items.length === 0) return;
  await addEntries(tx, scheduleId, kind, items);
  await tx.run(
    `update price_schedules set billed = billed + (select sum(u.amount) from unnest($3::numeric[]) as u(amount))
     where workspace_id = $1 and id = $2`,
    [tx.workspaceId, scheduleId, plainArray(items.map((item) => item.amount))],
  );
}

async function addEntries(
  tx: WorkspaceTx,
  scheduleId: string,
  kind: 'amendment' | 'billed' | 'returned',
  entries: readonly { itemId: string | null; amount: DecimalText }[],
): Promise<void> {
  await tx.run(
    `insert into price_schedule_entries (workspace_id, schedule_id, kind, item_id, amount)
     select $1, $2, $3, u.* from unnest($4::uuid[], $5::numeric[]) as u`,
    [
      tx.workspaceId,
      scheduleId,
      kind,
      plainArray(entries.map((entry) => entry.itemId)),
      plainArray(entries.map((entry) => entry.amount)),
    ],
  );
}

export interface StatedCompletion {
  percentage: DecimalText;
  on: Day;
  /** That the line names; null: the contract as a whole. */
  projectId: string | null;
}

/**
 * Says how much of the work is complete: what that comes to, less what is billed, is an item that the next run drafts. What was stated
 * before and is on no document yet is taken back first, so a mistake is corrected by stating it anew. A hundred percent bills all
 * that is left, also under milestones once none is open.
 * Refuses with 409 what is not by percentage, and less than is billed.
 */
export async function stateCompletion(
  tx: WorkspaceTx,
  contract: BillingParties & { rounding: Rounding },
  timeline: ContractTimeline,
  { percentage, on, projectId }: StatedCompletion,
): Promise<{ itemId: string | null; amount: DecimalText }> {
  const { billingModel, version } = termsAt(timeline, on);
  if (billingModel.type !== 'fixed_price')
    throw new Refusal({
      code: 'contract.no_fixed_price',
      message: `The contract has no fixed price on ${on}.`,
      whatToDo: 'Name a day on which its billing model is a fixed price, or amend it.',
    });
  const isFinal = new Decimal(percentage).eq(100);
  if (billingModel.by === 'milestones') await requireFinal(tx, contract.id, isFinal);
  const before = await openSchedule(tx, timeline, on);
  const takenBack = await takeBack(tx, contract, before.id);
  const billed = new Decimal(before.billed).minus(takenBack);
  const { mode, moneyPlaces } = contract.rounding;
  const target = isFinal
    ? new Decimal(before.price)
    : round(new Decimal(before.price).times(percentage).div(100), moneyPlaces, mode);
  const due = target.minus(billed);
  if (due.isNegative())
    throw new Refusal({
      code: 'contract.completion_below_billed',
      message: `${percentage} % of ${before.price} is ${fixed(target, moneyPlaces)}, and ${billed.toFixed()} is billed already.`,
      whatToDo: 'State at least what is billed, or credit what was billed too early.',
      details: { target: target.toFixed(), billed: billed.toFixed() },
    });
  await tx.run('update price_schedules set completed_percentage = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    before.id,
    percentage,
  ]);
  if (due.isZero()) return { itemId: null, amount: '0' };
  const amount = fixed(due, Math.max(moneyPlaces, due.decimalPlaces()));
  const [itemId] = await insertTermItems(tx, contract, null, [
    {
      kind: 'percentage',
      projectId,
      phaseId: null,
      workDate: on,
      description: isFinal ? 'Completion, the rest of the price' : `Completion, ${percentage} % of the price`,
      amount,
      rule: { percentage, price: before.price, billedBefore: billed.toFixed() },
      version,
    },
  ]);
  await billOf(tx, before.id, 'billed', [{ itemId: itemId!, amount }]);
  return { itemId: itemId!, amount };
}

/** Under milestones only the rest may be stated, and only when no milestone is left that would bill it. */
async function requireFinal(tx: WorkspaceTx, contractId: string, isFinal: boolean): Promise<void> {
  if (!isFinal)
    throw new Refusal({
      code: 'contract.by_milestones',
      message: 'This contract bills its price by milestones.',
      whatToDo: 'Mark its milestones as reached; a hundred percent bills the rest once none is open.',
    });
  const open = await tx.row<{ name: string }>(
    `select m.name from milestones m join projects p on p.workspace_id = $1 and p.id = m.project_id and p.contract_id = $2
     where m.workspace_id = $1 and m.price > 0 and m.item_id is null order by m.id limit 1`,
    [tx.workspaceId, contractId],
  );
  if (open)
    throw new Refusal({
      code: 'contract.open_milestones',
      message: `The milestone ${open.name} has a price and is not billed yet.`,
      whatToDo: 'Reach it and bill it first, or remove its price.',
    });
}

/** What was stated and no document holds; answers the sum of it. */
async function takeBack(tx: WorkspaceTx, contract: BillingParties, scheduleId: string): Promise<Decimal> {
  const stated = await tx.rows<{ itemId: string }>(
    `select e.item_id from price_schedule_entries e
     join billable_items i on i.workspace_id = $1 and i.id = e.item_id and i.kind = 'percentage' and i.withdrawn_at is null and i.held_reason is null
     where e.workspace_id = $1 and e.schedule_id = $2 and e.kind = 'billed'`,
    [tx.workspaceId, scheduleId],
  );
  const gone = await withdrawTermItems(
    tx,
    contract,
    stated.map((row) => row.itemId),
  );
  await billOf(
    tx,
    scheduleId,
    'returned',
    gone.map(({ id, amount }) => ({ itemId: id, amount: `-${amount}` })),
  );
  return gone.reduce((sum, item) => sum.plus(item.amount), new Decimal(0));
}

export interface ScheduleEntry {
  kind: 'amendment' | 'billed' | 'returned';
  amount: DecimalText;
  itemId: string | null;
  createdAt: Instant;
}
const maxEntries = 1_000;

/** Null where nothing was billed or stated of it yet. */
export async function readSchedule(
  tx: WorkspaceTx,
  contractId: string,
): Promise<(PriceSchedule & { entries: ScheduleEntry[] }) | null> {
  const schedule = await tx.row<PriceSchedule>(
    `select ${columns} from price_schedules where workspace_id = $1 and contract_id = $2 and project_id is null`,
    [tx.workspaceId, contractId],
  );
  if (!schedule) return null;
  const entries = await tx.rows<ScheduleEntry>(
    `select kind, amount, item_id, created_at from price_schedule_entries where workspace_id = $1 and schedule_id = $2 order by id limit $3`,
    [tx.workspaceId, schedule.id, maxEntries],
  );
  return { ...schedule, entries };
}

/** The price that the milestones of a contract's projects add up to, and what is billed of its price. */
export async function sumsOfPrice(
  tx: WorkspaceTx,
  contractId: string,
): Promise<{ milestones: DecimalText; billed: DecimalText }> {
  const row = await tx.row<{ milestones: DecimalText; billed: DecimalText }>(
    `select (select coalesce(sum(m.price), 0) from milestones m
         join projects p on p.workspace_id = $1 and p.id = m.project_id and p.contract_id = $2 where m.workspace_id = $1) as milestones,
       (select coalesce(sum(s.billed), 0) from price_schedules s where s.workspace_id = $1 and s.contract_id = $2) as billed`,
    [tx.workspaceId, contractId],
  );
  return row!;
}
