/** Owns the finding that work is overtime, where the contract asks for a permission first. */
import { isoWeekday } from '../day.ts';
import type { Day } from '../work-entry.ts';
import type { ContractContext, ContractEntry, Rule } from './rule.ts';
import { showHours } from './show-hours.ts';

type Worked = NonNullable<ContractContext['worked']>;
type Clause = NonNullable<ContractContext['overtime']>;

/** The sentence that says by which clause it is overtime; null where it is none. */
function whyOvertime(
  day: Day,
  { daySeconds, weekSeconds, isHoliday }: Worked,
  clause: Clause,
): string | null {
  if (clause.weekendDays.includes(isoWeekday(day)))
    return `${showHours(daySeconds)} h on ${day}, a day of the weekend`;
  if (clause.holidaysCount && isHoliday) return `${showHours(daySeconds)} h on ${day}, a holiday`;
  if (clause.dailyAfterSeconds !== null && daySeconds > clause.dailyAfterSeconds)
    return `${showHours(daySeconds)} h on ${day}, overtime from ${showHours(clause.dailyAfterSeconds)} a day`;
  if (clause.weeklyAfterSeconds !== null && weekSeconds > clause.weeklyAfterSeconds)
    return `${showHours(weekSeconds)} h in the week of ${day}, overtime from ${showHours(clause.weeklyAfterSeconds)} a week`;
  return null;
}

export const overtimeNotPermitted: Rule<
  Pick<ContractEntry, 'kind' | 'workDate' | 'quantity'>,
  Pick<ContractContext, 'overtime' | 'worked'>
> = {
  code: 'contract.overtime_not_permitted',
  severity: 'W',
  clause: 'overtime.needsPermission',
  whatToDo: 'Release it with who permitted the overtime, or correct the hours.',
  check: ({ kind, workDate, quantity }, { overtime, worked }) => {
    if (kind !== 'labor' || quantity <= 0 || !overtime?.needsPermission || !worked) return null;
    const figure = whyOvertime(workDate, worked, overtime);
    return figure === null
      ? null
      : { figure, daySeconds: worked.daySeconds, weekSeconds: worked.weekSeconds };
  },
};
