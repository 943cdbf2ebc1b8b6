/** Owns what a contract's policy says of itself: what it bills on, what is next and when, what waits, and why. */
import { nextOfPolicy } from '../domain/billing-policy.ts';
import type { DatedPeriod } from '../domain/billing-schedule.ts';
import type { BillingTriggers } from '../domain/billing-triggers.ts';
import { termsAt } from '../domain/contract-terms.ts';
import { localDay } from '../domain/day.ts';
import type { Day, Instant } from '../domain/work-entry.ts';
import { isAtWork, periodsUpTo, readPolicy, runUnderWay } from './billing-policies.ts';
import { clockOf } from './clock.ts';
import { readTimeline } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { nextDue } from './due.ts';
import type { Run, Trigger } from './runs.ts';
import { openPulls, type TriggerPull } from './trigger-pulls.ts';

/**
 * `active_contract`, `triggers`: it is not at work without them. The rest as its look answers: a trigger, the end of the window
 * in which entries gather, the end of a run, somebody who resumes it.
 */
export type PolicyWaitsFor = 'active_contract' | 'triggers' | 'trigger' | 'gathering' | 'run' | 'resume';

export interface PolicyPage {
  contractId: string;
  /** Null: the next look makes a run. */
  waitsFor: PolicyWaitsFor | null;
  /** That counts today. */
  triggers: BillingTriggers;
  pausedAt: Instant | null;
  pausedBy: string | null;
  pauseReason: string | null;
  /** The first that is not pulled yet. */
  nextPeriod: DatedPeriod | null;
  /** When it looks by itself; null: only when something happens. */
  nextLookAt: Instant | null;
  gatherUntil: Instant | null;
  runUnderWayId: string | null;
  openPulls: TriggerPull[];
  lastRuns: PolicyRun[];
}
export interface PolicyRun {
  id: string;
  trigger: Trigger;
  pulledBy: string;
  reason: string | null;
  cutoffOn: Day;
  status: Run['status'];
  /** How many pulls became it. */
  pulls: number;
  createdAt: Instant;
  finishedAt: Instant | null;
}

/** Refuses with 404 `contract.not_found`. */
export async function describePolicy(tx: WorkspaceTx, contractId: string): Promise<PolicyPage> {
  const timeline = await readTimeline(tx, contractId);
  const clock = await clockOf(tx);
  const { triggers } = termsAt(timeline, localDay(clock.now, timeline[0].zone));
  const policy = await readPolicy(tx, contractId);
  const pulls = await openPulls(tx, contractId);
  const running = await runUnderWay(tx, contractId);
  const { ended, next } = policy?.onPeriod
    ? await periodsUpTo(tx, timeline, policy.billedBefore, clock.now)
    : { ended: [], next: null };
  const isWorking = policy !== null && isAtWork(policy);
  const step = nextOfPolicy({
    now: clock.now,
    pulls,
    gatherUntil: policy?.gatherUntil ?? null,
    isPaused: policy?.pausedAt != null,
    runUnderWay: running,
  });
  const hasTriggers =
    policy !== null && (policy.onEntry || policy.onPeriod || policy.onWatch || policy.onProject);
  const notAtWork = hasTriggers ? 'active_contract' : 'triggers';
  return {
    contractId,
    waitsFor: isWorking ? (step.next === 'wait' ? step.for : null) : notAtWork,
    triggers,
    pausedAt: policy?.pausedAt ?? null,
    pausedBy: policy?.pausedBy ?? null,
    pauseReason: policy?.pauseReason ?? null,
    nextPeriod: isWorking ? (ended[0] ?? next) : null,
    nextLookAt: isWorking ? ((await nextDue(tx, 'billing_policy', contractId))?.dueAt ?? null) : null,
    gatherUntil: policy?.gatherUntil ?? null,
    runUnderWayId: running,
    openPulls: pulls,
    lastRuns: await lastRuns(tx, contractId),
  };
}

const mostRuns = 10;

/** Of this policy, newest first. */
function lastRuns(tx: WorkspaceTx, contractId: string): Promise<PolicyRun[]> {
  return tx.rows<PolicyRun>(
    `select r.id, r.trigger, r.pulled_by, r.reason, r.cutoff_on, r.status, p.pulls, r.created_at, r.finished_at
     from (select run_id, sum(pulls)::int as pulls from trigger_pulls
       where workspace_id = $1 and contract_id = $2 and run_id is not null group by run_id order by run_id desc limit $3) p
     join runs r on r.workspace_id = $1 and r.id = p.run_id order by r.id desc`,
    [tx.workspaceId, contractId, mostRuns],
  );
}
