/** Owns GET /me: who is asking, in which workspace, and what they may do there. */
import { z } from 'zod';
import { members } from '../../../store/members.ts';
import { getWorkspace } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { member } from '../members/member.ts';

const workspace = z.object({ id, name: z.string() });

export const getMe = defineRoute({
  name: 'get-me',
  method: 'get',
  path: '/me',
  summary: 'Who am I, and what may I do',
  permission: 'members.read',
  own: true,
  responses: {
    200: z
      .object({
        name: z.string(),
        by: z.enum(['session', 'key']),
        twoFactorEnabled: z.boolean().nullable().meta({ description: 'Null: by key.' }),
        member: member.nullable().meta({ description: 'Null: a key that belongs to nobody.' }),
        workspace,
        workspaces: z.array(workspace).meta({ description: 'Those that this session may enter.' }),
        permissions: z.array(z.string()).meta({ description: 'For all rows.' }),
        ownPermissions: z.array(z.string()).meta({ description: 'For own rows only.' }),
      })
      .meta({ id: 'Me' }),
  },
  handler: async ({ actor, request, deps, transact }) => {
    const user = actor.apiKeyId === null ? await deps.signIn.signedIn(request.headers) : null;
    return transact(async (tx) => {
      const { id: workspaceId, name } = await getWorkspace(tx);
      return {
        status: 200,
        body: {
          name: actor.name,
          by: actor.apiKeyId === null ? 'session' : 'key',
          twoFactorEnabled: user?.twoFactorEnabled ?? null,
          member: actor.memberId === null ? null : await members.find(tx, actor.memberId),
          workspace: { id: workspaceId, name },
          workspaces: [...(actor.workspaces ?? [{ id: workspaceId, name }])],
          permissions: [...actor.permissions],
          ownPermissions: [...actor.ownPermissions],
        },
      };
    });
  },
});
