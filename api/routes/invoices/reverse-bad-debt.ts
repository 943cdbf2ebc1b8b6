/** Owns POST /invoices/:invoiceId/reverse-bad-debt. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { reverseBadDebt as reverse } from '../../../store/bad-debts.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { badDebts, showBadDebts } from './bad-debt.ts';

export const reverseBadDebt = defineRoute({
  name: 'reverse-bad-debt',
  method: 'post',
  path: '/invoices/:invoiceId/reverse-bad-debt',
  summary: 'Take back that an invoice was given up: it is open again',
  permission: 'payments.write_off',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'They pay after all' },
  responses: { 200: badDebts },
  errors: ['bad_debt.none', 'bad_debt.nothing_open', 'period.closed', 'period.soft_closed'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const by = { reason: body.reason, actor: actor.id };
      const invoice = found(await reverse(tx, params.invoiceId, by), 'invoice');
      return { status: 200, body: await showBadDebts(tx, invoice) };
    }),
});
