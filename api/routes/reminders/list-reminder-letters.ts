/** Owns GET /reminder-letters. */
import { z } from 'zod';
import { listReminderLetters as readLetters } from '../../../store/reminder-letters.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { reminderLetter } from './reminder-policy.ts';

export const listReminderLetters = defineRoute({
  name: 'list-reminder-letters',
  method: 'get',
  path: '/reminder-letters',
  summary: 'List what clients were reminded of, and what stopped a letter, newest first',
  permission: 'reminders.read',
  query: z.object({
    ...pageQuery,
    clientId: id.optional(),
    invoiceId: id.optional().meta({ description: 'The history of one invoice.' }),
  }),
  responses: { 200: pageOf(reminderLetter) },
  handler: ({ query: { limit, cursor, clientId = null, invoiceId = null }, transact }) =>
    transact(async (tx) => {
      const page = { after: idAfter(cursor), limit: limit + 1 };
      const rows = await readLetters(tx, { clientId, invoiceId }, page);
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
