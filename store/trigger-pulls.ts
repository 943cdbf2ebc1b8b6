/** Owns pulled triggers: what asked for a contract to be billed, until it becomes a run or is dropped. */
import type { Day, Instant } from '../domain/work-entry.ts';
import { asRows, plainArray } from './arrays.ts';
import { type Clock, clockOf } from './clock.ts';
import type { WorkspaceTx } from './database.ts';
import { newId } from './new-id.ts';
import { enqueueLooks } from './outbox.ts';
import type { Trigger } from './runs.ts';

export interface Pull {
  contractId: string;
  trigger: Trigger;
  pulledBy: string;
  reason: string | null;
  /** Work dated before this day is billed. */
  cutoffOn: Day;
  /** Only the work of this project; left out: of the whole contract. */
  projectId?: string | null;
  /** Of a period's end, `2026-01-01/2026-02-01`. */
  period?: string | null;
  /** A person or an approval waits for it; left out: no. */
  urgent?: boolean;
}

export interface TriggerPull {
  id: string;
  contractId: string;
  trigger: Trigger;
  pulledBy: string;
  reason: string | null;
  cutoffOn: Day;
  projectId: string | null;
  period: string | null;
  urgent: boolean;
  /** How often it was pulled while it waited. */
  pulls: number;
  pulledAt: Instant;
  /** Null while it waits, and of a dropped one. */
  runId: string | null;
  droppedReason: string | null;
}

const columns =
  'id, contract_id, trigger, pulled_by, reason, cutoff_on, project_id, period, urgent, pulls, pulled_at, run_id, dropped_reason';

/**
 * Pulls triggers of contracts that have a billing policy; of others nothing is kept. An equal one that waits is pulled once
 * more and reaches to the later cut-off. Pull last in a transaction: an equal pull of another one waits for its end, so that
 * the run that takes it sees the work of both.
 */
export async function pullTriggers(
  tx: WorkspaceTx,
  pulls: readonly Pull[],
  clock?: Pick<Clock, 'now'>,
): Promise<void> {
  if (pulls.length === 0) return;
  const { now } = clock ?? (await clockOf(tx));
  const latest = new Map<string, Pull>();
  for (const pull of pulls) {
    const key = [pull.contractId, pull.trigger, pull.projectId ?? '', pull.period ?? ''].join(' ');
    const same = latest.get(key);
    if (!same || same.cutoffOn < pull.cutoffOn) latest.set(key, pull);
  }
  const all = [...latest.values()];
  const { from, params } = asRows(
    {
      id: { type: 'uuid', values: all.map(() => newId()) },
      contract_id: { type: 'uuid', values: all.map((pull) => pull.contractId) },
      trigger: { type: 'text', values: all.map((pull) => pull.trigger) },
      pulled_by: { type: 'text', values: all.map((pull) => pull.pulledBy), text: true },
      reason: { type: 'text', values: all.map((pull) => pull.reason), text: true },
      cutoff_on: { type: 'date', values: all.map((pull) => pull.cutoffOn) },
      project_id: { type: 'uuid', values: all.map((pull) => pull.projectId ?? null) },
      period: { type: 'text', values: all.map((pull) => pull.period ?? null), text: true },
      urgent: { type: 'boolean', values: all.map((pull) => pull.urgent ?? false) },
    },
    3,
  );
  // In one order: two transactions that pull the same never wait for each other.
  const pulled = await tx.rows<{ contractId: string; urgent: boolean; trigger: string }>(
    `insert into trigger_pulls as t (workspace_id, pulled_at, id, contract_id, trigger, pulled_by, reason, cutoff_on, project_id, period, urgent)
     select $1, $2, r.id, r.contract_id, r.trigger, r.pulled_by, r.reason, r.cutoff_on, r.project_id, r.period, r.urgent
     from ${from}
     where exists (select from billing_policies p where p.workspace_id = $1 and p.contract_id = r.contract_id)
     order by r.contract_id, r.trigger, r.project_id, r.period
     on conflict (workspace_id, contract_id, trigger, project_id, period) where run_id is null and dropped_reason is null
     do update set pulls = t.pulls + 1, cutoff_on = greatest(t.cutoff_on, excluded.cutoff_on), urgent = t.urgent or excluded.urgent
     returning t.contract_id, t.urgent, t.trigger`,
    [tx.workspaceId, now, ...params],
  );
  const urgent = new Map<string, boolean>();
  for (const one of pulled) urgent.set(one.contractId, one.urgent || urgent.get(one.contractId) === true);
  await enqueueLooks(
    tx,
    [...urgent].map(([subjectId, isUrgent]) => ({
      subjectType: 'billing_policy',
      subjectId,
      lane: isUrgent ? 'interactive' : 'bulk',
      reason: 'a trigger was pulled',
    })),
  );
}

/** What of a contract waits to become a run, as it is to be billed: by cut-off, then by when it was pulled. */
export function openPulls(
  tx: WorkspaceTx,
  contractId: string,
  lock: '' | 'for update' = '',
): Promise<TriggerPull[]> {
  return tx.rows<TriggerPull>(
    `select ${columns} from trigger_pulls
     where workspace_id = $1 and contract_id = $2 and run_id is null and dropped_reason is null
     order by cutoff_on, pulled_at, id limit 1000 ${lock}`,
    [tx.workspaceId, contractId],
  );
}

/** What a run was asked for by. */
export function pullsOfRun(tx: WorkspaceTx, runId: string): Promise<TriggerPull[]> {
  return tx.rows<TriggerPull>(
    `select ${columns} from trigger_pulls where workspace_id = $1 and run_id = $2 order by pulled_at, id limit 1000`,
    [tx.workspaceId, runId],
  );
}

/** They became this run. */
export async function givePullsTo(tx: WorkspaceTx, ids: readonly string[], runId: string): Promise<void> {
  await tx.run(
    `update trigger_pulls set run_id = $3 where workspace_id = $1 and id = any($2::uuid[]) and run_id is null`,
    [tx.workspaceId, plainArray(ids), runId],
  );
}

/** Nothing will come of them, and why. */
export async function dropPulls(tx: WorkspaceTx, ids: readonly string[], reason: string): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(
    `update trigger_pulls set dropped_reason = $3 where workspace_id = $1 and id = any($2::uuid[]) and run_id is null`,
    [tx.workspaceId, plainArray(ids), reason],
  );
}
