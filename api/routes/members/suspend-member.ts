/** Owns POST /members/:memberId/suspend. */
import { z } from 'zod';
import { moveMember } from '../../../domain/member.ts';
import { found } from '../../../domain/refusal.ts';
import { endInvitations } from '../../../store/invitations.ts';
import { members, requireOtherAdmin } from '../../../store/members.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { member, memberSubject, requireMayManage } from './member.ts';

export const suspendMember = defineRoute({
  name: 'suspend-member',
  method: 'post',
  path: '/members/:memberId/suspend',
  summary: 'Suspend a member: their sessions, keys and invitations no longer let them in',
  permission: 'members.update',
  body: z.object({ reason: note }),
  example: { reason: 'Left the firm' },
  responses: { 200: member },
  errors: ['member.wrong_status', 'member.last_admin', 'member.role_exceeds_own'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await members.lock(tx, params.memberId), 'member');
      const status = moveMember(before.status, 'suspend');
      await requireMayManage(tx, actor, before.role);
      if (before.role === 'admin' && before.status === 'active') await requireOtherAdmin(tx, before.id);
      await endInvitations(tx, before.id);
      const after = found(await members.update(tx, before.id, { status }), 'member');
      await record(tx, actor, memberSubject, 'suspended', after.id, { reason: body.reason });
      return { status: 200, body: after };
    }),
});
