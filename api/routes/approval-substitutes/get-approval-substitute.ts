/** Owns GET /approval-substitutes/:substituteId. */
import { found } from '../../../domain/refusal.ts';
import { approvalSubstitutes } from '../../../store/approval-substitutes.ts';
import { defineRoute } from '../../kit/route.ts';
import { approvalSubstitute } from './approval-substitute.ts';

export const getApprovalSubstitute = defineRoute({
  name: 'get-approval-substitute',
  method: 'get',
  path: '/approval-substitutes/:substituteId',
  summary: 'Read who decides in whose place',
  permission: 'tickets.approve',
  responses: { 200: approvalSubstitute },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await approvalSubstitutes.find(tx, params.substituteId), 'approval_substitute'),
    })),
});
