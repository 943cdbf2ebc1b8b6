/** Owns the finding that work was done on a task that the contract does not name. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

export const taskNotAllowed: Rule<Pick<ContractEntry, 'taskId'>, Pick<ContractContext, 'allowedTaskIds'>> = {
  code: 'contract.task_not_allowed',
  severity: 'E',
  clause: 'allowedTaskIds',
  whatToDo:
    'Move the work to an allowed task at its source, or add the task to the contract by an amendment.',
  check: ({ taskId }, { allowedTaskIds: allowed }) =>
    allowed === null || (taskId !== null && allowed.includes(taskId))
      ? null
      : { figure: `not one of the ${allowed.length} tasks allowed`, taskId: taskId ?? 'none' },
};
