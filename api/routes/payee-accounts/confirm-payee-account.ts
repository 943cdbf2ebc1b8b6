/** Owns POST /payee-accounts/:payeeAccountId/confirm. */
import { z } from 'zod';
import { confirmPayeeAccount as confirm } from '../../../store/payee-accounts.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant, shortText } from '../../kit/schemas.ts';
import { payeeAccount } from './payee-account.ts';

export const confirmPayeeAccount = defineRoute({
  name: 'confirm-payee-account',
  method: 'post',
  path: '/payee-accounts/:payeeAccountId/confirm',
  summary: 'Take an account into use, as a second person',
  description:
    'Where it replaces another one: after a call back on a number that was known before; payouts then wait for some days.',
  permission: 'payee_accounts.confirm',
  body: z.object({
    callBack: z
      .strictObject({
        to: shortText.meta({ description: 'The number that was called, known before the change.' }),
        at: instant,
      })
      .nullish(),
  }),
  example: { callBack: { to: '+47 22 00 00 00', at: '2026-03-02T10:00:00Z' } },
  responses: { 200: payeeAccount },
  errors: [
    'payee_account.already_decided',
    'payee_account.second_person',
    'payee_account.call_back_required',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await confirm(tx, params.payeeAccountId, body.callBack ?? null, actor),
    })),
});
