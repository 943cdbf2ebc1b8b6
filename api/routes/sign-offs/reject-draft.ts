/** Owns POST /invoices/:invoiceId/reject-draft. */
import { z } from 'zod';
import { readInvoice } from '../../../store/invoices.ts';
import { disputeSignOff } from '../../../store/sign-offs.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireVisible } from '../invoices/invoice.ts';
import { newRemark, showSignOff, signOff } from './sign-off.ts';

const mostRemarks = 200;

export const rejectDraft = defineRoute({
  name: 'reject-draft',
  method: 'post',
  path: '/invoices/:invoiceId/reject-draft',
  summary: 'Dispute a draft that waits for its sign-off, as a whole or line by line',
  description:
    'It goes back to whoever bills; once it is changed, or explained, the sign-off is asked for anew.',
  permission: 'invoices.sign_off',
  own: true,
  body: z.object({ remarks: z.array(newRemark).min(1).max(mostRemarks) }),
  example: { remarks: [{ remark: 'Ann was not on board that day' }] },
  responses: { 200: signOff },
  errors: ['sign_off.none_pending', 'invoice_line.not_found'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { id } = requireVisible(await readInvoice(tx, params.invoiceId), actor, 'invoices.sign_off');
      await disputeSignOff(tx, id, { ...body, actor: actor.id, memberId: actor.memberId });
      return { status: 200, body: await showSignOff(tx, id) };
    }),
});
