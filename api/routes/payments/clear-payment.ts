/** Owns POST /payments/:paymentId/clear. */
import { z } from 'zod';
import { clearPayment as clear } from '../../../store/clear-payment.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { applicationErrors, paymentInFull, showPayment, wantedApplications } from './payment.ts';

export const clearPayment = defineRoute({
  name: 'clear-payment',
  method: 'post',
  path: '/payments/:paymentId/clear',
  summary: 'Say that a pending payment is there: what it was announced for is settled',
  permission: 'payments.create',
  idempotency: 'required',
  body: z.object({
    valueDate: day.optional().meta({ description: 'When it was there; without it, as announced.' }),
    applications: wantedApplications
      .optional()
      .meta({ description: 'Instead of what it was announced for.' }),
  }),
  example: {},
  responses: { 200: paymentInFull },
  errors: ['payment.not_pending', 'payment.applied_beyond_amount', ...applicationErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const id = await clear(tx, params.paymentId, { ...body, actor: actor.id });
      return { status: 200, body: await showPayment(tx, id) };
    }),
});
