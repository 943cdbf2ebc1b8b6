/** Owns GET /payments/:paymentId. */
import { found } from '../../../domain/refusal.ts';
import { readApplications, readPayment } from '../../../store/payments.ts';
import { ownClient } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { paymentInFull, toClientApplication, toClientPayment } from './payment.ts';

export const getPayment = defineRoute({
  name: 'get-payment',
  method: 'get',
  path: '/payments/:paymentId',
  summary: 'Read a payment with its applications',
  permission: 'payments.read',
  own: true,
  responses: { 200: paymentInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const clientId = ownClient(actor, 'payments.read');
      const payment = await readPayment(tx, params.paymentId);
      const row = found(clientId === null || payment?.clientId === clientId ? payment : null, 'payment');
      const applications = await readApplications(tx, row.id);
      const body =
        clientId === null
          ? { ...row, applications }
          : { ...toClientPayment(row), applications: applications.map(toClientApplication) };
      return { status: 200, body };
    }),
});
