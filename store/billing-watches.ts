/** Owns the durable watch of a contract: unbilled hours, amount and age beyond its thresholds, and milestones whose time comes. */
import type { BillingTriggers } from '../domain/billing-triggers.ts';
import {
  saysAge,
  saysAmount,
  saysHours,
  saysMany,
  type WatchMeasure,
  watchStep,
} from '../domain/billing-watch.ts';
import { termsAt } from '../domain/contract-terms.ts';
import { addDays, localDay } from '../domain/day.ts';
import { instantIn } from '../domain/import/to-instant.ts';
import { Decimal } from '../domain/money.ts';
import type { Day, DecimalText, Instant } from '../domain/work-entry.ts';
import type { Clock } from './clock.ts';
import { type ContractForBilling, contractsInScope } from './contract-scope.ts';
import { readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { dropDue, setDue } from './due.ts';
import { nextMilestoneDay, reachOfProjects } from './milestones.ts';
import { workedSeconds } from './project-budgets.ts';
import { pullTriggers } from './trigger-pulls.ts';
import {
  measureUnbilled,
  mostEntries,
  mostUnbilledSeconds,
  nextUnbilledDay,
  type UnbilledWork,
} from './unbilled-work.ts';

const subjectType = 'billing_policy';

/**
 * Pulls what the watches of an active contract see now, and sets the day on which they look again. Safe to repeat: what fired
 * stays quiet until its work was billed or fell well below the threshold (domain/billing-watch.ts).
 */
export async function pullWatched(
  tx: WorkspaceTx,
  contractId: string,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const [contract] = await contractsInScope(tx, { type: 'contract', id: contractId });
  if (!contract) return dropDue(tx, subjectType, contractId, { kind: 'watch' });
  const today = localDay(clock.now, contract.zone);
  const { triggers } = termsAt(await readTimeline(tx, contractId), today);
  if (triggers.milestones) await reachMilestones(tx, contract, today);
  const hasWatch =
    triggers.thresholdHours !== null || triggers.thresholdAmount !== null || triggers.unbilledDays !== null;
  const said =
    hasWatch && !(await isUnderWay(tx, contractId))
      ? [
          ...(await watchSums(tx, contract, triggers, today, clock.now)),
          ...(await watchAge(tx, contract, triggers, today, clock.now)),
        ]
      : [];
  if (said.length > 0)
    await pullTriggers(tx, [
      {
        contractId,
        trigger: 'threshold',
        pulledBy: 'system:watch',
        reason: said.join('; '),
        cutoffOn: addDays(today, 1),
      },
    ]);
  await planWatch(tx, contract, await nextWatchDay(tx, contract, triggers, today));
}

/** By their day in the contract's zone, and by the hours worked. */
async function reachMilestones(tx: WorkspaceTx, { projects }: ContractForBilling, today: Day): Promise<void> {
  const ids = projects.map(({ id }) => id);
  await reachOfProjects(tx, ids, today, (waiting) => workedSeconds(tx, waiting, today));
}

/** What fired waits for its run, or that run goes on: its end lets the policy look again. */
async function isUnderWay(tx: WorkspaceTx, contractId: string): Promise<boolean> {
  const row = await tx.row(
    `select 1 from trigger_pulls p left join runs r on r.workspace_id = $1 and r.id = p.run_id
     where p.workspace_id = $1 and p.contract_id = $2 and p.trigger = 'threshold' and p.dropped_reason is null
       and (p.run_id is null or r.status in ('queued', 'running')) limit 1`,
    [tx.workspaceId, contractId],
  );
  return row !== null;
}

interface FiredRow {
  measure: WatchMeasure;
  threshold: DecimalText;
  firedThrough: Day | null;
  isBilledSince: boolean;
}

/** What the watches of the contract saw when they fired, and whether some of its work was drafted since, or nothing came of it. */
async function readFired(
  tx: WorkspaceTx,
  contract: Pick<ContractForBilling, 'id' | 'clientId'>,
): Promise<Map<WatchMeasure, FiredRow>> {
  const rows = await tx.rows<FiredRow>(
    // A run may also have added to a draft that was there before.
    `select w.measure, w.threshold, w.fired_through,
       exists (select from client_invoices i where i.workspace_id = $1 and i.client_id = $3 and i.contract_id = $2
         and i.status <> 'discarded' and i.created_at > w.created_at)
       or exists (select from trigger_pulls p join runs r on r.workspace_id = $1 and r.id = p.run_id and r.status = 'done'
         where p.workspace_id = $1 and p.contract_id = $2 and r.finished_at > w.created_at and (r.counts ->> 'draftedItems')::numeric > 0)
       or exists (select from trigger_pulls p where p.workspace_id = $1 and p.contract_id = $2 and p.trigger = 'threshold'
         and p.dropped_reason is not null and p.pulled_at >= w.fired_at)
         as is_billed_since
     from billing_watches w where w.workspace_id = $1 and w.contract_id = $2`,
    [tx.workspaceId, contract.id, contract.clientId],
  );
  return new Map(rows.map((row) => [row.measure, row]));
}

/** Hours and amount; answers what those that fire say. */
async function watchSums(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  { thresholdHours, thresholdAmount }: BillingTriggers,
  today: Day,
  now: Instant,
): Promise<string[]> {
  if (thresholdHours === null && thresholdAmount === null) return [];
  const days = { from: null, before: addDays(today, 1) };
  const fired = await readFired(tx, contract);
  // Of hours a short question tells that they cannot be beyond it; of an amount only prices do.
  if (thresholdAmount === null && !fired.has('hours')) {
    const most = await mostUnbilledSeconds(tx, contract, days);
    if (new Decimal(thresholdHours!).times(3600).gt(most)) return [];
  }
  const levelOf = {
    hours: ({ seconds }: UnbilledWork) => new Decimal(seconds).div(3600).toFixed(),
    amount: ({ amount }: UnbilledWork) => amount.toFixed(),
  };
  const watches = [
    { measure: 'hours' as const, threshold: thresholdHours },
    { measure: 'amount' as const, threshold: thresholdAmount },
  ].flatMap(({ measure, threshold }) => (threshold === null ? [] : [{ measure, threshold }]));
  const isBeyond = (work: UnbilledWork) =>
    watches.every(({ measure, threshold }) => new Decimal(levelOf[measure](work)).gte(threshold));
  const work = await measureUnbilled(tx, contract, days, (sum) => hasWork(sum) && isBeyond(sum));
  const isMany = work.entries >= mostEntries;
  const said: string[] = [];
  for (const { measure, threshold } of watches) {
    const level = isMany ? Decimal.max(levelOf[measure](work), threshold).toFixed() : levelOf[measure](work);
    const step = watchStep(level, threshold, fired.get(measure) ?? null);
    if (step === 'rearm') await rearm(tx, contract.id, measure);
    if (step !== 'fire') continue;
    await fire(tx, contract.id, { measure, threshold, firedThrough: null, now });
    if (new Decimal(levelOf[measure](work)).lt(threshold)) said.push(saysMany(work.entries));
    else if (measure === 'hours') said.push(saysHours(work.seconds, threshold));
    else said.push(saysAmount(work.amount.toFixed(), threshold, contract.currency));
  }
  return said;
}

const hasWork = ({ oldestOn }: UnbilledWork) => oldestOn !== null;

/** The oldest unbilled work; work that fired before is left out, so that what no run takes does not fire day by day. */
async function watchAge(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  { unbilledDays }: BillingTriggers,
  today: Day,
  now: Instant,
): Promise<string[]> {
  if (unbilledDays === null) return [];
  const threshold = String(unbilledDays);
  const through = addDays(today, -unbilledDays);
  const fired = (await readFired(tx, contract)).get('age') ?? null;
  const isQuiet = fired !== null && !fired.isBilledSince && new Decimal(fired.threshold).eq(threshold);
  const days = { from: isQuiet ? addDays(fired.firedThrough!, 1) : null, before: addDays(through, 1) };
  const { oldestOn } = await measureUnbilled(tx, contract, days, hasWork);
  if (oldestOn !== null) {
    await fire(tx, contract.id, { measure: 'age', threshold, firedThrough: through, now });
    return [saysAge(oldestOn, unbilledDays)];
  }
  if (fired !== null && !isQuiet) await rearm(tx, contract.id, 'age');
  return [];
}

async function fire(
  tx: WorkspaceTx,
  contractId: string,
  fired: { measure: WatchMeasure; threshold: DecimalText; firedThrough: Day | null; now: Instant },
): Promise<void> {
  await tx.run(
    `insert into billing_watches (workspace_id, contract_id, measure, threshold, fired_through, fired_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (workspace_id, contract_id, measure) do update set threshold = excluded.threshold, fired_through = excluded.fired_through,
       fired_at = excluded.fired_at, created_at = excluded.created_at`,
    [tx.workspaceId, contractId, fired.measure, fired.threshold, fired.firedThrough, fired.now],
  );
}

async function rearm(tx: WorkspaceTx, contractId: string, measure: WatchMeasure): Promise<void> {
  await tx.run('delete from billing_watches where workspace_id = $1 and contract_id = $2 and measure = $3', [
    tx.workspaceId,
    contractId,
    measure,
  ]);
}

/**
 * The day on which something may have changed by itself. Sums are looked at daily while there is work, whatever holds it back,
 * so that what told nobody is found too. Work ages, and days of milestones come, on days that are known.
 */
async function nextWatchDay(
  tx: WorkspaceTx,
  contract: ContractForBilling,
  triggers: BillingTriggers,
  today: Day,
): Promise<Day | null> {
  const { thresholdHours, thresholdAmount, unbilledDays, milestones } = triggers;
  const days: Day[] = [];
  if (thresholdHours !== null || thresholdAmount !== null)
    if ((await nextUnbilledDay(tx, contract, '0001-01-01')) !== null) days.push(addDays(today, 1));
  if (unbilledDays !== null) {
    const next = await nextUnbilledDay(tx, contract, addDays(today, 1 - unbilledDays));
    if (next !== null) days.push(addDays(next, unbilledDays));
  }
  if (milestones) {
    const next = await nextMilestoneDay(
      tx,
      contract.projects.map(({ id }) => id),
    );
    if (next !== null) days.push(next);
  }
  return days.sort()[0] ?? null;
}

/** One row waits: those of before may come again, and so count as never set. */
async function planWatch(
  tx: WorkspaceTx,
  contract: Pick<ContractForBilling, 'id' | 'zone'>,
  next: Day | null,
) {
  await dropDue(tx, subjectType, contract.id, { kind: 'watch', except: next });
  if (next === null) return;
  const dueAt = instantIn(contract.zone)(next, 0);
  await setDue(tx, { subjectType, subjectId: contract.id, kind: 'watch', period: next, dueAt });
}
