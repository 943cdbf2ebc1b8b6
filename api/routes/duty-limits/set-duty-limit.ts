/** Owns PUT /duty-limits. */
import { z } from 'zod';
import { invalidField } from '../../../domain/refusal.ts';
import { listDutyLimits, setDutyLimit as write } from '../../../store/duty-limits.ts';
import { recordEvents } from '../../../store/events.ts';
import { members } from '../../../store/members.ts';
import { defineRoute } from '../../kit/route.ts';
import { currency, id, price } from '../../kit/schemas.ts';
import { dutyLimit, limitedAction } from './duty-limit.ts';

export const setDutyLimit = defineRoute({
  name: 'set-duty-limit',
  method: 'put',
  path: '/duty-limits',
  summary: 'Set up to which amount one person is enough; null takes the limit away',
  description:
    'Of a member, or of everybody without a limit of their own. Credit notes go by it, and runs by hand.',
  permission: 'roles.update',
  body: z.object({
    memberId: id.nullable().default(null),
    action: limitedAction,
    currency,
    amount: price.nullable(),
  }),
  example: { action: 'credit', currency: 'EUR', amount: '500.00' },
  responses: { 200: z.object({ items: z.array(dutyLimit) }) },
  errors: ['reference.unknown'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      if (body.memberId !== null && !(await members.lock(tx, body.memberId)))
        throw invalidField('/memberId', 'reference.unknown', 'There is no such member in this workspace.');
      const before = await write(tx, body);
      await recordEvents(tx, [
        {
          type: 'duty_limit.set',
          subjectType: body.memberId === null ? 'workspace' : 'member',
          subjectId: body.memberId ?? tx.workspaceId,
          actor: actor.id,
          permission: 'roles.read',
          payload: { action: body.action, currency: body.currency },
          before: { amount: before },
          after: { amount: body.amount },
        },
      ]);
      return { status: 200, body: { items: await listDutyLimits(tx) } };
    }),
});
