/** Owns POST /sellers/:sellerId/bank-accounts. */
import { found } from '../../../domain/refusal.ts';
import { bankAccounts } from '../../../store/bank-accounts.ts';
import { sellers } from '../../../store/sellers.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { bankAccount, bankAccountSubject, newBankAccount } from './bank-account.ts';

export const createBankAccount = defineRoute({
  name: 'create-bank-account',
  method: 'post',
  path: '/sellers/:sellerId/bank-accounts',
  summary: 'Add a bank account to a seller, which its invoices name',
  permission: 'sellers.update',
  body: newBankAccount,
  example: { label: 'Euro', currency: 'EUR', iban: 'NO93 8601 1117 947', bic: 'DNBANOKK' },
  responses: { 201: bankAccount },
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const seller = found(await sellers.find(tx, params.sellerId), 'seller');
      const created = await bankAccounts.insert(tx, { ...body, sellerId: seller.id });
      await recordCreated(tx, actor, bankAccountSubject, created);
      return { status: 201, body: created };
    }),
});
