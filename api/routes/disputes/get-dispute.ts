/** Owns GET /disputes/:disputeId. */
import { readDispute } from '../../../store/disputes.ts';
import { defineRoute } from '../../kit/route.ts';
import { dispute, requireOwn } from './dispute.ts';

export const getDispute = defineRoute({
  name: 'get-dispute',
  method: 'get',
  path: '/disputes/:disputeId',
  summary: 'Read a dispute',
  permission: 'invoices.read',
  own: true,
  responses: { 200: dispute },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: requireOwn(await readDispute(tx, params.disputeId), actor, 'invoices.read'),
    })),
});
