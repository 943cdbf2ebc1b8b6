/** Owns what work that became billable sets off: contracts that bill on it are pulled, those that watch their unbilled work look. */
import { type ApprovalPolicy, billableApprovals } from '../domain/approval.ts';
import { gatherSeconds } from '../domain/billing-triggers.ts';
import { termsAt } from '../domain/contract-terms.ts';
import { addDays, localDay } from '../domain/day.ts';
import type { ApprovalState } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import { clockOf } from './clock.ts';
import { readTimelines } from './contract-versions.ts';
import type { WorkspaceTx } from './database.ts';
import { enqueueLooks } from './outbox.ts';
import { pullTriggers } from './trigger-pulls.ts';

export interface ArrivedWork {
  projectId: string | null;
  approval: ApprovalState;
}

export interface Arrival {
  actor: string;
  /** What happened, as the run tells it. */
  reason: string;
}

interface Touched {
  contractId: string;
  approvalPolicy: ApprovalPolicy;
  onEntry: boolean;
  onWatch: boolean;
  approval: ApprovalState;
}

/** More contracts at once are a bulk load: nobody waits for one of them. */
const mostUrgent = 20;

// Asked first and once: a workspace in which no contract bills on its work pays for this one question.
const isAnyoneAtWork = `exists (select from billing_policies x where x.workspace_id = $1 and (x.on_entry or x.on_watch))`;
const touched = `select distinct c.id as contract_id, c.approval_policy, b.on_entry, b.on_watch, w.approval from work w
   cross join lateral (select j.contract_id from projects j where j.workspace_id = $1 and j.id = w.project_id offset 0) p
   cross join lateral (select y.on_entry, y.on_watch from billing_policies y
     where y.workspace_id = $1 and y.contract_id = p.contract_id and (y.on_entry or y.on_watch) offset 0) b
   join contracts c on c.workspace_id = $1 and c.id = p.contract_id and c.status = 'active'`;

/**
 * Call it last in the transaction that made the work what it is, with all of it. Only what its contract's policy bills in its
 * approval counts: a submitted entry where submission is the approval. One question where no contract has such a trigger.
 */
export async function workArrived(
  tx: WorkspaceTx,
  work: readonly ArrivedWork[],
  arrival: Arrival,
): Promise<void> {
  const places = new Map<string, { projectId: string; approval: ApprovalState }>();
  for (const { projectId, approval } of work)
    if (projectId !== null && approval !== 'rejected')
      places.set(projectId + approval, { projectId, approval });
  if (places.size === 0) return;
  const rows = await tx.rows<Touched>(
    `with work as materialized (
       select project_id, approval from unnest($2::uuid[], $3::text[]) as r(project_id, approval) where ${isAnyoneAtWork})
     ${touched}`,
    [
      tx.workspaceId,
      plainArray([...places.values()].map(({ projectId }) => projectId)),
      plainArray([...places.values()].map(({ approval }) => approval)),
    ],
  );
  await setOff(tx, rows, arrival);
}

/** The same for entries that nothing keeps from being billed any more: by their own ids, or those of exceptions that ended. */
export async function workFreed(
  tx: WorkspaceTx,
  freed: { entryIds: readonly string[] } | { exceptionIds: readonly string[] },
  arrival: Arrival,
): Promise<void> {
  const [ids, entries] =
    'entryIds' in freed
      ? [freed.entryIds, 'select distinct id from unnest($2::uuid[]) as r(id)']
      : [
          freed.exceptionIds,
          'select distinct entry_id as id from exception_entries where workspace_id = $1 and exception_id = any($2::uuid[])',
        ];
  if (ids.length === 0) return;
  const rows = await tx.rows<Touched>(
    `with work as materialized (
       select distinct v.project_id, v.approval from (select * from (${entries}) z where ${isAnyoneAtWork}) f
       cross join lateral (select y.current_version from work_entries y
         where y.workspace_id = $1 and y.id = f.id and y.deleted_at is null offset 0) e
       cross join lateral (select y.project_id, y.approval from entry_versions y
         where y.workspace_id = $1 and y.entry_id = f.id and y.version = e.current_version offset 0) v)
     ${touched}`,
    [tx.workspaceId, plainArray(ids)],
  );
  await setOff(tx, rows, arrival);
}

async function setOff(tx: WorkspaceTx, rows: readonly Touched[], { actor, reason }: Arrival): Promise<void> {
  const billable = rows.filter(({ approvalPolicy, approval }) =>
    billableApprovals[approvalPolicy].includes(approval),
  );
  if (billable.length === 0) return;
  await wakeWatches(tx, [...new Set(billable.filter((row) => row.onWatch).map((row) => row.contractId))]);
  const ids = [...new Set(billable.filter((row) => row.onEntry).map((row) => row.contractId))];
  if (ids.length === 0) return;
  const clock = await clockOf(tx);
  const timelines = await readTimelines(tx, ids);
  await pullTriggers(
    tx,
    [...timelines].flatMap(([contractId, timeline]) => {
      const today = localDay(clock.now, timeline[0].zone);
      // The version that has the trigger may be an earlier one, or one to come.
      if (gatherSeconds(termsAt(timeline, today).triggers) === null) return [];
      return {
        contractId,
        trigger: 'entry',
        pulledBy: actor,
        reason,
        cutoffOn: addDays(today, 1),
        urgent: ids.length <= mostUrgent,
      };
    }),
    clock,
  );
}

const wakeWatches = (tx: WorkspaceTx, contractIds: readonly string[]) =>
  enqueueLooks(
    tx,
    contractIds.map((subjectId) => ({
      subjectType: 'billing_policy',
      subjectId,
      lane: 'bulk',
      reason: 'work arrived',
    })),
  );
