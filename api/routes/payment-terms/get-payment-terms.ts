/** Owns GET /payment-terms/:paymentTermsId. */
import { found } from '../../../domain/refusal.ts';
import { paymentTerms as table } from '../../../store/payment-terms.ts';
import { defineRoute } from '../../kit/route.ts';
import { paymentTerms } from './payment-terms.ts';

export const getPaymentTerms = defineRoute({
  name: 'get-payment-terms',
  method: 'get',
  path: '/payment-terms/:paymentTermsId',
  summary: 'Read payment terms',
  permission: 'payment_terms.read',
  responses: { 200: paymentTerms },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await table.find(tx, params.paymentTermsId), 'payment_terms'),
    })),
});
