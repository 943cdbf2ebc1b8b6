/** Owns POST /payments/:paymentId/refund. */
import { z } from 'zod';
import { paymentMethods } from '../../../domain/payment.ts';
import { refundPayment as refund } from '../../../store/refunds.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, note, shortText } from '../../kit/schemas.ts';
import { ownReason } from '../contractor-invoices/contractor-invoice.ts';
import { paymentInFull, positive, showPayment } from './payment.ts';

export const refundPayment = defineRoute({
  name: 'refund-payment',
  method: 'post',
  path: '/payments/:paymentId/refund',
  summary: 'Give money that is on account back to its client',
  description: 'Answers the refund, a payment of its own. Reversing that puts the money on account again.',
  permission: 'payments.refund',
  idempotency: 'required',
  body: z.object({
    amount: positive,
    method: z.enum(paymentMethods),
    valueDate: day,
    reference: shortText.nullish(),
    reason: note,
    ownReason,
  }),
  example: { amount: '1.00', method: 'wire', valueDate: '2026-04-20', reason: 'Paid twice' },
  responses: { 201: paymentInFull },
  errors: [
    'payment.finer_than_currency',
    'payment.beyond_account',
    'payment.client_unknown',
    'duty.recorded_it',
    'duty.reason_required',
    'duty.beyond_limit',
    'period.closed',
    'period.soft_closed',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const wanted = { ...body, reference: body.reference ?? null, ownReason: body.ownReason ?? null };
      const id = await refund(tx, params.paymentId, wanted, actor);
      return {
        status: 201,
        body: await showPayment(tx, id),
        headers: { Location: `/api/v1/payments/${id}` },
      };
    }),
});
