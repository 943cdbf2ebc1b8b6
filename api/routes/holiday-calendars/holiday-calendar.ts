/** Owns how a holiday calendar is read and written over the API. */
import { z } from 'zod';
import { maxHolidays } from '../../../store/holiday-calendars.ts';
import type { Subject } from '../../kit/record-change.ts';
import { country, day, id, name, storedDay } from '../../kit/schemas.ts';

export const calendarSubject: Subject = { type: 'holiday_calendar', permission: 'contracts.read' };

const facts = { id, name: z.string(), country: country.nullable() };
export const holidayCalendar = z.object(facts).meta({ id: 'HolidayCalendar' });
export const calendarInFull = z
  .object({ ...facts, holidays: z.array(z.object({ day: storedDay, name: z.string() })) })
  .meta({ id: 'HolidayCalendarInFull' });

const holidays = z.array(z.strictObject({ day, name })).max(maxHolidays);
export const newCalendar = z.object({ name, country: country.nullish(), holidays: holidays.optional() });
export const calendarChange = z.object({
  name: name.optional(),
  country: country.nullish(),
  holidays: holidays.optional().meta({ description: 'In place of those it has.' }),
});
