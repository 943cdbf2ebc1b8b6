/** Owns the finding that an entry goes beyond the hours that the contract allows: in a period, in all, in a phase, in a position. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';
import { showHours } from './show-hours.ts';

export const hoursOverCap: Rule<Pick<ContractEntry, 'kind' | 'quantity'>, Pick<ContractContext, 'caps'>> = {
  code: 'contract.hours_over_cap',
  severity: 'E',
  clause: 'caps',
  whatToDo: 'Have the cap raised by an amendment, or write the hours off.',
  check: ({ kind, quantity }, { caps }) => {
    if (kind !== 'labor' || quantity <= 0) return null;
    for (const { where, limitSeconds, usedSeconds } of caps) {
      const seconds = usedSeconds + quantity;
      if (limitSeconds !== null && seconds > limitSeconds)
        return {
          figure: `${showHours(seconds)} h ${where}, cap ${showHours(limitSeconds)}`,
          seconds,
          limitSeconds,
        };
    }
    return null;
  },
};
