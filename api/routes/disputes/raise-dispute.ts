/** Owns POST /invoices/:invoiceId/disputes. */
import { z } from 'zod';
import { raiseDispute as raise } from '../../../store/disputes.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, note } from '../../kit/schemas.ts';
import { requireVisible } from '../invoices/invoice.ts';
import { positive } from '../payments/payment.ts';
import { dispute } from './dispute.ts';

export const raiseDispute = defineRoute({
  name: 'raise-dispute',
  method: 'post',
  path: '/invoices/:invoiceId/disputes',
  summary: 'Dispute an issued invoice, a line of it, or an amount',
  description:
    'Shown as a badge with its amount, and reminders leave it out. It changes no balance until it is decided.',
  permission: 'invoices.sign_off',
  own: true,
  body: z.object({
    lineId: id.nullish(),
    amount: positive
      .nullish()
      .meta({ description: 'With tax. All of the line, or of what is left of the invoice, without it.' }),
    reason: note,
  }),
  example: { reason: 'Ann was not on board that day' },
  responses: { 201: dispute },
  errors: ['dispute.not_issued', 'dispute.line_unknown', 'dispute.beyond_invoice'],
  handler: ({ params, body: { lineId = null, amount = null, reason }, actor, transact }) =>
    transact(async (tx) => {
      const row = requireVisible(await readInvoice(tx, params.invoiceId), actor, 'invoices.sign_off');
      const made = await raise(tx, row.id, { lineId, amount, reason, actor: actor.id });
      return { status: 201, headers: { Location: `/api/v1/disputes/${made.id}` }, body: made };
    }),
});
