/** Owns POST /payments/:paymentId/apply. */
import { z } from 'zod';
import { applyOnAccount } from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { applicationErrors, documentApplications, paymentInFull, showPayment } from './payment.ts';

export const applyPayment = defineRoute({
  name: 'apply-payment',
  method: 'post',
  path: '/payments/:paymentId/apply',
  summary: 'Put money that is on account on invoices',
  permission: 'payments.apply',
  idempotency: 'required',
  body: z.object({
    applications: documentApplications.min(1),
    postingDate: day.optional().meta({ description: "The day in the seller's books; without it, today." }),
  }),
  example: { applications: [{ invoiceId: '{invoiceId}', amount: '10.00' }] },
  responses: { 200: paymentInFull },
  errors: ['payment.not_cleared', 'payment.beyond_account', ...applicationErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const id = await applyOnAccount(tx, params.paymentId, body.applications, {
        postingDate: body.postingDate,
        actor: actor.id,
      });
      return { status: 200, body: await showPayment(tx, id) };
    }),
});
