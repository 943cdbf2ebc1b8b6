/** Owns POST /disputes/:disputeId/withdraw. */
import { closeDispute, lockDispute } from '../../../store/disputes.ts';
import { defineRoute } from '../../kit/route.ts';
import { dispute, requireOwn } from './dispute.ts';

export const withdrawDispute = defineRoute({
  name: 'withdraw-dispute',
  method: 'post',
  path: '/disputes/:disputeId/withdraw',
  summary: 'Withdraw a dispute, as the client',
  permission: 'invoices.sign_off',
  own: true,
  responses: { 200: dispute },
  errors: ['dispute.closed'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = requireOwn(await lockDispute(tx, params.disputeId), actor, 'invoices.sign_off');
      const to = { status: 'withdrawn' as const, reason: null, actor: actor.id };
      return { status: 200, body: await closeDispute(tx, row, to) };
    }),
});
