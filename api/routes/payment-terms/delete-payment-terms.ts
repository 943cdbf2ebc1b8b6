/** Owns DELETE /payment-terms/:paymentTermsId. */
import { found } from '../../../domain/refusal.ts';
import { paymentTerms, removePaymentTerms } from '../../../store/payment-terms.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { paymentTermsSubject } from './payment-terms.ts';

export const deletePaymentTerms = defineRoute({
  name: 'delete-payment-terms',
  method: 'delete',
  path: '/payment-terms/:paymentTermsId',
  summary: 'Delete payment terms that nothing names',
  permission: 'payment_terms.delete',
  responses: { 204: empty },
  errors: ['payment_terms.in_use'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await paymentTerms.lock(tx, params.paymentTermsId), 'payment_terms');
      await removePaymentTerms(tx, before);
      await recordDeleted(tx, actor, paymentTermsSubject, before);
      return { status: 204 };
    }),
});
