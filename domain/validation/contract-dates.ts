/** Owns the findings that work lies outside what the contract covers, or before anything may be billed. */
import type { ContractContext, EntryUnderCheck, Rule } from './rule.ts';

export const outsideContractDates: Rule<EntryUnderCheck, ContractContext> = {
  code: 'contract.outside_dates',
  severity: 'E',
  whatToDo: 'Extend the contract, or move the entry to the contract that covers its date.',
  check: (entry, contract) =>
    entry.workDate < contract.startsOn ||
    (contract.endsBefore !== null && entry.workDate >= contract.endsBefore)
      ? { workDate: entry.workDate, startsOn: contract.startsOn, endsBefore: contract.endsBefore ?? 'open' }
      : null,
};

export const beforeGoLive: Rule<EntryUnderCheck, ContractContext> = {
  code: 'contract.before_go_live',
  severity: 'E',
  whatToDo:
    'This work is older than the go-live date: it was settled elsewhere, or the go-live date is wrong.',
  check: (entry, contract) =>
    entry.workDate < contract.goLiveOn ? { workDate: entry.workDate, goLiveOn: contract.goLiveOn } : null,
};

export const nonBillableProject: Rule<EntryUnderCheck, ContractContext> = {
  code: 'project.not_billable',
  severity: 'E',
  whatToDo: 'Mark the project billable, or mark the entry as not billable at its source.',
  check: (_entry, contract) => (contract.projectBillable ? null : { projectBillable: 'no' }),
};
