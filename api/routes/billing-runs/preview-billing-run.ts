/** Owns POST /billing-runs/preview. */
import { z } from 'zod';
import { leftOutCodes } from '../../../domain/left-out.ts';
import { previewRun } from '../../../store/preview-run.ts';
import { takesTwo } from '../../../store/run-approvals.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, storedDay, storedDecimal } from '../../kit/schemas.ts';
import { ruleCount } from '../exceptions/exception.ts';
import { invoice, invoiceLine } from '../invoices/invoice.ts';
import { billingRunExample, newBillingRun, toWantedDrafts } from './billing-run.ts';

export const previewBillingRun = defineRoute({
  name: 'preview-billing-run',
  method: 'post',
  path: '/billing-runs/preview',
  summary: 'See what a billing run would make, without effect',
  description: 'The run itself, rolled back: ids in the answer name nothing. Up to 20,000 open entries.',
  permission: 'runs.create',
  idempotency: 'none',
  body: newBillingRun,
  example: billingRunExample,
  responses: {
    200: z.object({
      totals: z.array(
        z.object({
          currency: z.string(),
          invoices: z.int(),
          net: storedDecimal,
          total: storedDecimal,
          seconds: z.int(),
        }),
      ),
      invoices: z.array(invoice.extend({ lines: z.array(invoiceLine) })).meta({
        description: 'The last 100 of them with their first 50 lines; lineCount tells how many there are.',
      }),
      taxes: z
        .array(
          z.object({
            currency: z.string(),
            category: z.string(),
            rate: storedDecimal,
            net: storedDecimal,
            tax: storedDecimal,
          }),
        )
        .meta({ description: 'What the drafts come to by tax.' }),
      margin: z
        .array(
          z.object({
            currency: z.string(),
            net: storedDecimal,
            cost: storedDecimal,
            margin: storedDecimal,
            itemsWithoutCost: z.int().meta({ description: 'Their cost is not known: the margin is less.' }),
          }),
        )
        .nullable()
        .meta({ description: 'Null for who may not see margins.' }),
      leftOut: z
        .array(
          z.object({
            code: z.enum(leftOutCodes),
            message: z.string(),
            whatToDo: z.string(),
            items: z.int(),
            amounts: z.array(z.object({ currency: z.string(), amount: storedDecimal })),
          }),
        )
        .meta({ description: 'Priced items that carry forward, by reason.' }),
      leftOutItems: z
        .array(
          z.object({
            itemId: id,
            code: z.enum(leftOutCodes),
            reason: z.string().nullable().meta({ description: 'Why it is held.' }),
            workDate: storedDay.nullable(),
            amount: storedDecimal.nullable(),
          }),
        )
        .meta({ description: 'The first 500 of them.' }),
      exceptions: z.array(ruleCount),
      staysBack: z
        .array(
          z.object({
            code: z.string(),
            message: z.string(),
            whatToDo: z.string(),
            entries: z.int(),
            seconds: z.int(),
          }),
        )
        .meta({ description: 'Open work before the cutoff that the run would leave, by its first reason.' }),
      takesTwo: z
        .boolean()
        .meta({ description: 'It comes to more than you start alone: somebody else would have to agree.' }),
    }),
  },
  errors: ['billing_run.preview_too_large', 'reference.unknown', 'auth.permission_missing'],
  handler: async ({ body, actor, workspaceId, deps }) => {
    const wanted = await deps.database.inWorkspace(workspaceId, (tx) => toWantedDrafts(tx, actor, body));
    const { toBill, ...preview } = await previewRun(deps.database, workspaceId, wanted);
    const margin = actor.permissions.has('margins.read') ? preview.margin : null;
    const needsTwo = await deps.database.inWorkspace(workspaceId, (tx) =>
      takesTwo(tx, actor.memberId, toBill),
    );
    return { status: 200, body: { ...preview, margin, takesTwo: needsTwo } };
  },
});
