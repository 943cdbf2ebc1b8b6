/** Owns GET /payments/:paymentId/proposals. */
import { defineRoute } from '../../kit/route.ts';
import { proposals, showProposals } from './proposals.ts';

export const listProposals = defineRoute({
  name: 'list-proposals',
  method: 'get',
  path: '/payments/:paymentId/proposals',
  summary: 'Read what a payment is probably for, the likeliest first',
  description:
    'As it was last worked out: by recording a payment without invoices, or by asking for a match.',
  permission: 'payments.apply',
  responses: { 200: proposals },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: await showProposals(tx, params.paymentId) })),
});
