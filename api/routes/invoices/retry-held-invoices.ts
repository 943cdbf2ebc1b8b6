/** Owns POST /invoices/retry-held. */
import { z } from 'zod';
import { numberLimitsOf } from '../../../domain/numbering.ts';
import { found } from '../../../domain/refusal.ts';
import { requireReference } from '../../../store/references.ts';
import { mostRetried, retryHeld } from '../../../store/retry-held.ts';
import { readRun } from '../../../store/runs.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';

export const retryHeldInvoices = defineRoute({
  name: 'retry-held-invoices',
  method: 'post',
  path: '/invoices/retry-held',
  summary: 'Try held invoices again: what was mended is issued, the rest stays held with what it lacks now',
  description: `The oldest ${mostRetried} of them, or after \`after\`: go on while there is a next. Nothing is released: that takes a reason, invoice by invoice.`,
  permission: 'invoices.issue',
  idempotency: 'required',
  body: z.object({
    clientId: id.optional(),
    contractId: id.optional(),
    runId: id.optional(),
    after: id.optional().meta({ description: 'next of the call before.' }),
  }),
  example: { clientId: '{clientId}' },
  responses: {
    200: z.object({
      tried: z.int(),
      issued: z.int(),
      held: z.int(),
      next: id.nullable().meta({ description: 'Null: there are no more.' }),
    }),
  },
  errors: ['reference.unknown'],
  handler: ({ body: { after = null, ...filter }, actor, deps, transact }) =>
    transact(async (tx) => {
      if (filter.clientId) await requireReference(tx, 'client', filter.clientId, '/clientId');
      if (filter.contractId) await requireReference(tx, 'contract', filter.contractId, '/contractId');
      if (filter.runId) found(await readRun(tx, filter.runId), 'billing_run');
      const outcome = await retryHeld(tx, filter, {
        after,
        actor: actor.id,
        now: await workspaceNow(tx),
        limits: numberLimitsOf(deps.connectors.values()),
      });
      return { status: 200, body: outcome };
    }),
});
