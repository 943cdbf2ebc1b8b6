/** Owns the accounts of sellers that stand on their invoices. */
import type { PrintedBankAccount } from '../domain/invoice-snapshot.ts';
import { type NewRow, tenantTable } from './tenant-table.ts';

export interface BankAccount extends PrintedBankAccount {
  sellerId: string;
  /** Off: no later document names it. */
  printed: boolean;
}
export type NewBankAccount = NewRow<BankAccount, 'sellerId' | 'label' | 'currency'>;

export const bankAccounts = tenantTable<BankAccount>('bank_accounts', {
  sellerId: 'plain',
  label: 'plain',
  currency: 'plain',
  holder: 'plain',
  iban: 'plain',
  accountNumber: 'plain',
  bic: 'plain',
  bank: 'plain',
  printed: 'plain',
});
