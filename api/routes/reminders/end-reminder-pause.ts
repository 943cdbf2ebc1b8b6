/** Owns POST /reminder-pauses/:reminderPauseId/end. */
import { found } from '../../../domain/refusal.ts';
import { endReminderPause as end } from '../../../store/reminder-pauses.ts';
import { defineRoute } from '../../kit/route.ts';
import { reminderPause } from './reminder-pause.ts';

export const endReminderPause = defineRoute({
  name: 'end-reminder-pause',
  method: 'post',
  path: '/reminder-pauses/:reminderPauseId/end',
  summary: 'Let reminders go on',
  permission: 'reminders.update',
  responses: { 200: reminderPause },
  errors: ['reminder_pause.ended'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await end(tx, params.reminderPauseId, actor.id), 'reminder_pause'),
    })),
});
