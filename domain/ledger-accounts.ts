/** Owns the accounts that the journal posts to: our word for each, and the firm's own number where it has set one. */

export const ledgerAccounts = [
  'receivable',
  'cash',
  'client_credits',
  'refunds_clearing',
  'currency_clearing',
  'revenue',
  'internal_revenue',
  'late_fee_income',
  'tax_payable',
  'rounding',
  'bank_fees',
  'tax_withheld_by_clients',
  'discounts_given',
  'exchange_difference',
  'bad_debt',
  'opening_balances',
  'payable',
  'contractor_cost',
  'input_tax',
  'contractor_credits',
  'contractor_advances',
  'withholding_payable',
] as const;

/** Setting `ledgerAccounts`: our word → the firm's number. */
export const accountNumber = (settings: Record<string, unknown>, account: string): string => {
  const mapped = (settings.ledgerAccounts ?? {}) as Record<string, unknown>;
  return typeof mapped[account] === 'string' ? mapped[account] : account;
};
