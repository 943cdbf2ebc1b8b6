/** Owns the rule on days of over 24 hours: labor is added up per person and day, set-based. */
import { dayNumber } from '../domain/day.ts';
import { personDayOver24h } from '../domain/validation/entry-rules.ts';
import type { RuleSettings } from '../domain/validation/rule.ts';
import { showHours } from '../domain/validation/show-hours.ts';
import type { Day } from '../domain/work-entry.ts';
import { plainArray } from './arrays.ts';
import type { WorkspaceTx } from './database.ts';
import { closeFixed, raiseFindings } from './exceptions.ts';

export interface CheckedDay {
  personId: string;
  workDate: Day;
  /** True: an open finding is closed where the day no longer adds up to too much. */
  changed: boolean;
}

/** Days of one person this close to each other are read in one go, with what lies between them. */
const closeDays = 3;

function stretchesOf(days: readonly CheckedDay[]): { personId: string; firstOn: Day; lastOn: Day }[] {
  const stretches: { personId: string; firstOn: Day; lastOn: Day }[] = [];
  for (const [personId, of] of Map.groupBy(days, (day) => day.personId)) {
    let last: (typeof stretches)[number] | null = null;
    for (const workDate of of.map((day) => day.workDate).sort()) {
      if (last !== null && dayNumber(workDate) - dayNumber(last.lastOn) <= closeDays) {
        last.lastOn = workDate;
        continue;
      }
      last = { personId, firstOn: workDate, lastOn: workDate };
      stretches.push(last);
    }
  }
  return stretches;
}

/** Sums labor per person and day over current versions; over the limit is one warning that covers all its entries. */
export async function checkPersonDays(
  tx: WorkspaceTx,
  all: CheckedDay[],
  settings: RuleSettings,
): Promise<void> {
  const severity = settings[personDayOver24h.code] ?? personDayOver24h.severity;
  if (all.length === 0 || severity === 'off') return;
  const stretches = stretchesOf(all);
  const asked = new Set(all.map((day) => `${day.personId}:${day.workDate}`));
  const found = await tx.rows<{
    personId: string;
    workDate: Day;
    seconds: number;
    entryIds: string[];
    entryVersions: number[];
  }>(
    `select v.person_id, v.work_date, sum(v.quantity)::bigint as seconds, array_agg(v.entry_id::text) as entry_ids, array_agg(v.version) as entry_versions
     from (
       -- Few days can be over at all: only those are looked at version by version.
       select u.person_id, m.work_date from unnest($2::uuid[], $3::date[], $4::date[]) as u(person_id, first_on, last_on)
       cross join lateral (
         select x.work_date, sum(greatest(x.quantity, 0)) as most from entry_versions x
         where x.workspace_id = $1 and x.person_id = u.person_id and x.work_date between u.first_on and u.last_on and x.kind = 'labor'
         group by x.work_date offset 0) m
       where m.most > $5) d
     cross join lateral (
       select x.person_id, x.work_date, x.entry_id, x.version, x.quantity from entry_versions x
       where x.workspace_id = $1 and x.person_id = d.person_id and x.work_date = d.work_date and x.kind = 'labor' offset 0) v
     cross join lateral (
       select 1 from work_entries x
       where x.workspace_id = $1 and x.id = v.entry_id and x.current_version = v.version and x.deleted_at is null offset 0) e
     group by 1, 2 having sum(v.quantity) > $5`,
    [
      tx.workspaceId,
      plainArray(stretches.map((stretch) => stretch.personId)),
      plainArray(stretches.map((stretch) => stretch.firstOn)),
      plainArray(stretches.map((stretch) => stretch.lastOn)),
      personDayOver24h.limitSeconds,
    ],
  );
  const over = found.filter((row) => asked.has(`${row.personId}:${row.workDate}`));
  const overKeys = new Set(over.map((row) => `${row.personId}:${row.workDate}`));
  const mended = all
    .map((day) => ({ ...day, key: `${day.personId}:${day.workDate}` }))
    .filter(({ changed, key }) => changed && !overKeys.has(key))
    .map(({ key }) => `person_day:${key}`);
  await closeFixed(tx, personDayOver24h.code, mended, 'the day no longer adds up to more than 24 hours');
  await raiseFindings(
    tx,
    over.map((row) => ({
      rule: personDayOver24h.code,
      severity,
      subjectKey: `person_day:${row.personId}:${row.workDate}`,
      fingerprint: String(row.seconds),
      subjectType: 'person_day',
      subjectId: row.personId,
      detail: {
        figure: `${showHours(row.seconds)} h on ${row.workDate}, limit 24`,
        personId: row.personId,
        workDate: row.workDate,
        seconds: row.seconds,
        limitSeconds: personDayOver24h.limitSeconds,
      },
      entries: row.entryIds.map((entryId, index) => ({ entryId, version: row.entryVersions[index]! })),
    })),
  );
}
