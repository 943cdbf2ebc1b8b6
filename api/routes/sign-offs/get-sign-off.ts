/** Owns GET /invoices/:invoiceId/sign-off. */
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { requireVisible } from '../invoices/invoice.ts';
import { showSignOff, signOff } from './sign-off.ts';

export const getSignOff = defineRoute({
  name: 'get-sign-off',
  method: 'get',
  path: '/invoices/:invoiceId/sign-off',
  summary: "Read the client's sign-off of an invoice: the newest one, with what was said",
  permission: 'invoices.read',
  own: true,
  responses: { 200: signOff },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const { id } = requireVisible(await readInvoice(tx, params.invoiceId), actor);
      return { status: 200, body: await showSignOff(tx, id) };
    }),
});
