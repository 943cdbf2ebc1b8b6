/** Owns POST /invoices/:invoiceId/void. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { tellSecondPerson } from '../../../store/correction-notices.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { voidInvoice as endInvoice } from '../../../store/void-invoice.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { creditErrors, creditNote, show } from '../credit-notes/credit-note.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { invoice } from './invoice.ts';

export const voidInvoice = defineRoute({
  name: 'void-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/void',
  summary: 'Take an issued invoice back: void while nobody outside has it, else credited in full',
  description:
    'Void only while it is undelivered, unsynced, unpaid, uncredited, its books are open and its seller voids at all. Otherwise a credit note in full is dated today; `because` says why. Either way its work is open again, held until somebody releases it.',
  permission: 'invoices.void',
  idempotency: 'required',
  body: z.object({ reason: note, ownReason: note.optional() }),
  example: { reason: 'Sent to the wrong client' },
  responses: {
    200: z.object({
      outcome: z.enum(['voided', 'credited']),
      because: z.array(z.string()),
      creditNote: creditNote
        .nullable()
        .meta({ description: 'A draft where a second person has to issue it.' }),
      invoice,
    }),
  },
  errors: ['invoice.not_issued', 'invoice.already_void', ...creditErrors],
  handler: ({ params, body: { reason, ownReason = null }, actor, transact }) =>
    transact(async (tx) => {
      const issuer = { doer: deciderOf(actor), ownReason };
      const now = await workspaceNow(tx);
      const outcome = await endInvoice(tx, params.invoiceId, issuer, { reason, now });
      const credited = outcome.outcome === 'credited' ? outcome : null;
      if (credited?.creditNote.status === 'draft')
        await tellSecondPerson(tx, credited.creditNote, issuer.doer);
      return {
        status: 200,
        body: {
          outcome: outcome.outcome,
          because: credited?.because ?? [],
          creditNote: credited ? show(credited.creditNote, actor) : null,
          invoice: found(await readInvoice(tx, params.invoiceId), 'invoice'),
        },
      };
    }),
});
