/** Owns GET /reminder-policies. */
import { z } from 'zod';
import { listReminderPolicies as readPolicies } from '../../../store/reminder-policies.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { reminderPolicy } from './reminder-policy.ts';

export const listReminderPolicies = defineRoute({
  name: 'list-reminder-policies',
  method: 'get',
  path: '/reminder-policies',
  summary: 'List reminder policies',
  permission: 'reminders.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(reminderPolicy) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await readPolicies(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
