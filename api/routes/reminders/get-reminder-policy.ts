/** Owns GET /reminder-policies/:reminderPolicyId. */
import { found } from '../../../domain/refusal.ts';
import { findReminderPolicy } from '../../../store/reminder-policies.ts';
import { defineRoute } from '../../kit/route.ts';
import { reminderPolicy } from './reminder-policy.ts';

export const getReminderPolicy = defineRoute({
  name: 'get-reminder-policy',
  method: 'get',
  path: '/reminder-policies/:reminderPolicyId',
  summary: 'Read how and when clients are reminded',
  permission: 'reminders.read',
  responses: { 200: reminderPolicy },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await findReminderPolicy(tx, params.reminderPolicyId), 'reminder_policy'),
    })),
});
