/** Owns PATCH /members/:memberId. */
import { requireOwner } from '../../../domain/member.ts';
import { found } from '../../../domain/refusal.ts';
import { members, requireOtherAdmin } from '../../../store/members.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { member, memberChange, memberSubject, requireMayManage } from './member.ts';

export const updateMember = defineRoute({
  name: 'update-member',
  method: 'patch',
  path: '/members/:memberId',
  summary: 'Change a member: their role, or whom they belong to',
  permission: 'members.update',
  body: memberChange,
  example: { name: 'Mia Lund-Berg' },
  responses: { 200: member },
  errors: ['member.last_admin', 'member.role_exceeds_own', 'member.client_missing', 'member.person_missing'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await members.lock(tx, params.memberId), 'member');
      requireCurrent(before);
      await requireMayManage(tx, actor, before.role);
      const { role = before.role, personId = before.personId, clientId = before.clientId } = body;
      requireOwner(role, { personId, clientId });
      if (role !== before.role) {
        await requireMayManage(tx, actor, role);
        if (before.role === 'admin' && before.status === 'active') await requireOtherAdmin(tx, before.id);
      }
      const after = found(await members.update(tx, before.id, body), 'member');
      await recordUpdated(tx, actor, memberSubject, before, after);
      return { status: 200, body: after };
    }),
});
