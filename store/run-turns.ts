/** Owns that runs of overlapping scopes go one after the other: which one a run waits for, and waking those that waited for it. */
import type { WorkspaceTx } from './database.ts';
import { recordEvents } from './events.ts';
import { enqueueLooks, type Look } from './outbox.ts';
import type { Run, Trigger } from './runs.ts';

/** The run whose end is waited for. */
export interface RunBefore {
  id: string;
  trigger: Trigger;
  scopeType: Run['scopeType'];
}

/** Whether the run `r` may touch the contract `c`: by its scope, and by its chosen items. */
const covers = (
  r: string,
) => `(case ${r}.scope_type when 'contract' then c.id = ${r}.scope_id when 'client' then c.client_id = ${r}.scope_id
    when 'project' then exists (select from projects p where p.workspace_id = $1 and p.id = ${r}.scope_id and p.contract_id = c.id) else true end
  and (${r}.contract_ids is null or c.id = any(${r}.contract_ids)))`;

/**
 * One at a time looks for its turn, or passes it on. Whoever decides to wait for a run takes it before looking for that, so that
 * the end of the run finds what waits for it. Taken after the run's own row, which its steps hold too.
 */
export const lockTurns = (tx: WorkspaceTx) =>
  tx.run('select pg_advisory_xact_lock(hashtextextended($1, 37))', [tx.workspaceId]);

/**
 * Which run a queued one has to wait for: one of an overlapping scope that is under way, else an older one that is queued and
 * waits for nobody's word; null: it is its turn. Noted on the run, so that the end of the other wakes it (`passTurn`). The
 * caller holds the run's row, and begins it in this transaction if it may: two that look at once follow one another.
 */
export async function findRunBefore(tx: WorkspaceTx, run: Run): Promise<RunBefore | null> {
  await lockTurns(tx);
  const before = await tx.row<RunBefore>(
    `select o.id, o.trigger, o.scope_type from runs r
     join runs o on o.workspace_id = $1 and o.id <> r.id
       and (o.status = 'running' or o.status = 'queued' and o.id < r.id and o.approval is distinct from 'asked')
     where r.workspace_id = $1 and r.id = $2
       and exists (select from contracts c where c.workspace_id = $1 and ${covers('r')} and ${covers('o')})
     order by o.status = 'running' desc, o.id limit 1`,
    [tx.workspaceId, run.id],
  );
  if (before === null || before.id === run.waitsForRunId) return before;
  await tx.run('update runs set waits_for_run_id = $3 where workspace_id = $1 and id = $2', [
    tx.workspaceId,
    run.id,
    before.id,
  ]);
  await recordEvents(tx, [
    {
      type: 'billing_run.waits',
      subjectType: 'billing_run',
      subjectId: run.id,
      actor: `billing-run:${run.id}`,
      permission: 'runs.read',
      payload: { for: before.id },
    },
  ]);
  return before;
}

/** Wakes the runs that wait for this one, which has ended or steps back, and the policies of its contracts that have a pull waiting. */
export async function passTurn(tx: WorkspaceTx, runId: string): Promise<void> {
  await lockTurns(tx);
  const waiting = await tx.rows<Pick<Look, 'subjectType' | 'subjectId' | 'lane'>>(
    `select 'billing_run' as subject_type, id as subject_id, 'interactive' as lane from runs where workspace_id = $1 and waits_for_run_id = $2 and status = 'queued'
     union all
     select 'billing_policy', c.id, case when t.urgent then 'interactive' else 'bulk' end from runs r
     join billing_policies p on p.workspace_id = $1
     join contracts c on c.workspace_id = $1 and c.id = p.contract_id and ${covers('r')}
     cross join lateral (
       select bool_or(x.urgent) as urgent, count(*) as pulls from trigger_pulls x
       where x.workspace_id = $1 and x.contract_id = c.id and x.run_id is null and x.dropped_reason is null) t
     where r.workspace_id = $1 and r.id = $2 and (p.on_watch or t.pulls > 0)
     order by 1, 2`,
    [tx.workspaceId, runId],
  );
  await enqueueLooks(
    tx,
    waiting.map((look) => ({ ...look, reason: 'the run before it ended' })),
  );
}
