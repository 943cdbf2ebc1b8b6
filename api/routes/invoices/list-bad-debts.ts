/** Owns GET /invoices/:invoiceId/bad-debts. */
import { found } from '../../../domain/refusal.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { badDebts, showBadDebts } from './bad-debt.ts';

export const listBadDebts = defineRoute({
  name: 'list-bad-debts',
  method: 'get',
  path: '/invoices/:invoiceId/bad-debts',
  summary: 'Read what of an invoice was given up, and what came back',
  permission: 'invoices.read',
  responses: { 200: badDebts },
  handler: ({ params, transact }) =>
    transact(async (tx) => {
      const invoice = found(await readInvoice(tx, params.invoiceId), 'invoice');
      return { status: 200, body: await showBadDebts(tx, invoice) };
    }),
});
