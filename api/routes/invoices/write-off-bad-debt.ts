/** Owns POST /invoices/:invoiceId/write-off-bad-debt. */
import { z } from 'zod';
import { requireWithinLimit } from '../../../domain/duties.ts';
import { found } from '../../../domain/refusal.ts';
import { writeOffBadDebt as writeOff } from '../../../store/bad-debts.ts';
import { approvalLimits } from '../../../store/duties.ts';
import { dutyLimit } from '../../../store/duty-limits.ts';
import { requireWithin } from '../../../store/item-duties.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { badDebts, showBadDebts } from './bad-debt.ts';

export const writeOffBadDebt = defineRoute({
  name: 'write-off-bad-debt',
  method: 'post',
  path: '/invoices/:invoiceId/write-off-bad-debt',
  summary: 'Give up the rest of an invoice that will not be paid',
  description:
    'It is uncollectible, and nobody is reminded of it. Money that comes all the same recovers as much as it is.',
  permission: 'payments.write_off',
  idempotency: 'required',
  body: z.object({ reason: note }),
  example: { reason: 'The client is insolvent' },
  responses: { 200: badDebts },
  errors: ['bad_debt.nothing_open', 'duty.beyond_limit', 'period.closed', 'period.soft_closed'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const by = { reason: body.reason, actor: actor.id };
      const invoice = await writeOff(tx, params.invoiceId, by, async ({ currency }, amount) => {
        requireWithinLimit(actor, await approvalLimits(tx), amount.toFixed(), currency);
        requireWithin(await dutyLimit(tx, 'bad_debt', actor.memberId, currency), amount, currency);
      });
      return { status: 200, body: await showBadDebts(tx, found(invoice, 'invoice')) };
    }),
});
