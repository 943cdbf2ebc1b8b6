/** Owns the finding that work was done in a position that the contract does not name. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

const folded = (position: string) => position.trim().toLowerCase();

export const positionNotAllowed: Rule<
  Pick<ContractEntry, 'kind' | 'position'>,
  Pick<ContractContext, 'allowedPositions'>
> = {
  code: 'contract.position_not_allowed',
  severity: 'E',
  clause: 'allowedPositions',
  whatToDo: 'Correct the position at the source, or add it to the contract by an amendment.',
  // Of labor only: an expense or a drive is not done in a position.
  check: ({ kind, position }, { allowedPositions: allowed }) =>
    kind !== 'labor' ||
    allowed === null ||
    (position !== null && allowed.some((one) => folded(one) === folded(position)))
      ? null
      : {
          figure: `${position ?? 'no position'}, allowed: ${allowed.slice(0, 5).join(', ')}${allowed.length > 5 ? ' …' : ''}`,
          position: position ?? 'none',
        },
};
