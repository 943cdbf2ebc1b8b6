/** Owns PATCH /holiday-calendars/:calendarId. */
import { found } from '../../../domain/refusal.ts';
import {
  changeCalendar,
  lockCalendar,
  readHolidaysOf,
  replaceHolidays,
} from '../../../store/holiday-calendars.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { calendarChange, calendarInFull, calendarSubject } from './holiday-calendar.ts';

export const updateHolidayCalendar = defineRoute({
  name: 'update-holiday-calendar',
  method: 'patch',
  path: '/holiday-calendars/:calendarId',
  summary: 'Change a calendar of holidays',
  description: 'Hours that are billed already keep their class.',
  permission: 'contracts.update',
  body: calendarChange,
  example: { holidays: [{ day: '2026-12-25', name: 'Christmas' }] },
  responses: { 200: calendarInFull },
  errors: ['calendar.day_twice'],
  handler: ({ params, body: { holidays, ...facts }, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const row = found(await lockCalendar(tx, params.calendarId), 'holiday_calendar');
      const before = { ...row, holidays: await readHolidaysOf(tx, row.id) };
      requireCurrent(before);
      const changed = (await changeCalendar(tx, row.id, facts))!;
      if (holidays) await replaceHolidays(tx, row.id, holidays);
      const after = { ...changed, holidays: await readHolidaysOf(tx, row.id) };
      await recordUpdated(tx, actor, calendarSubject, before, after);
      return { status: 200, body: after };
    }),
});
