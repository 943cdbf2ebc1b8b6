/** Owns POST /timers/:timerId/stop. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { lockRunningTimer, stopTimer as stop } from '../../../store/timers.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordCreated, recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';
import { shownTaskEntry, taskEntry, taskEntrySubject } from '../task-entries/task-entry.ts';
import { timer, timerSubject } from './timer.ts';

export const stopTimer = defineRoute({
  name: 'stop-timer',
  method: 'post',
  path: '/timers/:timerId/stop',
  summary: 'Stop a timer and record its time',
  description:
    'Time that crosses midnight where the person is becomes an entry for each day. A timer that was forgotten needs endedAt, when the work ended; up to a day after its start.',
  permission: 'entries.update',
  own: true,
  body: z.object({ endedAt: instant.optional() }),
  example: {},
  responses: { 200: z.object({ timer, entries: z.array(taskEntry) }) },
  errors: ['timer.stopped', 'timer.over_limit', 'timer.end_invalid'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'entries.update');
      const before = found(await lockRunningTimer(tx, params.timerId, own), 'timer');
      const stopped = await stop(tx, before, body.endedAt ?? null, actor.id);
      await recordUpdated(tx, actor, timerSubject, before, stopped.timer, 'stopped');
      const entries = stopped.entries.map((row) => shownTaskEntry(actor, row));
      for (const entry of entries) await recordCreated(tx, actor, taskEntrySubject, entry);
      return { status: 200, body: { timer: stopped.timer, entries } };
    }),
});
