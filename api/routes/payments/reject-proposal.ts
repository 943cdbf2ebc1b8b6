/** Owns POST /payments/:paymentId/proposals/:proposalId/reject. */
import { found } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { decideMatch } from '../../../store/payment-matches.ts';
import { defineRoute } from '../../kit/route.ts';
import { applicationErrors } from './payment.ts';
import { proposals, requireMatchable, showProposals } from './proposals.ts';

export const rejectProposal = defineRoute({
  name: 'reject-proposal',
  method: 'post',
  path: '/payments/:paymentId/proposals/:proposalId/reject',
  summary: 'Say that a payment is not for this document: it is not proposed again',
  permission: 'payments.apply',
  responses: { 200: proposals },
  errors: ['match_proposal.decided', 'payment.not_cleared', ...applicationErrors],
  handler: ({ params: { paymentId, proposalId }, actor, transact }) =>
    transact(async (tx) => {
      await requireMatchable(tx, paymentId);
      found(await decideMatch(tx, paymentId, proposalId, 'rejected', actor.id), 'match_proposal');
      await recordEvents(tx, [
        {
          type: 'payment.proposal_rejected',
          subjectType: 'payment',
          subjectId: paymentId,
          actor: actor.id,
          permission: 'payments.read',
          payload: { proposalId },
        },
      ]);
      return { status: 200, body: await showProposals(tx, paymentId) };
    }),
});
