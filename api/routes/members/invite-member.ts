/** Owns POST /members. */
import { requireOwner } from '../../../domain/member.ts';
import { members } from '../../../store/members.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  inviteAgain,
  invitedMember,
  memberSubject,
  newMember,
  requireMayManage,
  withoutLink,
} from './member.ts';

export const inviteMember = defineRoute({
  name: 'invite-member',
  method: 'post',
  path: '/members',
  summary: 'Invite somebody to the workspace',
  description: 'The link is shown in this answer and never again; only its hash is kept.',
  permission: 'members.create',
  body: newMember,
  example: { name: 'Mia Lund', email: 'mia.lund@example.com', role: 'manager' },
  responses: { 201: invitedMember },
  errors: ['member.client_missing', 'member.person_missing', 'member.role_exceeds_own', 'members.duplicate'],
  keptBody: withoutLink,
  handler: ({ body: { personId = null, clientId = null, ...body }, actor, deps, transact }) =>
    transact(async (tx) => {
      requireOwner(body.role, { personId, clientId });
      await requireMayManage(tx, actor, body.role);
      const row = await members.insert(tx, { ...body, personId, clientId, status: 'invited' });
      await recordCreated(tx, actor, memberSubject, row);
      return {
        status: 201,
        body: await inviteAgain(tx, actor, deps, row),
        headers: { Location: `/api/v1/members/${row.id}` },
      };
    }),
});
