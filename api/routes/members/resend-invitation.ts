/** Owns POST /members/:memberId/resend-invitation. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { members } from '../../../store/members.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { inviteAgain, invitedMember, memberSubject, requireMayManage, withoutLink } from './member.ts';

export const resendInvitation = defineRoute({
  name: 'resend-invitation',
  method: 'post',
  path: '/members/:memberId/resend-invitation',
  summary: 'Make a new invitation link; those before it end',
  permission: 'members.create',
  responses: { 200: invitedMember },
  errors: ['member.not_invited', 'member.role_exceeds_own'],
  keptBody: withoutLink,
  handler: ({ params, actor, deps, transact }) =>
    transact(async (tx) => {
      const row = found(await members.lock(tx, params.memberId), 'member');
      await requireMayManage(tx, actor, row.role);
      if (row.status !== 'invited')
        throw new Refusal({
          code: 'member.not_invited',
          message: `This member is ${row.status}, so there is nothing to accept.`,
          whatToDo: row.status === 'suspended' ? 'Reactivate the member first.' : 'They sign in.',
        });
      await record(tx, actor, memberSubject, 'invited_again', row.id);
      return { status: 200, body: await inviteAgain(tx, actor, deps, row) };
    }),
});
