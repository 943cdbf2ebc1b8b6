/** Owns POST /opening-batches/:openingBatchId/sign-off. */
import { z } from 'zod';
import { signOffOpeningBatch as signOff } from '../../../store/opening-batches.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { controlTotal, openingBatch } from './opening-batch.ts';

export const signOffOpeningBatch = defineRoute({
  name: 'sign-off-opening-batch',
  method: 'post',
  path: '/opening-batches/:openingBatchId/sign-off',
  summary: 'Let opening balances take effect, as a second person',
  description:
    'State the control totals that the books of before have, by kind and currency. Where the batch has others, the answer names both figures and nothing takes effect. From then on it is never changed: a mistake is countered.',
  permission: 'opening_balances.sign_off',
  idempotency: 'required',
  body: z.object({
    controlTotals: z.array(controlTotal.strict()).min(1).max(200),
    ownReason: note.optional().meta({
      description: 'Why you sign off your own, where nobody else could: it is listed in the duties report.',
    }),
  }),
  example: {
    controlTotals: [{ kind: 'wip', currency: 'EUR', count: 1, amount: '1250.00' }],
    ownReason: 'There is nobody else yet',
  },
  responses: { 200: openingBatch },
  errors: [
    'opening.already_decided',
    'opening.totals_differ',
    'opening.number_taken',
    'opening.series_moved',
    'opening.retainer_begun',
    'opening.in_use',
    'duty.proposed_opening',
    'duty.reason_required',
    'period.closed',
    'period.soft_closed',
  ],
  handler: ({ params, body: { controlTotals, ownReason = null }, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await signOff(tx, params.openingBatchId, { controlTotals, ownReason }, actor),
    })),
});
