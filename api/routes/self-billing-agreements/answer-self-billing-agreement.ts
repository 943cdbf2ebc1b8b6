/** Owns POST /self-billing-agreements/:agreementId/answer. */
import { z } from 'zod';
import { moveAgreement } from '../../../store/self-billing-agreements.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { selfBillingAgreement } from './self-billing-agreement.ts';

export const answerSelfBillingAgreement = defineRoute({
  name: 'answer-self-billing-agreement',
  method: 'post',
  path: '/self-billing-agreements/:agreementId/answer',
  summary: 'Accept, refuse or end an agreement',
  permission: 'contractor_invoices.submit',
  own: true,
  body: z.object({ status: z.enum(['accepted', 'refused', 'ended']) }),
  example: { status: 'accepted' },
  responses: { 200: selfBillingAgreement },
  errors: ['self_billing_agreement.already_decided'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await moveAgreement(
        tx,
        params.agreementId,
        body.status,
        ownPerson(actor, 'contractor_invoices.submit'),
        actor.id,
      ),
    })),
});
