/** Owns PUT /roles/:role. */
import { z } from 'zod';
import { exceeding, type Permission, scopes, toGrants } from '../../../domain/permissions.ts';
import { Refusal } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { readRole, writeRole } from '../../../store/roles.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireMayManage } from '../members/member.ts';
import { role, roleName } from './role.ts';

/** Without these no admin could give anything back. */
const keptByAdmins: readonly Permission[] = [
  'members.read',
  'members.create',
  'members.update',
  'roles.read',
  'roles.update',
];

export const updateRole = defineRoute({
  name: 'update-role',
  method: 'put',
  path: '/roles/:role',
  summary: 'Set what a role may do in this workspace',
  permission: 'roles.update',
  params: z.object({ role: roleName }),
  body: z.object({
    scopes: z
      .array(z.enum(scopes))
      .max(500)
      .nullable()
      .meta({ description: 'Everything that the role may do; null: the default again.' }),
  }),
  example: { scopes: ['workspace.read', 'members.read:own', 'tickets.read'] },
  responses: { 200: role },
  errors: ['role.admin_needs', 'member.role_exceeds_own'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const name = roleName.parse(params.role);
      await requireMayManage(tx, actor, name);
      const before = await readRole(tx, name);
      const missing = body.scopes === null ? [] : exceeding(body.scopes, actor);
      if (missing.length > 0)
        throw new Refusal({
          code: 'member.role_exceeds_own',
          status: 403,
          message: `You lack ${missing.slice(0, 5).join(', ')}, so you cannot hand that out.`,
          details: { missing },
        });
      if (name === 'admin' && body.scopes !== null) requireManageable(body.scopes);
      await writeRole(tx, name, body.scopes && [...new Set(body.scopes)]);
      const after = await readRole(tx, name);
      await recordEvents(tx, [
        {
          type: 'role.updated',
          subjectType: 'role',
          subjectId: null,
          actor: actor.id,
          permission: 'roles.read',
          payload: { role: name, changes: { scopes: [before.scopes, after.scopes] } },
        },
      ]);
      return { status: 200, body: { ...after, scopes: [...after.scopes] } };
    }),
});

function requireManageable(wanted: readonly string[]): void {
  const { permissions } = toGrants(wanted);
  const missing = keptByAdmins.filter((permission) => !permissions.has(permission));
  if (missing.length === 0) return;
  throw new Refusal({
    code: 'role.admin_needs',
    message: `Admins must keep ${missing.join(', ')}: nobody else could give it back.`,
    whatToDo: 'Leave these in.',
    details: { missing },
  });
}
