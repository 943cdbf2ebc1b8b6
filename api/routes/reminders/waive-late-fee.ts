/** Owns POST /late-fees/:lateFeeId/waive. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { waiveLateFee as waive } from '../../../store/late-fees.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { lateFee } from './reminder-policy.ts';

export const waiveLateFee = defineRoute({
  name: 'waive-late-fee',
  method: 'post',
  path: '/late-fees/:lateFeeId/waive',
  summary: 'Let a late fee or interest go that nothing was paid on',
  permission: 'payments.write_off',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'Goodwill' },
  responses: { 200: lateFee },
  errors: ['late_fee.not_waivable'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const fee = await waive(tx, params.lateFeeId, { reason: body.reason, actor: actor.id });
      return { status: 200, body: found(fee, 'late_fee') };
    }),
});
