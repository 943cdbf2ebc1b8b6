/** Owns how a billing run is asked for and shown over the API. */
import { z } from 'zod';
import type { WorkspaceTx } from '../../../store/database.ts';
import { requireReference } from '../../../store/references.ts';
import { finishes, runStatuses, runSteps, triggers } from '../../../store/runs.ts';
import { type Actor, requirePermission } from '../../kit/auth.ts';
import { day, id, instant, note, storedDay } from '../../kit/schemas.ts';

const scopeType = z.enum(['contract', 'client', 'project', 'workspace']);
const finishAt = z.enum(['draft', 'issue']).meta({
  description:
    'draft: invoices wait for a person · issue: they get their numbers and go to the accounting platform.',
});
const finishedAt = z
  .enum(finishes)
  .meta({ description: 'compile: it ends at its items, see POST /compilations.' });

export const runStatus = z.enum(runStatuses);

export const billingRun = z
  .object({
    id,
    scopeType,
    scopeId: id,
    trigger: z.enum(triggers),
    pulledBy: z.string(),
    reason: z.string().nullable(),
    cutoffOn: storedDay,
    finishAt: finishedAt,
    taskIds: z.array(id).nullable().meta({ description: 'Only work on these tasks; null: all.' }),
    status: runStatus,
    cancelRequested: z.boolean(),
    undoRequested: z.boolean(),
    operationId: id.nullable(),
    error: z.string().nullable(),
    counts: z.record(z.string(), z.number()),
    createdAt: instant,
    startedAt: instant.nullable(),
    finishedAt: instant.nullable(),
  })
  .meta({ id: 'BillingRun' });

export const runStep = z.object({
  step: z.enum(runSteps),
  status: z.enum(['running', 'done', 'failed', 'cancelled']),
  done: z.int(),
  amount: z.record(z.string(), z.string()).meta({ description: 'Currency → decimal text.' }),
  retries: z.int(),
  startedAt: instant,
  finishedAt: instant.nullable(),
});

export const newBillingRun = z.object({
  scope: z.object({ type: scopeType, id }).strict(),
  cutoffOn: day.meta({ description: 'Work dated before this day is billed.' }),
  reason: note.meta({ description: 'Why it is pulled by hand.' }),
  finishAt: finishAt.default('draft'),
});
export const billingRunExample = {
  scope: { type: 'project', id: '{projectId}' },
  cutoffOn: '2026-02-01',
  reason: 'The client asked for the invoice early',
  finishAt: 'draft',
};

/** Refuses a run to issue by who may not issue, and a scope that this workspace does not have. */
export async function requireRunAllowed(
  tx: WorkspaceTx,
  actor: Actor,
  wanted: z.output<typeof newBillingRun>,
): Promise<void> {
  if (wanted.finishAt === 'issue') requirePermission(actor, 'invoices.issue');
  await requireReference(tx, wanted.scope.type, wanted.scope.id, '/scope/id');
}
