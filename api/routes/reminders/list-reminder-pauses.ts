/** Owns GET /reminder-pauses. */
import { z } from 'zod';
import { listReminderPauses as readPauses } from '../../../store/reminder-pauses.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { reminderPause } from './reminder-pause.ts';

export const listReminderPauses = defineRoute({
  name: 'list-reminder-pauses',
  method: 'get',
  path: '/reminder-pauses',
  summary: 'List pauses of reminders, newest first',
  permission: 'reminders.read',
  query: z.object({
    ...pageQuery,
    clientId: id.optional(),
    invoiceId: id.optional(),
    open: z.stringbool().default(false).meta({ description: 'Only those that nobody has ended.' }),
  }),
  responses: { 200: pageOf(reminderPause) },
  handler: ({ query: { limit, cursor, clientId = null, invoiceId = null, open }, transact }) =>
    transact(async (tx) => {
      const page = { after: idAfter(cursor), limit: limit + 1 };
      const rows = await readPauses(tx, { clientId, invoiceId, open }, page);
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
