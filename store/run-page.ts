/** Owns what a page on a billing run shows beside the run: what it waits for, who agreed, what it repeats, and its pulls. */
import type { WorkspaceTx } from './database.ts';
import { listRepeats } from './run-again.ts';
import { listRunApprovals, type RunApproval } from './run-approvals.ts';
import type { Run } from './runs.ts';
import type { TriggerPull } from './trigger-pulls.ts';

export interface RunPage {
  /** Null: for nothing. */
  waitsFor: { what: 'run' | 'approval'; runId: string | null; message: string } | null;
  approvals: RunApproval[];
  /** Runs that repeat it. */
  repeatedBy: string[];
  /** How many pulls it took; a run that a person started has none. */
  pulls: number;
  /** Drafts of earlier runs that it added to. */
  addedTo: string[];
}

export async function readRunPage(tx: WorkspaceTx, run: Run): Promise<RunPage> {
  const row = await tx.row<{ pulls: number }>(
    'select count(*)::int as pulls from trigger_pulls where workspace_id = $1 and run_id = $2',
    [tx.workspaceId, run.id],
  );
  return {
    waitsFor: await readWaitsFor(tx, run),
    approvals: await listRunApprovals(tx, run.id),
    repeatedBy: await listRepeats(tx, run.id),
    pulls: row?.pulls ?? 0,
    addedTo: run.counts.addedTo ? await readAddedTo(tx, run.id) : [],
  };
}

async function readWaitsFor(tx: WorkspaceTx, run: Run): Promise<RunPage['waitsFor']> {
  if (run.status !== 'queued') return null;
  if (run.approval === 'asked')
    return {
      what: 'approval',
      runId: null,
      message: 'It comes to more than whoever asked for it starts alone: somebody else has to agree.',
    };
  if (run.waitsForRunId === null) return null;
  const before = await tx.row<{ status: string; name: string | null }>(
    `select r.status, case r.scope_type when 'contract' then (select name from contracts x where x.workspace_id = $1 and x.id = r.scope_id)
       when 'client' then (select name from clients x where x.workspace_id = $1 and x.id = r.scope_id)
       when 'project' then (select name from projects x where x.workspace_id = $1 and x.id = r.scope_id) else 'the workspace' end as name
     from runs r where r.workspace_id = $1 and r.id = $2`,
    [tx.workspaceId, run.waitsForRunId],
  );
  return {
    what: 'run',
    runId: run.waitsForRunId,
    message: `Another run over ${before?.name ?? 'the same work'} goes first; it is ${before?.status ?? 'gone'}.`,
  };
}

const mostShown = 100;
async function readAddedTo(tx: WorkspaceTx, runId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    `select e.subject_id as id from runs r
     join contracts c on c.workspace_id = $1 and (r.scope_type <> 'contract' or c.id = r.scope_id)
     join client_invoices i on i.workspace_id = $1 and i.client_id = c.client_id and i.contract_id = c.id
     join events e on e.workspace_id = $1 and e.subject_id = i.id and e.type = 'invoice.added_to' and e.payload ->> 'runId' = $2::text
     where r.workspace_id = $1 and r.id = $2 order by 1 limit $3`,
    [tx.workspaceId, runId, mostShown],
  );
  return rows.map(({ id }) => id);
}

export type RunPull = Omit<TriggerPull, 'urgent' | 'runId' | 'droppedReason'>;

/** What the run took, oldest first, after the id. */
export function listRunPulls(
  tx: WorkspaceTx,
  runId: string,
  page: { after: string | null; limit: number },
): Promise<RunPull[]> {
  return tx.rows<RunPull>(
    `select id, contract_id, trigger, pulled_by, reason, cutoff_on, project_id, period, pulls, pulled_at from trigger_pulls
     where workspace_id = $1 and run_id = $2 and ($3::uuid is null or id > $3) order by id limit $4`,
    [tx.workspaceId, runId, page.after, page.limit],
  );
}
