/** Owns GET /invoices/:invoiceId/next-steps. */
import { z } from 'zod';
import { invoiceDueKinds } from '../../../domain/invoice-plan.ts';
import { found } from '../../../domain/refusal.ts';
import { listPlanned } from '../../../store/invoice-plan.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { instant } from '../../kit/schemas.ts';

const nextSteps = z
  .object({
    items: z.array(z.object({ step: z.enum(invoiceDueKinds), dueAt: instant })),
  })
  .meta({
    id: 'NextSteps',
    description:
      'What the invoice does by itself and when, the first at first. Empty: it waits for a person or for money.',
  });

export const listNextSteps = defineRoute({
  name: 'list-next-steps',
  method: 'get',
  path: '/invoices/:invoiceId/next-steps',
  summary: 'See what an invoice does next by itself, and when',
  description:
    'Reminders of its sign-off and the end of that, letters, the late fee, the word to us after the last letter, thanks. A dispute and a pause take letters out of it until they are over.',
  permission: 'invoices.read',
  responses: { 200: nextSteps },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const { id } = found(await readInvoice(tx, params.invoiceId), 'invoice');
      return { status: 200, body: { items: await listPlanned(tx, id) } };
    }),
});
