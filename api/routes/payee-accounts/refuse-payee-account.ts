/** Owns POST /payee-accounts/:payeeAccountId/refuse. */
import { refusePayeeAccount as refuse } from '../../../store/payee-accounts.ts';
import { defineRoute } from '../../kit/route.ts';
import { reasoned } from '../contractor-invoices/contractor-invoice.ts';
import { payeeAccount } from './payee-account.ts';

export const refusePayeeAccount = defineRoute({
  name: 'refuse-payee-account',
  method: 'post',
  path: '/payee-accounts/:payeeAccountId/refuse',
  summary: 'Do not take a proposed account into use',
  permission: 'payee_accounts.confirm',
  body: reasoned,
  example: { reason: 'Nobody answered under the known number' },
  responses: { 200: payeeAccount },
  errors: ['payee_account.already_decided'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await refuse(tx, params.payeeAccountId, body.reason, actor),
    })),
});
