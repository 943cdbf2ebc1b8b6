/** Owns POST /payments. */
import { proposeMatches } from '../../../store/payment-matches.ts';
import { recordPayment as record } from '../../../store/payments.ts';
import { defineRoute } from '../../kit/route.ts';
import { applicationErrors, newPayment, paymentInFull, showPayment } from './payment.ts';

export const recordPayment = defineRoute({
  name: 'record-payment',
  method: 'post',
  path: '/payments',
  summary: 'Record a payment that arrived, and what it settles',
  description:
    'Cash and deductions settle documents; what no document takes stays on account as the client’s credit. A pending payment settles nothing before it clears.',
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
  errors: ['payment.applied_beyond_amount', ...applicationErrors],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const paymentId = await record(tx, {
        ...body,
        clientId: body.clientId ?? null,
        reference: body.reference ?? null,
        connectionId: null,
        externalId: null,
        actor: actor.id,
      });
      // Money that says nothing of what it is for: what it probably is for can be read at once.
      if (body.applications.length === 0 && body.status === 'cleared')
        await proposeMatches(tx, { id: paymentId, reference: body.reference ?? null });
      return {
        status: 201,
        body: await showPayment(tx, paymentId),
        headers: { Location: `/api/v1/payments/${paymentId}` },
      };
    }),
});
