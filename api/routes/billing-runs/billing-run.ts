/** Owns how a billing run is asked for and shown over the API. */
import { z } from 'zod';
import { mostChosenItems, type WantedDrafts } from '../../../store/chosen-items.ts';
import type { WorkspaceTx } from '../../../store/database.ts';
import { requireReference } from '../../../store/references.ts';
import { finishes, runStatuses, runSteps, triggers } from '../../../store/runs.ts';
import { type Actor, requirePermission } from '../../kit/auth.ts';
import { day, id, instant, note, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { grouping } from '../contracts/contract.ts';

const scopeType = z.enum(['contract', 'client', 'project', 'workspace']);
const finishAt = z.enum(['draft', 'issue']).meta({
  description:
    'draft: invoices wait for a person · issue: they get their numbers and go to the accounting platform.',
});
const finishedAt = z
  .enum(finishes)
  .meta({ description: 'compile: it ends at its items, see POST /compilations.' });

export const runStatus = z.enum(runStatuses);
export const runTrigger = z.enum(triggers);
export const runApprovalState = z.enum(['asked', 'approved', 'rejected']);

export const billingRun = z
  .object({
    id,
    scopeType,
    scopeId: id,
    trigger: runTrigger,
    pulledBy: z.string(),
    reason: z.string().nullable(),
    cutoffOn: storedDay,
    finishAt: finishedAt,
    taskIds: z.array(id).nullable().meta({ description: 'Only work on these tasks; null: all.' }),
    itemCount: z
      .int()
      .nullable()
      .meta({ description: 'Of how many chosen items it makes drafts; null: of all that is open.' }),
    grouping: grouping.nullable().meta({ description: "Instead of the contract's." }),
    status: runStatus,
    cancelRequested: z.boolean(),
    undoRequested: z.boolean(),
    operationId: id.nullable(),
    againOf: id.nullable().meta({ description: 'The run that it was asked for again of.' }),
    waitsForRunId: id.nullable().meta({
      description: 'It begins when that run of an overlapping scope has ended.',
    }),
    approval: runApprovalState.nullable().meta({
      description: 'Above the limit of whoever asked for it, somebody else has to agree; null: not.',
    }),
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

const figures = z.object({
  currency: z.string(),
  invoices: z.int(),
  net: storedDecimal,
  total: storedDecimal,
  seconds: z.int(),
});
export const runApproval = z
  .object({
    id,
    figures: z.array(figures).meta({ description: 'What was asked for, as it was shown.' }),
    status: z.enum(['asked', 'approved', 'rejected', 'withdrawn']),
    askedBy: z.string(),
    askedAt: instant,
    decidedBy: z.string().nullable().meta({
      description:
        'limit: too large to be reckoned beforehand, it goes on alone up to the limit of whoever asked.',
    }),
    decidedAt: instant.nullable(),
    reason: z.string().nullable(),
  })
  .meta({ id: 'RunApproval' });

export const newBillingRun = z
  .object({
    scope: z.object({ type: scopeType, id }).strict().optional().meta({
      description: 'Whose work is billed; left out with itemIds: the workspace.',
    }),
    itemIds: z.array(id).min(1).max(mostChosenItems).optional().meta({
      description:
        'Only these pending items are drafted, whatever the minimum of their contract; nothing is compiled.',
    }),
    cutoffOn: day.optional().meta({
      description: 'Work dated before this day is billed; left out with itemIds: whatever its day.',
    }),
    grouping: grouping.optional().meta({ description: "Instead of the contract's, for this run." }),
    paymentTermsId: id
      .optional()
      .meta({ description: "Instead of the contract's or client's, on the invoices of this run." }),
    reason: note.meta({ description: 'Why it is pulled by hand.' }),
    finishAt: finishAt.default('draft'),
  })
  .strict()
  .refine((run) => run.itemIds !== undefined || run.scope !== undefined, {
    path: ['scope'],
    message: 'name a scope, or itemIds',
  })
  .refine((run) => run.itemIds !== undefined || run.cutoffOn !== undefined, {
    path: ['cutoffOn'],
    message: 'name a cutoff, or itemIds',
  });
export const billingRunExample = {
  scope: { type: 'project', id: '{projectId}' },
  cutoffOn: '2026-02-01',
  reason: 'The client asked for the invoice early',
  finishAt: 'draft',
};

/** Of no chosen item the day matters: as far as days go. */
const noCutoff = '2199-12-31';

/** The run that is asked for, whole. Refuses one to issue by who may not issue, and a scope that this workspace does not have. */
export async function toWantedDrafts(
  tx: WorkspaceTx,
  actor: Actor,
  wanted: z.output<typeof newBillingRun>,
): Promise<WantedDrafts> {
  if (wanted.finishAt === 'issue') requirePermission(actor, 'invoices.issue');
  const scope = wanted.scope ?? { type: 'workspace', id: tx.workspaceId };
  await requireReference(tx, scope.type, scope.id, '/scope/id');
  return {
    scope,
    pulledBy: actor.id,
    reason: wanted.reason,
    cutoffOn: wanted.cutoffOn ?? noCutoff,
    finishAt: wanted.finishAt,
    itemIds: wanted.itemIds ?? null,
    grouping: wanted.grouping ?? null,
    paymentTermsId: wanted.paymentTermsId ?? null,
  };
}
