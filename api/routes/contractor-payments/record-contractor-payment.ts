/** Owns POST /contractor-payments. */
import { found } from '../../../domain/refusal.ts';
import {
  readContractorPayment,
  recordContractorPayment as record,
} from '../../../store/contractor-payments.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  applicationErrors,
  contractorPaymentInFull,
  newContractorPayment,
  showContractorPayment,
} from './contractor-payment.ts';

export const recordContractorPayment = defineRoute({
  name: 'record-contractor-payment',
  method: 'post',
  path: '/contractor-payments',
  summary: 'Record a payment to a contractor, and which invoices it settles',
  description:
    'Of each invoice applied = paid + withheld + netted, at most what is due. Open credits are taken first.',
  permission: 'contractor_payments.create',
  idempotency: 'required',
  body: newContractorPayment,
  example: {
    personId: '{personId}',
    method: 'check',
    valueDate: '2026-04-10',
    currency: 'EUR',
    amount: '250.00',
    reference: 'CHECK-1001',
    rest: 'on_account',
  },
  responses: { 201: contractorPaymentInFull },
  errors: [
    'contractor_payment.applied_beyond_amount',
    'contractor_payment.rest_unapplied',
    'contractor_payment.date_far_away',
    'contractor_payment.payouts_blocked',
    'contractor_payment.no_account',
    'contractor_payment.empty',
    'document.not_compliant',
    ...applicationErrors,
  ],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const paymentId = await record(
        tx,
        {
          ...body,
          reference: body.reference ?? null,
          note: body.note ?? null,
          ownReason: body.ownReason ?? null,
        },
        actor,
      );
      const made = found(await readContractorPayment(tx, paymentId), 'contractor_payment');
      return {
        status: 201,
        body: await showContractorPayment(tx, made),
        headers: { Location: `/api/v1/contractor-payments/${paymentId}` },
      };
    }),
});
