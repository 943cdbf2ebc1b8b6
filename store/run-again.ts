/** Owns asking for a run again: the same scope, cut-off and choices, by hand, for what is left of it. */
import type { Doer } from '../domain/duties.ts';
import { found, Refusal } from '../domain/refusal.ts';
import type { WorkspaceTx } from './database.ts';
import { requestByHand } from './run-approvals.ts';
import { type Run, readRun, readRunItems } from './runs.ts';

/** The run that is asked for again. Refuses with 409 one that has not ended, and one that ends at its items. */
export async function readRunToRepeat(tx: WorkspaceTx, runId: string): Promise<Run> {
  const run = found(await readRun(tx, runId), 'billing_run');
  if (run.status === 'queued' || run.status === 'running')
    throw new Refusal({
      code: 'billing_run.under_way',
      message: `This run has not ended: it is ${run.status}.`,
      whatToDo: 'Wait for its end, or cancel it.',
    });
  if (run.finishAt === 'compile')
    throw new Refusal({
      code: 'billing_run.compilation',
      message: 'This run only compiled.',
      whatToDo: 'Compile again: POST /compilations.',
    });
  return run;
}

/** A new run, linked to it. What is on documents stays there, so it does only what is left. Asked for twice it is one. */
export async function runAgain(tx: WorkspaceTx, run: Run, doer: Doer, reason: string | null): Promise<Run> {
  const terms = await tx.row<{ paymentTermsId: string | null }>(
    'select payment_terms_id from runs where workspace_id = $1 and id = $2',
    [tx.workspaceId, run.id],
  );
  return requestByHand(tx, doer, {
    scope: { type: run.scopeType, id: run.scopeId },
    pulledBy: doer.id,
    reason: reason ?? run.reason ?? 'run again',
    cutoffOn: run.cutoffOn,
    finishAt: run.finishAt,
    itemIds: await readRunItems(tx, run.id),
    grouping: run.grouping,
    paymentTermsId: terms?.paymentTermsId ?? null,
    againOf: run.id,
  });
}

/** The runs that repeat this one, oldest first. */
export async function listRepeats(tx: WorkspaceTx, runId: string): Promise<string[]> {
  const rows = await tx.rows<{ id: string }>(
    'select id from runs where workspace_id = $1 and again_of = $2 order by id limit 100',
    [tx.workspaceId, runId],
  );
  return rows.map(({ id }) => id);
}
