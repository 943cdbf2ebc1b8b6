/** Owns what small runs are spared: which run is small, a step noted in one go, and the looks that wait while something is done in place. */
import type { WorkspaceTx } from './database.ts';
import { countOperation } from './operations.ts';
import { deleteLooks, enqueueLook, type SubjectType, takeLooks } from './outbox.ts';
import { finishRun, type Run, type RunStep, readRun, tellProgress } from './runs.ts';

const fewRows = 1_000;

/** Of a contract or a project: whether so little is open there that it is billed within a second. Asks no more than it needs. */
export async function isSmall(
  tx: WorkspaceTx,
  { scopeType, scopeId }: Pick<Run, 'scopeType' | 'scopeId'>,
): Promise<boolean> {
  if (scopeType !== 'contract' && scopeType !== 'project') return false;
  const row = await tx.row<{ open: number }>(
    `select count(*)::int as open from (
       (select 1 from projects p cross join lateral (
          select 1 from entry_balance b where b.workspace_id = $1 and b.project_id = p.id and b.claimed <> b.quantity limit $3 offset 0) b
        where p.workspace_id = $1 and (p.id = $2 or p.contract_id = $2) limit $3)
       union all
       (select 1 from item_balance b where b.workspace_id = $1 and b.allocated <> b.quantity
          and b.contract_id = coalesce((select p.contract_id from projects p where p.workspace_id = $1 and p.id = $2), $2) limit $3)) x`,
    [tx.workspaceId, scopeId, fewRows + 1],
  );
  return row!.open <= fewRows;
}

const added = (was: string, more: string) => `(
  select coalesce(jsonb_object_agg(k, coalesce((${was} ->> k)::numeric, 0) + coalesce((${more} ->> k)::numeric, 0)), '{}')
  from (select jsonb_object_keys(${was} || ${more}) as k) keys)`;
const addedTexts = (was: string, more: string) => `(
  select coalesce(jsonb_object_agg(k, (coalesce((${was} ->> k)::numeric, 0) + coalesce((${more} ->> k)::numeric, 0))::text), '{}')
  from (select jsonb_object_keys(${was} || ${more}) as k) keys)`;

export interface NotedStep {
  done: number;
  /** By currency. */
  amount: Record<string, string>;
  counts: Record<string, number>;
  /** False: more of it follows, in another transaction. */
  isDone: boolean;
}

/**
 * What `beginStep`, `progressStep` and `endStep` (runs.ts) note one by one, for a step, or a part of it, that is done in one transaction.
 * Throws, and so undoes that work, when the run has ended.
 */
export async function noteStep(
  tx: WorkspaceTx,
  runId: string,
  step: RunStep,
  { done, amount, counts, isDone }: NotedStep,
): Promise<void> {
  const live = await tx.row<{ operationId: string | null }>(
    `update runs r set counts = ${added('r.counts', '$3::jsonb')}
     where r.workspace_id = $1 and r.id = $2 and r.status = 'running' returning operation_id`,
    [tx.workspaceId, runId, JSON.stringify(counts)],
  );
  if (!live) throw new Error(`billing run ${runId} has ended`);
  if (live.operationId) await countOperation(tx, live.operationId, step, done, counts);
  const now = await tx.row<{ done: number; amount: Record<string, string> }>(
    `insert into run_steps as s (workspace_id, run_id, step, done, amount, status, finished_at)
     values ($1, $2, $3, $4, $5, case when $6 then 'done' else 'running' end, case when $6 then clock_timestamp() end)
     on conflict (workspace_id, run_id, step) do update set done = s.done + excluded.done, amount = ${addedTexts('s.amount', 'excluded.amount')},
       status = excluded.status, finished_at = excluded.finished_at
     returning done, amount`,
    [tx.workspaceId, runId, step, done, JSON.stringify(amount), isDone],
  );
  if (isDone) await tellProgress(tx, runId, { step, status: 'done', ...now! });
}

/**
 * The end of a run that was billed in place, with the look that waited for it. One that is not at its end is left to its workflow,
 * which looks at once.
 */
export async function endInPlace(
  tx: WorkspaceTx,
  runId: string,
  isAtEnd: (run: Run) => Promise<boolean>,
): Promise<void> {
  const looks = await takeLooks(tx, 'billing_run', runId);
  const run = await readRun(tx, runId, 'for no key update');
  if (run?.status === 'running' && !run.cancelRequested && (await isAtEnd(run)))
    await finishRun(tx, runId, { status: 'done', error: null });
  else if (looks.length > 0)
    await enqueueLook(tx, {
      subjectType: 'billing_run',
      subjectId: runId,
      lane: 'interactive',
      reason: 'not ended in place',
    });
  await deleteLooks(tx, looks);
}

/**
 * The looks of what the run has issued, and what is to be pushed now, wait as if they were signalled: whoever calls this pushes, then
 * sends them (`sendLooks`). Should it end before that, they are sent like any signal that nobody answered. Answers at most `most` invoices.
 */
export async function holdLooks(tx: WorkspaceTx, runId: string, most: number): Promise<string[]> {
  const rows = await tx.rows<{ subjectId: string }>(
    `with to_push as (
       select i.id from client_invoices i
       join sync_records s on s.workspace_id = $1 and s.subject_type = 'client_invoice' and s.subject_id = i.id
       join connections c on c.workspace_id = $1 and c.id = s.connection_id
       where i.workspace_id = $1 and i.run_id = $2 and i.number is not null and s.status = 'queued' and s.wanted = 'create'
         and c.status = 'active'
       order by i.id limit $3
     ), sent as (
       delete from outbox o using to_push p
       where o.workspace_id = $1 and o.subject_type = 'client_invoice' and o.subject_id = p.id and o.signalled_at is null
       returning o.subject_id, o.lane, o.reason
     )
     insert into outbox (workspace_id, subject_type, subject_id, lane, reason, signalled_at)
     select $1, 'client_invoice', subject_id, max(lane), min(reason), clock_timestamp() from sent group by subject_id
     returning subject_id`,
    [tx.workspaceId, runId, most],
  );
  return rows.map(({ subjectId }) => subjectId);
}

/** Looks that were held go to the workflow; where it has looked meanwhile, there is none. */
export async function sendLooks(tx: WorkspaceTx, subjectType: SubjectType, subjectId: string): Promise<void> {
  await tx.run(
    `with held as (
       delete from outbox o where o.workspace_id = $1 and o.subject_type = $2 and o.subject_id = $3 returning o.lane, o.reason)
     insert into outbox (workspace_id, subject_type, subject_id, lane, reason)
     select $1, $2, $3, max(lane), min(reason) from held having count(*) > 0`,
    [tx.workspaceId, subjectType, subjectId],
  );
  tx.touch('outbox');
}
