/** Owns POST /invoices/:invoiceId/discard. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { discardDraft } from '../../../store/draft.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { invoice } from './invoice.ts';

export const discardInvoice = defineRoute({
  name: 'discard-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/discard',
  summary: 'Discard an invoice that has no number',
  description: 'Its work is open for the next draft again.',
  permission: 'invoices.discard',
  body: z.object({ reason: note }),
  example: { reason: 'Two projects belong on one invoice' },
  responses: { 200: invoice },
  errors: ['invoice.not_discardable'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      if (!(await discardDraft(tx, before.id, actor.id, body.reason)))
        throw new Refusal({
          code: 'invoice.not_discardable',
          message:
            before.number === null
              ? `This invoice is ${before.status.replaceAll('_', ' ')}.`
              : `This invoice is issued as ${before.number} and stays.`,
          whatToDo: before.number === null ? 'Nothing: read it again.' : 'Credit it instead.',
        });
      return { status: 200, body: found(await readInvoice(tx, before.id), 'invoice') };
    }),
});
