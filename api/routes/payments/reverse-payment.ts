/** Owns POST /payments/:paymentId/reverse. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { reversePayment as reverse } from '../../../store/reverse-payment.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { paymentInFull, showPayment } from './payment.ts';

export const reversePayment = defineRoute({
  name: 'reverse-payment',
  method: 'post',
  path: '/payments/:paymentId/reverse',
  summary: 'Take a payment or a refund back: what it settled is open again',
  permission: 'payments.reverse',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'The bank returned it' },
  responses: { 200: paymentInFull },
  errors: [
    'payment.already_reversed',
    'payment.refunded',
    'payment.credit_netted',
    'payment.applied_meanwhile',
    'period.closed',
    'period.soft_closed',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const outcome = found(await reverse(tx, params.paymentId, actor.id, body.reason), 'payment');
      if (outcome === 'already_reversed')
        throw new Refusal({
          code: 'payment.already_reversed',
          message: 'This payment was reversed before.',
          whatToDo: 'Nothing: its invoices are open again.',
        });
      return { status: 200, body: await showPayment(tx, params.paymentId) };
    }),
});
