/** Owns GET /roles. */
import { z } from 'zod';
import { readRoles } from '../../../store/roles.ts';
import { defineRoute } from '../../kit/route.ts';
import { role } from './role.ts';

export const listRoles = defineRoute({
  name: 'list-roles',
  method: 'get',
  path: '/roles',
  summary: 'List the roles and what each may do here',
  permission: 'roles.read',
  responses: { 200: z.object({ items: z.array(role) }) },
  handler: ({ transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: { items: (await readRoles(tx)).map((one) => ({ ...one, scopes: [...one.scopes] })) },
    })),
});
