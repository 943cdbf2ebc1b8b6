/** Owns POST /invoices/:invoiceId/accept. */
import { z } from 'zod';
import { readInvoice } from '../../../store/invoices.ts';
import { acceptSignOff } from '../../../store/sign-offs.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { requireVisible } from '../invoices/invoice.ts';
import { showSignOff, signOff } from './sign-off.ts';

export const acceptInvoice = defineRoute({
  name: 'accept-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/accept',
  summary: 'Sign a draft off, as the client',
  description: 'It is issued next, where its run was to issue.',
  permission: 'invoices.sign_off',
  own: true,
  body: z.object({
    contentHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the contentHash of the sign-off')
      .meta({ description: 'Of the sign-off: what was looked at.' }),
    comment: note.optional(),
  }),
  example: { contentHash: '0'.repeat(64) },
  responses: { 200: signOff },
  errors: ['sign_off.none_pending', 'sign_off.changed'],
  handler: ({ params, body: { contentHash, comment = null }, actor, transact }) =>
    transact(async (tx) => {
      const { id } = requireVisible(await readInvoice(tx, params.invoiceId), actor, 'invoices.sign_off');
      await acceptSignOff(tx, id, { contentHash, comment, actor: actor.id, memberId: actor.memberId });
      return { status: 200, body: await showSignOff(tx, id) };
    }),
});
