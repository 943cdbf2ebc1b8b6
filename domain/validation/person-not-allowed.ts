/** Owns the finding that a person is not among those whom the contract names. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

export const personNotAllowed: Rule<
  Pick<ContractEntry, 'personId'>,
  Pick<ContractContext, 'allowedPersonIds'>
> = {
  code: 'contract.person_not_allowed',
  severity: 'E',
  clause: 'allowedPersonIds',
  whatToDo: 'Add the person to the contract by an amendment, or move the work to another contract.',
  check: ({ personId }, { allowedPersonIds: allowed }) =>
    allowed === null || (personId !== null && allowed.includes(personId))
      ? null
      : { figure: `not one of the ${allowed.length} people allowed`, personId: personId ?? 'none' },
};
