/** Owns PATCH /payment-terms/:paymentTermsId. */
import { found } from '../../../domain/refusal.ts';
import { changePaymentTerms, paymentTerms as table } from '../../../store/payment-terms.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { paymentTerms, paymentTermsChange, paymentTermsSubject } from './payment-terms.ts';

export const updatePaymentTerms = defineRoute({
  name: 'update-payment-terms',
  method: 'patch',
  path: '/payment-terms/:paymentTermsId',
  summary: 'Change payment terms; issued invoices keep the words that they had',
  permission: 'payment_terms.update',
  body: paymentTermsChange,
  example: { lateFeePolicy: 'After {{dueDate}} we charge interest as the law provides.' },
  responses: { 200: paymentTerms },
  errors: ['payment_terms.unknown_variable'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await table.lock(tx, params.paymentTermsId), 'payment_terms');
      requireCurrent(before);
      const after = await changePaymentTerms(tx, before, body);
      await recordUpdated(tx, actor, paymentTermsSubject, before, after);
      return { status: 200, body: after };
    }),
});
