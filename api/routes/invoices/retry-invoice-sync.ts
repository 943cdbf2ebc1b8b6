/** Owns POST /invoices/:invoiceId/retry-sync. */
import { found, Refusal } from '../../../domain/refusal.ts';
import { recordEvents } from '../../../store/events.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { enqueueLook } from '../../../store/outbox.ts';
import { retrySync } from '../../../store/sync.ts';
import { defineRoute } from '../../kit/route.ts';
import { invoice } from './invoice.ts';

export const retryInvoiceSync = defineRoute({
  name: 'retry-invoice-sync',
  method: 'post',
  path: '/invoices/:invoiceId/retry-sync',
  summary: 'Send an invoice to the accounting platform again after a failure',
  description: 'Mend what the failed step names first. The platform is asked before anything is posted.',
  permission: 'invoices.sync',
  responses: { 202: invoice },
  errors: ['invoice.sync_not_failed'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      if (!(await retrySync(tx, 'client_invoice', before.id)))
        throw new Refusal({
          code: 'invoice.sync_not_failed',
          message: before.sync
            ? `Its sync has not failed: it is ${before.sync.status.replaceAll('_', ' ')}.`
            : 'It goes to no accounting platform.',
          whatToDo: before.sync ? 'Nothing: wait for it.' : 'Name a target connection on its contract.',
        });
      await recordEvents(tx, [
        {
          type: 'invoice.sync_retried',
          subjectType: 'client_invoice',
          subjectId: before.id,
          actor: actor.id,
          permission: 'invoices.read',
        },
      ]);
      await enqueueLook(tx, {
        subjectType: 'client_invoice',
        subjectId: before.id,
        lane: 'interactive',
        reason: 'sync retried',
      });
      return { status: 202, body: found(await readInvoice(tx, before.id), 'invoice') };
    }),
});
