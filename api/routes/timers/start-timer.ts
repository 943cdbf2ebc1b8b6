/** Owns POST /timers. */
import { startTimer as start } from '../../../store/timers.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { personOf } from '../task-entries/task-entry.ts';
import { newTimer, timer, timerSubject } from './timer.ts';

export const startTimer = defineRoute({
  name: 'start-timer',
  method: 'post',
  path: '/timers',
  summary: 'Start a timer on a task, now',
  permission: 'entries.create',
  own: true,
  body: newTimer,
  example: { taskId: '{taskId}', personId: '{personId}', note: 'Frames 12 to 18' },
  responses: { 201: timer },
  errors: ['timer.running', 'reference.unknown', 'task_entry.no_person', 'task.done', 'project.archived'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const started = await start(
        tx,
        {
          taskId: body.taskId,
          personId: personOf(actor, body.personId),
          position: body.position ?? null,
          note: body.note ?? '',
        },
        actor.id,
      );
      await recordCreated(tx, actor, timerSubject, started);
      return { status: 201, body: started, headers: { Location: `/api/v1/timers/${started.id}` } };
    }),
});
