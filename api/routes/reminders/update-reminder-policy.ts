/** Owns PATCH /reminder-policies/:reminderPolicyId. */
import { found } from '../../../domain/refusal.ts';
import { changeReminderPolicy, lockReminderPolicy } from '../../../store/reminder-policies.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { reminderPolicy, reminderPolicyChange, reminderPolicySubject } from './reminder-policy.ts';

export const updateReminderPolicy = defineRoute({
  name: 'update-reminder-policy',
  method: 'patch',
  path: '/reminder-policies/:reminderPolicyId',
  summary: 'Change how and when clients are reminded',
  permission: 'reminders.update',
  body: reminderPolicyChange,
  example: { name: 'Thirty days, then a fee' },
  responses: { 200: reminderPolicy },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await lockReminderPolicy(tx, params.reminderPolicyId), 'reminder_policy');
      requireCurrent(before);
      const after = found(await changeReminderPolicy(tx, before.id, body), 'reminder_policy');
      await recordUpdated(tx, actor, reminderPolicySubject, before, after);
      return { status: 200, body: after };
    }),
});
