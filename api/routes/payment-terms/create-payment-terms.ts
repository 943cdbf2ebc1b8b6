/** Owns POST /payment-terms. */
import { insertPaymentTerms } from '../../../store/payment-terms.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newPaymentTerms, paymentTerms, paymentTermsSubject } from './payment-terms.ts';

export const createPaymentTerms = defineRoute({
  name: 'create-payment-terms',
  method: 'post',
  path: '/payment-terms',
  summary: 'Write payment terms',
  permission: 'payment_terms.create',
  body: newPaymentTerms,
  example: {
    name: 'Two weeks',
    message: 'Payable within {{terms.days}} days, by {{dueDate}}.',
    paymentInstructions: 'Please name {{invoice.number}}.',
  },
  responses: { 201: paymentTerms },
  errors: ['payment_terms.unknown_variable'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertPaymentTerms(tx, body);
      await recordCreated(tx, actor, paymentTermsSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/payment-terms/${created.id}` } };
    }),
});
