/** Owns GET /payee-accounts/:payeeAccountId. */
import { found } from '../../../domain/refusal.ts';
import { readPayeeAccount } from '../../../store/payee-accounts.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { payeeAccount } from './payee-account.ts';

export const getPayeeAccount = defineRoute({
  name: 'get-payee-account',
  method: 'get',
  path: '/payee-accounts/:payeeAccountId',
  summary: 'Read an account, masked',
  permission: 'payee_accounts.read',
  own: true,
  responses: { 200: payeeAccount },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'payee_accounts.read');
      return {
        status: 200,
        body: found(await readPayeeAccount(tx, params.payeeAccountId, own), 'payee_account'),
      };
    }),
});
