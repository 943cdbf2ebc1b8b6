/** Owns POST /payments/:paymentId/proposals/:proposalId/reject. */
import { defineRoute } from '../../kit/route.ts';
import { applicationErrors } from './payment.ts';
import { decideProposal, proposals } from './proposals.ts';

export const rejectProposal = defineRoute({
  name: 'reject-proposal',
  method: 'post',
  path: '/payments/:paymentId/proposals/:proposalId/reject',
  summary: 'Say that a payment is not for this document: it is not proposed again',
  permission: 'payments.apply',
  responses: { 200: proposals },
  errors: ['match_proposal.decided', 'payment.not_cleared', ...applicationErrors],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => ({ status: 200, body: await decideProposal(tx, params, 'rejected', actor.id) })),
});
