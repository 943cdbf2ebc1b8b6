/** Owns GET /payments/:paymentId. */
import { found } from '../../../domain/refusal.ts';
import { readApplications, readPayment } from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { paymentInFull } from './payment.ts';

export const getPayment = defineRoute({
  name: 'get-payment',
  method: 'get',
  path: '/payments/:paymentId',
  summary: 'Read a payment with its applications',
  permission: 'payments.read',
  responses: { 200: paymentInFull },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const row = found(await readPayment(tx, params.paymentId), 'payment');
      return { status: 200, body: { ...row, applications: await readApplications(tx, row.id) } };
    }),
});
