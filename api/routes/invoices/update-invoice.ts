/** Owns PATCH /invoices/:invoiceId. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { editDraft } from '../../../store/draft-words.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { id } from '../../kit/schemas.ts';
import { invoiceInFull, readInFull } from './invoice-in-full.ts';

const mostLines = 1_000;

export const updateInvoice = defineRoute({
  name: 'update-invoice',
  method: 'patch',
  path: '/invoices/:invoiceId',
  summary: 'Edit the words and the order of a draft',
  description:
    'Only before it has a number. A sign-off is taken back: the client agreed to something else. Figures are changed by discounts and by adjusting items.',
  permission: 'invoices.update',
  body: z.object({
    notes: z.string().trim().min(1).max(5000).nullish(),
    lines: z
      .array(z.strictObject({ id, description: z.string().trim().min(1).max(1000) }))
      .max(mostLines)
      .optional(),
    order: z.array(id).min(1).max(mostLines).optional().meta({ description: 'All its lines.' }),
  }),
  example: { notes: 'Thank you for the work in spring.' },
  responses: { 200: invoiceInFull },
  errors: ['invoice.not_editable', 'line.unknown', 'invoice.order_incomplete'],
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      requireCurrent(await readInFull(tx, before, actor));
      await editDraft(tx, before.id, body, actor.id);
      const after = found(await readInvoice(tx, before.id), 'invoice');
      return { status: 200, body: await readInFull(tx, after, actor) };
    }),
});
