/** Owns POST /payee-accounts. */
import { proposePayeeAccount as propose } from '../../../store/payee-accounts.ts';
import { defineRoute } from '../../kit/route.ts';
import { personOf } from '../contractor-invoices/contractor-invoice.ts';
import { newPayeeAccount, payeeAccount } from './payee-account.ts';

export const proposePayeeAccount = defineRoute({
  name: 'propose-payee-account',
  method: 'post',
  path: '/payee-accounts',
  summary: 'Enter the account that somebody is to be paid to',
  description: 'Nothing is paid to it before a second person has confirmed it.',
  permission: 'payee_accounts.create',
  own: true,
  body: newPayeeAccount,
  example: { personId: '{personId}', holder: 'Ola Vik', accountNumber: 'NO93 8601 1117 947', country: 'NO' },
  responses: { 201: payeeAccount },
  errors: ['payee_account.number_invalid', 'payee_account.already_proposed', 'payee_account.unchanged'],
  handler: ({ body, actor, deps, transact }) =>
    transact(async (tx) => {
      const made = await propose(
        tx,
        deps.secrets,
        {
          personId: personOf(actor, 'payee_accounts.create', body.personId),
          holder: body.holder,
          accountNumber: body.accountNumber,
          routing: body.routing ?? null,
          bank: body.bank ?? null,
          country: body.country ?? null,
        },
        actor,
      );
      return { status: 201, body: made, headers: { Location: `/api/v1/payee-accounts/${made.id}` } };
    }),
});
