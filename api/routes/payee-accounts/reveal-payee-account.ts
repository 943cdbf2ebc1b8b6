/** Owns POST /payee-accounts/:payeeAccountId/reveal. */
import { z } from 'zod';
import { revealPayeeAccount as reveal } from '../../../store/payee-accounts.ts';
import { defineRoute } from '../../kit/route.ts';
import { reasoned } from '../contractor-invoices/contractor-invoice.ts';

export const revealPayeeAccount = defineRoute({
  name: 'reveal-payee-account',
  method: 'post',
  path: '/payee-accounts/:payeeAccountId/reveal',
  summary: 'See the whole account number; each look is an event',
  permission: 'payee_accounts.reveal',
  // A kept answer would be a copy of the number in the clear.
  idempotency: 'none',
  body: reasoned,
  example: { reason: 'To enter it at the bank' },
  responses: { 200: z.object({ accountNumber: z.string(), routing: z.string().nullable() }) },
  handler: ({ params, body, actor, deps, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await reveal(tx, deps.secrets, params.payeeAccountId, body.reason, actor),
      headers: { 'Cache-Control': 'no-store' },
    })),
});
