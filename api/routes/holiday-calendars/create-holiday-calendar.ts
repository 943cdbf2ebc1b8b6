/** Owns POST /holiday-calendars. */
import { insertCalendar, readHolidaysOf, replaceHolidays } from '../../../store/holiday-calendars.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { calendarInFull, calendarSubject, newCalendar } from './holiday-calendar.ts';

export const createHolidayCalendar = defineRoute({
  name: 'create-holiday-calendar',
  method: 'post',
  path: '/holiday-calendars',
  summary: 'Create a calendar of holidays',
  permission: 'contracts.update',
  body: newCalendar,
  example: { name: 'Norway', country: 'NO', holidays: [{ day: '2026-05-17', name: 'Constitution Day' }] },
  responses: { 201: calendarInFull },
  errors: ['calendar.day_twice'],
  handler: ({ body: { holidays = [], ...facts }, actor, transact }) =>
    transact(async (tx) => {
      const made = await insertCalendar(tx, facts);
      await replaceHolidays(tx, made.id, holidays);
      const created = { ...made, holidays: await readHolidaysOf(tx, made.id) };
      await recordCreated(tx, actor, calendarSubject, created);
      return {
        status: 201,
        body: created,
        headers: { Location: `/api/v1/holiday-calendars/${made.id}` },
      };
    }),
});
