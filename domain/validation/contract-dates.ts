/** Owns the findings that work lies outside what the contract covers, or before anything may be billed. */
import type { ContractContext, EntryUnderCheck, Rule } from './rule.ts';

export const outsideContractDates: Rule<EntryUnderCheck, Pick<ContractContext, 'startsOn' | 'endsBefore'>> = {
  code: 'contract.outside_dates',
  severity: 'E',
  clause: 'startsOn, endsBefore',
  whatToDo: 'Extend the contract, or move the entry to the contract that covers its date.',
  check: ({ workDate }, { startsOn, endsBefore }) =>
    workDate < startsOn || (endsBefore !== null && workDate >= endsBefore)
      ? {
          figure: `${workDate}, the contract runs from ${startsOn}${endsBefore === null ? '' : ` to before ${endsBefore}`}`,
          workDate,
          startsOn,
          endsBefore: endsBefore ?? 'open',
        }
      : null,
};

export const beforeGoLive: Rule<EntryUnderCheck, Pick<ContractContext, 'goLiveOn'>> = {
  code: 'contract.before_go_live',
  severity: 'E',
  clause: 'goLiveOn',
  whatToDo:
    'This work is older than the go-live date: it was settled elsewhere, or the go-live date is wrong.',
  check: ({ workDate }, { goLiveOn }) =>
    workDate < goLiveOn ? { figure: `${workDate}, go-live ${goLiveOn}`, workDate, goLiveOn } : null,
};

export const nonBillableProject: Rule<EntryUnderCheck, Pick<ContractContext, 'projectBillable'>> = {
  code: 'project.not_billable',
  severity: 'E',
  clause: null,
  whatToDo: 'Mark the project billable, or mark the entry as not billable at its source.',
  check: (_entry, { projectBillable }) =>
    projectBillable ? null : { figure: 'the project is not billable', projectBillable: 'no' },
};
