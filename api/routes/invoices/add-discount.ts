/** Owns POST /invoices/:invoiceId/discounts. */
import { z } from 'zod';
import { Decimal } from '../../../domain/money.ts';
import { found } from '../../../domain/refusal.ts';
import { addDiscount as give } from '../../../store/draft-discounts.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, name, price } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { invoiceInFull, readInFull } from './invoice-in-full.ts';

const aboveZero = price.refine((text) => new Decimal(text).gt(0), 'above 0');

export const addDiscount = defineRoute({
  name: 'add-discount',
  method: 'post',
  path: '/invoices/:invoiceId/discounts',
  summary: 'Give a discount on a draft, or on one of its lines',
  description:
    'A percentage or an amount, net. One on the document is spread over the lines by largest remainder and shown by tax; percentages are worked out again when the draft changes.',
  permission: 'invoices.update',
  idempotency: 'required',
  body: z
    .object({
      lineId: id.nullish().meta({ description: 'Left out: on the document.' }),
      percentage: aboveZero.refine((text) => new Decimal(text).lte(100), 'at most 100').optional(),
      fixedAmount: aboveZero.optional(),
      reason: name,
    })
    .strict()
    .refine((one) => (one.percentage === undefined) !== (one.fixedAmount === undefined), {
      path: ['percentage'],
      message: 'either a percentage or a fixedAmount',
    }),
  example: { percentage: '5', reason: 'Framework agreement' },
  responses: { 201: invoiceInFull },
  errors: [
    'invoice.not_editable',
    'invoice.discount_too_large',
    'invoice.nothing_to_discount',
    'invoice.too_many_discounts',
    'line.not_found',
    'duty.beyond_limit',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const wanted = {
        lineId: body.lineId ?? null,
        percentage: body.percentage ?? null,
        fixedAmount: body.fixedAmount ?? null,
        reason: body.reason,
      };
      await give(tx, params.invoiceId, wanted, deciderOf(actor));
      const after = found(await readInvoice(tx, params.invoiceId), 'invoice');
      return { status: 201, body: await readInFull(tx, after, actor) };
    }),
});
