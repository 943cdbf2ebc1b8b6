/** Owns GET /timers/:timerId. */
import { found } from '../../../domain/refusal.ts';
import { readTimer } from '../../../store/timers.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { timer } from './timer.ts';

export const getTimer = defineRoute({
  name: 'get-timer',
  method: 'get',
  path: '/timers/:timerId',
  summary: 'Read a timer',
  permission: 'entries.read',
  own: true,
  responses: { 200: timer },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.read');
      return { status: 200, body: found(await readTimer(tx, params.timerId, own), 'timer') };
    }),
});
