/** Owns GET /members/:memberId. */
import { found } from '../../../domain/refusal.ts';
import { members } from '../../../store/members.ts';
import { defineRoute } from '../../kit/route.ts';
import { member } from './member.ts';

export const getMember = defineRoute({
  name: 'get-member',
  method: 'get',
  path: '/members/:memberId',
  summary: 'Read a member',
  permission: 'members.read',
  responses: { 200: member },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({ status: 200, body: found(await members.find(tx, params.memberId), 'member') })),
});
