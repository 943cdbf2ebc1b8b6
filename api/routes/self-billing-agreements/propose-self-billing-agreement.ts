/** Owns POST /self-billing-agreements. */
import { proposeAgreement } from '../../../store/self-billing-agreements.ts';
import { defineRoute } from '../../kit/route.ts';
import { newSelfBillingAgreement, selfBillingAgreement } from './self-billing-agreement.ts';

export const proposeSelfBillingAgreement = defineRoute({
  name: 'propose-self-billing-agreement',
  method: 'post',
  path: '/self-billing-agreements',
  summary: 'Propose to write a contractor’s invoices for them',
  description: 'In force once the contractor has accepted it.',
  permission: 'contractor_invoices.create',
  body: newSelfBillingAgreement,
  example: {
    sellerId: '{sellerId}',
    personId: '{personId}',
    startsOn: '2026-01-01',
    legalText: 'Self-billing invoice',
  },
  responses: { 201: selfBillingAgreement },
  errors: ['self_billing_agreement.empty'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const made = await proposeAgreement(tx, { ...body, endsBefore: body.endsBefore ?? null }, actor.id);
      return {
        status: 201,
        body: made,
        headers: { Location: `/api/v1/self-billing-agreements/${made.id}` },
      };
    }),
});
