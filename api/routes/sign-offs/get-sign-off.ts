/** Owns GET /invoices/:invoiceId/sign-off. */
import { readInvoice } from '../../../store/invoices.ts';
import { readSignOff } from '../../../store/sign-offs.ts';
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
  responses: { 200: signOff.nullable().meta({ description: 'Null: nobody was ever asked.' }) },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const { id } = requireVisible(await readInvoice(tx, params.invoiceId), actor);
      return { status: 200, body: (await readSignOff(tx, id)) ? await showSignOff(tx, id) : null };
    }),
});
