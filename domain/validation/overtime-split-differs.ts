/** Owns the finding that a ticket calls other hours overtime than the contract does: the one is paid, the other billed. */
import type { PricedEntry, Rule } from './rule.ts';
import { showHours } from './show-hours.ts';

export const overtimeSplitDiffers: Rule<Pick<PricedEntry, 'overtimeSplit'>, object> = {
  code: 'item.overtime_split_differs',
  severity: 'W',
  clause: 'overtime',
  whatToDo:
    "Have the ticket corrected, or release it: the contract's overtime is billed, and the ticket's is paid.",
  check: ({ overtimeSplit }) => {
    if (!overtimeSplit || overtimeSplit.ticketSeconds === overtimeSplit.contractSeconds) return null;
    const { ticketSeconds, contractSeconds } = overtimeSplit;
    return {
      figure: `${showHours(ticketSeconds)} h of overtime that day on tickets, ${showHours(contractSeconds)} h by the contract`,
      ticketSeconds,
      contractSeconds,
    };
  },
};
