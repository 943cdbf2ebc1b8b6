/** Owns POST /invoices/:invoiceId/recalculate. */
import { found } from '../../../domain/refusal.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { recalculateDraft } from '../../../store/recalculate-draft.ts';
import { defineRoute } from '../../kit/route.ts';
import { invoiceInFull, readInFull } from './invoice-in-full.ts';

export const recalculateInvoice = defineRoute({
  name: 'recalculate-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/recalculate',
  summary: 'Tax a draft anew, by the rates and the treatment of its client that hold now',
  description: 'Lines are made anew from their items; words, order and discounts stay.',
  permission: 'invoices.update',
  responses: { 200: invoiceInFull },
  errors: ['invoice.not_editable', 'invoice.too_large_to_edit'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      await recalculateDraft(tx, params.invoiceId, actor.id);
      const after = found(await readInvoice(tx, params.invoiceId), 'invoice');
      return { status: 200, body: await readInFull(tx, after, actor) };
    }),
});
