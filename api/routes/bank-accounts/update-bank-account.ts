/** Owns PATCH /bank-accounts/:bankAccountId. */
import { found } from '../../../domain/refusal.ts';
import { bankAccounts } from '../../../store/bank-accounts.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { bankAccount, bankAccountChange, bankAccountSubject } from './bank-account.ts';

export const updateBankAccount = defineRoute({
  name: 'update-bank-account',
  method: 'patch',
  path: '/bank-accounts/:bankAccountId',
  summary: "Rename a seller's bank account, or take it off later documents",
  permission: 'sellers.update',
  body: bankAccountChange,
  example: { printed: false },
  responses: { 200: bankAccount },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await bankAccounts.lock(tx, params.bankAccountId), 'bank_account');
      requireCurrent(before);
      const after = found(await bankAccounts.update(tx, before.id, body), 'bank_account');
      await recordUpdated(tx, actor, bankAccountSubject, before, after);
      return { status: 200, body: after };
    }),
});
