/** Owns DELETE /approval-substitutes/:substituteId. */
import { found } from '../../../domain/refusal.ts';
import { approvalSubstitutes } from '../../../store/approval-substitutes.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { requireOwnPlace, substituteSubject } from './approval-substitute.ts';

export const deleteApprovalSubstitute = defineRoute({
  name: 'delete-approval-substitute',
  method: 'delete',
  path: '/approval-substitutes/:substituteId',
  summary: 'The member decides alone again',
  permission: 'tickets.approve',
  responses: { 204: empty },
  errors: ['substitute.not_yours'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await approvalSubstitutes.find(tx, params.substituteId), 'approval_substitute');
      requireOwnPlace(actor, row.memberId);
      await approvalSubstitutes.remove(tx, row.id);
      await recordDeleted(tx, actor, substituteSubject, row);
      return { status: 204 };
    }),
});
