/** Owns the finding that work is dated after today. */
import { addDays } from '../day.ts';
import type { EntryContext, EntryUnderCheck, Rule } from './rule.ts';

export const futureDate: Rule<EntryUnderCheck, EntryContext> = {
  code: 'entry.future_date',
  severity: 'E',
  clause: null,
  whatToDo: 'Correct the date at the source; work cannot be billed before it is done.',
  // One day of tolerance: the person may sit east of the workspace's zone.
  check: ({ workDate }, { today }) =>
    workDate > today && workDate > addDays(today, 1)
      ? { figure: `${workDate}, today is ${today}`, workDate, today }
      : null,
};
