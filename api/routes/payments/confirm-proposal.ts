/** Owns POST /payments/:paymentId/proposals/:proposalId/confirm. */
import { defineRoute } from '../../kit/route.ts';
import { applicationErrors } from './payment.ts';
import { decideProposal, proposals } from './proposals.ts';

export const confirmProposal = defineRoute({
  name: 'confirm-proposal',
  method: 'post',
  path: '/payments/:paymentId/proposals/:proposalId/confirm',
  summary: 'Confirm what a payment is for: it is applied',
  permission: 'payments.apply',
  responses: { 200: proposals },
  errors: ['match_proposal.decided', 'payment.not_cleared', ...applicationErrors],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => ({ status: 200, body: await decideProposal(tx, params, 'confirmed', actor.id) })),
});
