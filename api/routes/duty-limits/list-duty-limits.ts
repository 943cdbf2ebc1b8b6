/** Owns GET /duty-limits. */
import { z } from 'zod';
import { listDutyLimits as read } from '../../../store/duty-limits.ts';
import { defineRoute } from '../../kit/route.ts';
import { dutyLimit } from './duty-limit.ts';

export const listDutyLimits = defineRoute({
  name: 'list-duty-limits',
  method: 'get',
  path: '/duty-limits',
  summary: 'List up to which amounts one person is enough',
  permission: 'roles.read',
  responses: { 200: z.object({ items: z.array(dutyLimit) }) },
  handler: ({ transact }) => transact(async (tx) => ({ status: 200, body: { items: await read(tx) } })),
});
