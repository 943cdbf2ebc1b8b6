/** Owns POST /payments/:paymentId/reverse. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import {
  lockPayment,
  readApplications,
  readPayment,
  reversePayment as reverse,
} from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { paymentInFull } from './payment.ts';

export const reversePayment = defineRoute({
  name: 'reverse-payment',
  method: 'post',
  path: '/payments/:paymentId/reverse',
  summary: 'Take a payment back: what it settled is open again',
  permission: 'payments.reverse',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'The bank returned it' },
  responses: { 200: paymentInFull },
  errors: ['payment.already_reversed', 'period.closed', 'period.soft_closed'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { id, status } = found(await lockPayment(tx, params.paymentId), 'payment');
      if (status === 'reversed')
        throw new Refusal({
          code: 'payment.already_reversed',
          message: 'This payment was reversed before.',
          whatToDo: 'Nothing: its invoices are open again.',
        });
      await reverse(tx, id, actor.id, body.reason);
      const row = found(await readPayment(tx, id), 'payment');
      return { status: 200, body: { ...row, applications: await readApplications(tx, id) } };
    }),
});
