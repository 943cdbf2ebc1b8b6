/** Owns holiday calendars: a name, and the days that are holidays. */
import { invalidField } from '../domain/refusal.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray, textArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { wakePeriodPolicies } from './keep-policy.ts';
import { tenantTable } from './tenant-table.ts';

export interface Holiday {
  day: Day;
  name: string;
}
export interface HolidayCalendar {
  id: string;
  name: string;
  country: string | null;
}

const table = tenantTable<HolidayCalendar>('holiday_calendars', { name: 'plain', country: 'plain' });
export const {
  insert: insertCalendar,
  find: findCalendar,
  lock: lockCalendar,
  list: listCalendars,
  update: changeCalendar,
} = table;

/** A century of them; a calendar is read whole. */
export const maxHolidays = 5_000;

export function readHolidaysOf(tx: WorkspaceTx, calendarId: string): Promise<Holiday[]> {
  return tx.rows<Holiday>(
    'select holiday as day, name from holidays where workspace_id = $1 and calendar_id = $2 order by holiday limit $3',
    [tx.workspaceId, calendarId, maxHolidays],
  );
}

/** By calendar its days. */
export async function readHolidays(
  tx: WorkspaceTx,
  calendarIds: readonly string[],
): Promise<Map<string, ReadonlySet<Day>>> {
  if (calendarIds.length === 0) return new Map();
  const rows = await tx.rows<{ calendarId: string; days: Day[] }>(
    `select calendar_id, jsonb_agg(holiday) as days from holidays where workspace_id = $1 and calendar_id = any($2::uuid[]) group by 1`,
    [tx.workspaceId, plainArray(calendarIds)],
  );
  return new Map(rows.map((row) => [row.calendarId, new Set(row.days)]));
}

/** Puts these days in place of the calendar's; the caller has locked it. Refuses a day that is named twice. */
export async function replaceHolidays(
  tx: WorkspaceTx,
  calendarId: string,
  holidays: readonly Holiday[],
): Promise<void> {
  const seen = new Set<Day>();
  holidays.forEach(({ day }, index) => {
    if (seen.has(day))
      throw invalidField(`/holidays/${index}/day`, 'calendar.day_twice', `${day} is there twice.`);
    seen.add(day);
  });
  await tx.run('delete from holidays where workspace_id = $1 and calendar_id = $2', [
    tx.workspaceId,
    calendarId,
  ]);
  await tx.run(
    'insert into holidays (workspace_id, calendar_id, holiday, name) select $1, $2, r.* from unnest($3::date[], $4::text[]) as r(day, name)',
    [
      tx.workspaceId,
      calendarId,
      plainArray(holidays.map((holiday) => holiday.day)),
      textArray(holidays.map((holiday) => holiday.name)),
    ],
  );
  await wakePeriodPolicies(tx);
}
