/** Owns POST /approval-substitutes. */
import { invalidField } from '../../../domain/refusal.ts';
import { insertSubstitute } from '../../../store/approval-substitutes.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  approvalSubstitute,
  newSubstitute,
  requireOwnPlace,
  substituteSubject,
} from './approval-substitute.ts';

export const createApprovalSubstitute = defineRoute({
  name: 'create-approval-substitute',
  method: 'post',
  path: '/approval-substitutes',
  summary: 'Name who decides in an approver’s place, from one day to another',
  permission: 'tickets.approve',
  body: newSubstitute,
  example: {
    memberId: '{memberId}',
    substituteId: '{approverId}',
    startsOn: '2026-07-01',
    endsBefore: '2026-07-15',
  },
  responses: { 201: approvalSubstitute },
  errors: ['substitute.not_yours', 'substitute.may_not_approve', 'substitute.oneself'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const memberId = body.memberId ?? actor.memberId;
      if (memberId === null)
        throw invalidField('/memberId', 'substitute.no_member', 'Who is away has to be said.');
      requireOwnPlace(actor, memberId);
      if (memberId === body.substituteId)
        throw invalidField('/substituteId', 'substitute.oneself', 'Nobody takes their own place.');
      const row = await insertSubstitute(tx, { ...body, memberId });
      await recordCreated(tx, actor, substituteSubject, row);
      return {
        status: 201,
        body: row,
        headers: { Location: `/api/v1/approval-substitutes/${row.id}` },
      };
    }),
});
