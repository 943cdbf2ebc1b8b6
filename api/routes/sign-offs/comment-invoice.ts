/** Owns POST /invoices/:invoiceId/comment. */
import { readInvoice } from '../../../store/invoices.ts';
import { commentSignOff } from '../../../store/sign-offs.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireVisible } from '../invoices/invoice.ts';
import { newRemark, showSignOff, signOff } from './sign-off.ts';

export const commentInvoice = defineRoute({
  name: 'comment-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/comment',
  summary: 'Say something of a draft that waits for its sign-off, or of a line of it',
  permission: 'invoices.sign_off',
  own: true,
  body: newRemark,
  example: { remark: 'Whose hours are these?' },
  responses: { 200: signOff },
  errors: ['sign_off.none_pending', 'invoice_line.not_found'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { id } = requireVisible(await readInvoice(tx, params.invoiceId), actor, 'invoices.sign_off');
      await commentSignOff(tx, id, body, actor.id);
      return { status: 200, body: await showSignOff(tx, id) };
    }),
});
