/** Owns POST /reminder-policies. */
import { insertReminderPolicy } from '../../../store/reminder-policies.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { newReminderPolicy, reminderPolicy, reminderPolicySubject } from './reminder-policy.ts';

export const createReminderPolicy = defineRoute({
  name: 'create-reminder-policy',
  method: 'post',
  path: '/reminder-policies',
  summary: 'Say how and when clients are reminded',
  permission: 'reminders.update',
  body: newReminderPolicy,
  example: {
    name: 'Thirty days',
    isDefault: false,
    steps: [{ days: 7 }, { days: 21, fee: { amount: '40.00', currency: 'EUR' } }],
  },
  responses: { 201: reminderPolicy },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await insertReminderPolicy(tx, body);
      await recordCreated(tx, actor, reminderPolicySubject, created);
      return {
        status: 201,
        body: created,
        headers: { Location: `/api/v1/reminder-policies/${created.id}` },
      };
    }),
});
