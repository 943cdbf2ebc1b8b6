/** Owns billing policies: what a contract bills by itself, what of that is due now, and the one run that is asked for. */
import { type NextOfPolicy, nextOfPolicy } from '../domain/billing-policy.ts';
import { type DatedPeriod, nextPeriod, periodKey } from '../domain/billing-schedule.ts';
import { gatherSeconds } from '../domain/billing-triggers.ts';
import { type ContractTerms, type ContractTimeline, termsAt } from '../domain/contract-terms.ts';
import { addDays, laterDay, localDay } from '../domain/day.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { pullWatched } from './billing-watches.ts';
import { type Clock, clockOf } from './clock.ts';
import type { RunScope } from './contract-scope.ts';
import { readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { doneDue, dropDue, nextDue, setDue } from './due.ts';
import { readHolidays } from './holiday-calendars.ts';
import { finishOf } from './run-finish.ts';
import { lockTurns } from './run-turns.ts';
import { type Run, requestRun } from './runs.ts';
import { isSmall } from './small-runs.ts';
import { dropPulls, givePullsTo, openPulls, pullTriggers, type TriggerPull } from './trigger-pulls.ts';

export interface BillingPolicy {
  contractId: string;
  clientId: string;
  /** The contract's. */
  status: 'draft' | 'active' | 'paused' | 'ended';
  /** Whether any version of the contract has triggers of the kind. */
  onEntry: boolean;
  onPeriod: boolean;
  onWatch: boolean;
  onProject: boolean;
  /** Periods up to this day were pulled; null before the first. */
  billedBefore: Day | null;
  gatherUntil: Instant | null;
  pausedAt: Instant | null;
  pausedBy: string | null;
  pauseReason: string | null;
}

const subjectType = 'billing_policy';
const system = 'system:billing-policy';
/** Of periods that were missed, so many are billed each by itself; those before them together. */
const mostMissedPeriods = 100;

const columns = `p.contract_id, c.client_id, c.status, p.on_entry, p.on_period, p.on_watch, p.on_project, p.billed_before, p.gather_until,
  p.paused_at, p.paused_by, p.pause_reason`;

export function readPolicy(
  tx: WorkspaceTx,
  contractId: string,
  lock: '' | 'for no key update of p' = '',
): Promise<BillingPolicy | null> {
  return tx.row<BillingPolicy>(
    `select ${columns} from billing_policies p join contracts c on c.workspace_id = $1 and c.id = p.contract_id
     where p.workspace_id = $1 and p.contract_id = $2 ${lock}`,
    [tx.workspaceId, contractId],
  );
}

export const isAtWork = (policy: BillingPolicy) =>
  policy.status === 'active' && (policy.onEntry || policy.onPeriod || policy.onWatch || policy.onProject);

export type PolicyStep =
  /** `until`: when it looks by itself; null: only a signal ends it. */
  | {
      step: 'wait';
      for: Extract<NextOfPolicy<TriggerPull>, { next: 'wait' }>['for'];
      until: Instant | null;
      waitMs: number | null;
    }
  /** The run has begun and is carried out in place. */
  | { step: 'bill'; runId: string; until: Instant | null; waitMs: number | null }
  | { step: 'done' };

/**
 * One look: what is due becomes pulls, pulls that are ready become one run, and what is next gets its due row. Safe to repeat:
 * a period is pulled once, a pull is in one run.
 */
export async function lookAtPolicy(tx: WorkspaceTx, contractId: string): Promise<PolicyStep> {
  const policy = await readPolicy(tx, contractId, 'for no key update of p');
  if (!policy || !isAtWork(policy)) {
    await dropDue(tx, subjectType, contractId);
    if (policy) await dropAll(tx, policy);
    return { step: 'done' };
  }
  const clock = await clockOf(tx);
  const timeline = await readTimeline(tx, contractId);
  await pullEndedPeriods(tx, policy, timeline, clock);
  await endGathering(tx, policy, clock);
  if (policy.onWatch || policy.onProject) await pullWatched(tx, contractId, clock);
  const pulls = await openPulls(tx, contractId, 'for update');
  const next = nextOfPolicy({
    now: clock.now,
    pulls,
    gatherUntil: policy.gatherUntil,
    isPaused: policy.pausedAt !== null,
    runUnderWay: pulls.length === 0 ? null : await runUnderWay(tx, contractId, 'for share of r'),
  });
  const run =
    next.next === 'run' ? await startRun(tx, policy, next.pulls, termsNow(timeline, clock), clock) : null;
  if (next.next === 'wait' && next.for === 'gathering')
    await setDue(tx, gathering(contractId, policy.gatherUntil!));
  const due = await nextDue(tx, subjectType, contractId);
  const until = { until: due?.dueAt ?? null, waitMs: due && clock.waitMs(due.dueAt) };
  if (run?.status === 'running') return { step: 'bill', runId: run.id, ...until };
  return { step: 'wait', for: next.next === 'run' ? 'run' : next.for, ...until };
}

/** The window is over, and what gathered in it is ready: its due row goes, since there is one in every few seconds of work. */
async function endGathering(
  tx: WorkspaceTx,
  { contractId, gatherUntil }: BillingPolicy,
  { now }: Clock,
): Promise<void> {
  if (gatherUntil !== null && gatherUntil <= now)
    await dropDue(tx, subjectType, contractId, { kind: 'gather' });
}

const gathering = (contractId: string, until: Instant) =>
  ({ subjectType, subjectId: contractId, kind: 'gather', period: until, dueAt: until }) as const;

const termsNow = (timeline: ContractTimeline, { now }: Clock): ContractTerms =>
  termsAt(timeline, localDay(now, timeline[0].zone));

/** A contract that has ended, or bills nothing by itself any more, leaves nothing waiting; a paused one keeps it. */
async function dropAll(tx: WorkspaceTx, policy: BillingPolicy): Promise<void> {
  if (policy.status === 'paused' || policy.status === 'draft') return;
  const pulls = await openPulls(tx, policy.contractId, 'for update');
  await dropPulls(
    tx,
    pulls.map(({ id }) => id),
    policy.status === 'ended' ? 'the contract has ended' : 'the contract bills nothing by itself any more',
  );
}

/** Periods that are over, with their grace, become pulls, oldest first; the one after them gets its due row. */
async function pullEndedPeriods(
  tx: WorkspaceTx,
  policy: BillingPolicy,
  timeline: ContractTimeline,
  clock: Clock,
): Promise<void> {
  // Whatever was due of it went when the contract was changed.
  if (!policy.onPeriod) return;
  const { contractId } = policy;
  const { ended, next } = await periodsUpTo(tx, timeline, policy.billedBefore, clock.now);
  for (const period of together(ended)) {
    const due = billing(contractId, period);
    await setDue(tx, due);
    if (!(await doneDue(tx, due))) continue;
    await pullTriggers(
      tx,
      [
        {
          contractId,
          trigger: 'period_end',
          pulledBy: system,
          reason: `The period ${due.period} is over.`,
          cutoffOn: period.endsBefore,
          period: due.period,
        },
      ],
      clock,
    );
  }
  const last = ended.at(-1);
  if (last)
    await tx.run(
      'update billing_policies set billed_before = $3 where workspace_id = $1 and contract_id = $2',
      [tx.workspaceId, contractId, last.endsBefore],
    );
  // The contract may have been changed since: another period, or another time.
  await dropDue(tx, subjectType, contractId, { kind: 'bill', except: next && periodKey(next) });
  if (next) await setDue(tx, billing(contractId, next));
}

const billing = (contractId: string, period: DatedPeriod) =>
  ({
    subjectType,
    subjectId: contractId,
    kind: 'bill',
    period: periodKey(period),
    dueAt: period.dueAt,
  }) as const;

/** The periods that are due at the instant and not pulled yet, and the one after them. */
export async function periodsUpTo(
  tx: WorkspaceTx,
  timeline: ContractTimeline,
  billedBefore: Day | null,
  now: Instant,
): Promise<{ ended: DatedPeriod[]; next: DatedPeriod | null }> {
  const { startsOn, goLiveOn } = timeline[0];
  const calendars = [...new Set(timeline.map((terms) => terms.holidayCalendarId))].filter(
    (id) => id !== null,
  );
  const holidays = await readHolidays(tx, calendars);
  const holidaysOf = (id: string | null) => (day: Day) => holidays.get(id ?? '')?.has(day) ?? false;
  const first = laterDay(startsOn, goLiveOn);
  let from = billedBefore === null ? first : laterDay(first, billedBefore);
  const ended: DatedPeriod[] = [];
  for (;;) {
    const period = nextPeriod(timeline, from, holidaysOf);
    if (period === null || period.dueAt > now) return { ended, next: period };
    ended.push(period);
    from = period.endsBefore;
  }
}

/** The oldest of too many become one. */
function together(periods: readonly DatedPeriod[]): readonly DatedPeriod[] {
  const tooMany = periods.length - mostMissedPeriods;
  if (tooMany <= 0) return periods;
  const rest = periods.slice(tooMany);
  return [{ ...rest[0]!, startsOn: periods[0]!.startsOn }, ...rest.slice(1)];
}

/**
 * A run of an overlapping scope that has not ended; one that waits for somebody's word keeps nobody else waiting. Whoever waits
 * for its end asks under `for share of r`: a run that is just ending is waited for, as it wakes only those that it sees waiting.
 */
export async function runUnderWay(
  tx: WorkspaceTx,
  contractId: string,
  lock: '' | 'for share of r' = '',
): Promise<string | null> {
  // The end of that run looks for who waits: it finds these pulls, or it is seen here.
  await lockTurns(tx);
  const row = await tx.row<{ id: string }>(
    `select r.id from runs r join contracts c on c.workspace_id = $1 and c.id = $2
     where r.workspace_id = $1 and r.status in ('queued', 'running') and r.approval is distinct from 'asked'
       and (r.contract_ids is null or c.id = any(r.contract_ids)) and case r.scope_type
       when 'contract' then r.scope_id = c.id when 'client' then r.scope_id = c.client_id
       when 'project' then exists (select from projects j where j.workspace_id = $1 and j.id = r.scope_id and j.contract_id = c.id)
       else true end
     order by r.id limit 1 ${lock}`,
    [tx.workspaceId, contractId],
  );
  return row?.id ?? null;
}

/** The pulls become one run, by the words of the first. */
async function startRun(
  tx: WorkspaceTx,
  { contractId, clientId }: BillingPolicy,
  pulls: readonly [TriggerPull, ...TriggerPull[]],
  terms: ContractTerms,
  { now }: Clock,
): Promise<Run> {
  const [{ trigger, pulledBy, reason, projectId }] = pulls;
  const scope: RunScope =
    projectId === null ? { type: 'contract', id: contractId } : { type: 'project', id: projectId };
  const run = await requestRun(tx, {
    scope,
    trigger,
    pulledBy,
    reason,
    cutoffOn: pulls.map(({ cutoffOn }) => cutoffOn).reduce(laterDay),
    finishAt: await finishOf(tx, { clientId }, trigger),
    // The next approval waits for it.
    isInPlace: trigger === 'entry' && (await isSmall(tx, { scopeType: scope.type, scopeId: scope.id })),
  });
  await givePullsTo(
    tx,
    pulls.map(({ id }) => id),
    run.id,
  );
  const seconds = pulls.some((pull) => pull.trigger === 'entry') ? gatherSeconds(terms.triggers) : null;
  if (seconds !== null)
    await tx.run(
      'update billing_policies set gather_until = $3 where workspace_id = $1 and contract_id = $2',
      [tx.workspaceId, contractId, new Date(Date.parse(now) + seconds * 1000).toISOString()],
    );
  return run;
}

/** Until then work up to today is billed: the first day that a run of today leaves. */
export const cutoffToday = (now: Instant, zone: string): Day => addDays(localDay(now, zone), 1);
