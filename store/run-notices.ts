/** Owns telling people of runs that nobody asked for: one that failed would else be noticed when an invoice is missed. */
import type { WorkspaceTx } from './database.ts';
import { notify } from './notifications.ts';

/** Whoever may run it again; of a run by hand its person is looking at it. */
export async function tellFailedRun(tx: WorkspaceTx, runId: string, error: string | null): Promise<void> {
  const run = await tx.row<{ what: string }>(
    `select coalesce(
       (select c.name || ' · ' || k.name from contracts k join clients c on c.workspace_id = $1 and c.id = k.client_id
         where k.workspace_id = $1 and k.id = r.scope_id),
       (select j.code from projects j where j.workspace_id = $1 and j.id = r.scope_id),
       (select c.name from clients c where c.workspace_id = $1 and c.id = r.scope_id), 'everything') as what
     from runs r where r.workspace_id = $1 and r.id = $2 and r.trigger <> 'by_hand'`,
    [tx.workspaceId, runId],
  );
  if (!run) return;
  await notify(tx, [
    {
      kind: 'run.failed',
      to: { permission: 'runs.create' },
      key: `run.failed:${runId}`,
      subjectType: 'billing_run',
      subjectId: runId,
      params: { what: run.what, reason: (error ?? '').slice(0, 500) },
    },
  ]);
}
