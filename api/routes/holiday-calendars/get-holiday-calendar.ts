/** Owns GET /holiday-calendars/:calendarId. */
import { found } from '../../../domain/refusal.ts';
import { findCalendar, readHolidaysOf } from '../../../store/holiday-calendars.ts';
import { defineRoute } from '../../kit/route.ts';
import { calendarInFull } from './holiday-calendar.ts';

export const getHolidayCalendar = defineRoute({
  name: 'get-holiday-calendar',
  method: 'get',
  path: '/holiday-calendars/:calendarId',
  summary: 'Read a calendar with its holidays',
  permission: 'contracts.read',
  responses: { 200: calendarInFull },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const calendar = found(await findCalendar(tx, params.calendarId), 'holiday_calendar');
      return { status: 200, body: { ...calendar, holidays: await readHolidaysOf(tx, calendar.id) } };
    }),
});
