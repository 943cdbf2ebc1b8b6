/** Owns the finding that a person has two entries at the same time. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';
import { showHours } from './show-hours.ts';

export const overlap: Rule<Pick<ContractEntry, 'workDate'>, Pick<ContractContext, 'overlap'>> = {
  code: 'entry.overlap',
  severity: 'W',
  clause: null,
  whatToDo: 'Correct the times of one of them; release it with a reason where both are right.',
  check: ({ workDate }, { overlap: other }) =>
    other && {
      figure: `${showHours(other.seconds)} h on ${workDate} at the same time as another entry of the person`,
      otherEntryId: other.entryId,
      seconds: other.seconds,
    },
};

interface Times {
  startedAt: string;
  endedAt: string;
}
/** Seconds that two stretches of time share; 0 where one ends as the other begins. Instants: no clock change matters. */
export function sharedSeconds(a: Times, b: Times): number {
  const from = Math.max(Date.parse(a.startedAt), Date.parse(b.startedAt));
  const to = Math.min(Date.parse(a.endedAt), Date.parse(b.endedAt));
  return Math.max(0, Math.floor((to - from) / 1000));
}
