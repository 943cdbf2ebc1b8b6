/** Owns the finding that work is dated in a period of the seller's books that takes nothing any more. */
import type { ContractContext, EntryUnderCheck, Rule } from './rule.ts';

export const closedPeriod: Rule<EntryUnderCheck, Pick<ContractContext, 'shutPeriod'>> = {
  code: 'entry.closed_period',
  severity: 'E',
  clause: null,
  whatToDo:
    'Have the soft-closed period overridden for you or opened again; work of a closed one is dated into an open period at its source, or written off.',
  check: ({ workDate }, { shutPeriod: period }) =>
    period && {
      figure: `${workDate}, the time period ${period.startsOn} to ${period.endsBefore} is ${period.status.replace('_', '-')}`,
      workDate,
      ...period,
    },
};
