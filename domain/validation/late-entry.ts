/** Owns the finding that work came in after its period was invoiced, where the contract asks to look at that. */
import type { ContractContext, ContractEntry, Rule } from './rule.ts';

export const lateEntry: Rule<
  Pick<ContractEntry, 'workDate' | 'corrects'>,
  Pick<ContractContext, 'lateEntries' | 'invoicedThrough'>
> = {
  code: 'contract.late_entry',
  severity: 'W',
  clause: 'lateEntries',
  whatToDo: 'Release it with a reason to bill it on the next invoice, or write it off.',
  // By the other policy it goes on the next invoice; a difference to what was billed is told of on its own.
  check: ({ workDate, corrects }, { lateEntries, invoicedThrough }) =>
    lateEntries === 'exception' && !corrects && invoicedThrough !== null && workDate <= invoicedThrough
      ? { figure: `${workDate}, invoiced through ${invoicedThrough}`, workDate, invoicedThrough }
      : null,
};
