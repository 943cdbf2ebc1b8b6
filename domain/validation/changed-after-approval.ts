/** Owns the finding that what was approved is not what the entry says now: its approval is void (invariant 5). */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

export const changedAfterApproval: Rule<
  Pick<ContractEntry, 'version' | 'approvedAsIs'>,
  Pick<ContractContext, 'approvalPolicy'>
> = {
  code: 'entry.changed_after_approval',
  severity: 'E',
  clause: 'approvalPolicy',
  whatToDo: 'Have the entry approved as it is now.',
  check: ({ version, approvedAsIs }, { approvalPolicy }) =>
    approvalPolicy === 'approved' && !approvedAsIs
      ? { figure: `version ${version} is another than was approved`, version }
      : null,
};
