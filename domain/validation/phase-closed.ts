/** Owns the finding that the phase of the work is closed. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

export const phaseClosed: Rule<Pick<ContractEntry, 'workDate'>, Pick<ContractContext, 'closedPhase'>> = {
  code: 'phase.closed',
  severity: 'E',
  clause: null,
  whatToDo: 'Open the phase again, or move the work to a task of an open phase.',
  check: ({ workDate }, { closedPhase: phase }) =>
    phase === null ? null : { figure: `work of ${workDate} in phase "${phase}", which is closed`, phase },
};
