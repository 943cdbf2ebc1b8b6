/** Owns DELETE /timers/:timerId. */
import { found } from '../../../domain/refusal.ts';
import { discardTimer as discard, lockRunningTimer } from '../../../store/timers.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { timerSubject } from './timer.ts';

export const discardTimer = defineRoute({
  name: 'discard-timer',
  method: 'delete',
  path: '/timers/:timerId',
  summary: 'Discard a timer that runs: nothing of it is recorded',
  permission: 'entries.update',
  own: true,
  responses: { 204: empty },
  errors: ['timer.stopped'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.update');
      const timer = found(await lockRunningTimer(tx, params.timerId, own), 'timer');
      const discarded = await discard(tx, timer);
      await recordUpdated(tx, actor, timerSubject, timer, discarded, 'discarded');
      return { status: 204 };
    }),
});
