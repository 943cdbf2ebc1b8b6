/** Owns GET /holiday-calendars. */
import { z } from 'zod';
import { listCalendars } from '../../../store/holiday-calendars.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { holidayCalendar } from './holiday-calendar.ts';

export const listHolidayCalendars = defineRoute({
  name: 'list-holiday-calendars',
  method: 'get',
  path: '/holiday-calendars',
  summary: 'List calendars of holidays',
  permission: 'contracts.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(holidayCalendar) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await listCalendars(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
