/** Owns POST /payments. */
import { found } from '../../../domain/refusal.ts';
import { readApplications, readPayment, recordPayment as record } from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPayment, paymentInFull } from './payment.ts';

export const recordPayment = defineRoute({
  name: 'record-payment',
  method: 'post',
  path: '/payments',
  summary: 'Record a payment that arrived, and what it settles',
  permission: 'payments.create',
  idempotency: 'required',
  body: newPayment,
  example: {
    clientId: '{clientId}',
    currency: 'EUR',
    amount: '100.00',
    valueDate: '2026-02-10',
    reference: 'WIRE-1001',
  },
  responses: { 201: paymentInFull },
  errors: [
    'payment.applied_beyond_amount',
    'payment.invoice_not_issued',
    'payment.invoice_of_other_client',
    'payment.currency_differs',
    'payment.beyond_balance',
    'period.closed',
    'period.soft_closed',
  ],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const paymentId = await record(tx, {
        clientId: body.clientId ?? null,
        currency: body.currency,
        amount: body.amount,
        valueDate: body.valueDate,
        postingDate: body.postingDate,
        reference: body.reference ?? null,
        connectionId: null,
        externalId: null,
        actor: actor.id,
        applications: body.applications,
      });
      const row = found(await readPayment(tx, paymentId), 'payment');
      return {
        status: 201,
        body: { ...row, applications: await readApplications(tx, paymentId) },
        headers: { Location: `/api/v1/payments/${paymentId}` },
      };
    }),
});
