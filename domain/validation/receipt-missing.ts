/** Owns the finding that an expense has no receipt, from the amount on that the contract asks for one. */
import { Decimal } from '../money.ts';
import type { ContractContext, ContractEntry, Rule } from './rule.ts';
import { showAmount } from './show-hours.ts';

export const receiptMissing: Rule<
  Pick<ContractEntry, 'kind' | 'quantity' | 'currency'>,
  Pick<ContractContext, 'currency' | 'receiptFromAmount' | 'hasReceipt'>
> = {
  code: 'contract.receipt_missing',
  severity: 'W',
  clause: 'receiptFromAmount',
  whatToDo: 'Have the receipt attached to the line of its ticket, or release it with a reason.',
  check: ({ kind, quantity, currency }, { receiptFromAmount, hasReceipt, ...contract }) => {
    if (kind !== 'expense' || quantity <= 0 || receiptFromAmount === null || hasReceipt) return null;
    const amount = new Decimal(quantity).div(100);
    const own = currency ?? contract.currency;
    // Two currencies are never compared: one in another needs its receipt whatever it comes to.
    if (own === contract.currency && amount.lt(receiptFromAmount)) return null;
    return {
      figure: `${showAmount(amount)} ${own} without a receipt, needed from ${showAmount(receiptFromAmount)} ${contract.currency}`,
      amount: amount.toFixed(),
      receiptFromAmount,
    };
  },
};
