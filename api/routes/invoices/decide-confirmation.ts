/** Owns POST /invoices/:invoiceId/decide-confirmation: whether a client's word that waits is shown. */
import { z } from 'zod';
import { found, Refusal } from '../../../domain/refusal.ts';
import { decideConfirmation as decide, lockInvoice } from '../../../store/client-confirmations.ts';
import { recordEvents } from '../../../store/events.ts';
import { defineRoute } from '../../kit/route.ts';
import { confirmation } from './confirmation.ts';

export const decideConfirmation = defineRoute({
  name: 'decide-confirmation',
  method: 'post',
  path: '/invoices/:invoiceId/decide-confirmation',
  summary: "Show or refuse a client's word that they paid, where the workspace asks for it",
  permission: 'payments.create',
  body: z.object({ decision: z.enum(['show', 'refuse']) }),
  example: { decision: 'show' },
  responses: { 200: confirmation },
  errors: ['client_confirmation.none_waiting'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      found(await lockInvoice(tx, params.invoiceId), 'invoice');
      const row = await decide(tx, {
        invoiceId: params.invoiceId,
        memberId: actor.memberId,
        status: body.decision === 'show' ? 'shown' : 'refused',
      });
      if (row === null)
        throw new Refusal({
          code: 'client_confirmation.none_waiting',
          message: 'No confirmation of this invoice waits for a decision.',
          whatToDo: 'Nothing: read the invoice again.',
        });
      await recordEvents(tx, [
        {
          type: `client_invoice.confirmation_${row.status}`,
          subjectType: 'client_invoice',
          subjectId: row.invoiceId,
          actor: actor.id,
          permission: 'invoices.read',
        },
      ]);
      return { status: 200, body: row };
    }),
});
