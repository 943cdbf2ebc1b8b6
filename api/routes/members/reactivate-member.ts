/** Owns POST /members/:memberId/reactivate. */
import { moveMember } from '../../../domain/member.ts';
import { found } from '../../../domain/refusal.ts';
import { members } from '../../../store/members.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { member, memberSubject, requireMayManage } from './member.ts';

export const reactivateMember = defineRoute({
  name: 'reactivate-member',
  method: 'post',
  path: '/members/:memberId/reactivate',
  summary: 'Let a suspended member in again',
  description: 'Who never accepted their invitation is invited again: send a new link.',
  permission: 'members.update',
  responses: { 200: member },
  errors: ['member.wrong_status', 'member.role_exceeds_own'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await members.lock(tx, params.memberId), 'member');
      const status = moveMember(before.status, 'reactivate');
      await requireMayManage(tx, actor, before.role);
      const after = found(
        await members.update(tx, before.id, { status: before.userId === null ? 'invited' : status }),
        'member',
      );
      await record(tx, actor, memberSubject, 'reactivated', after.id);
      return { status: 200, body: after };
    }),
});
