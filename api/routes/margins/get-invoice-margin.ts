/** Owns GET /invoices/:invoiceId/margin. */
import { found } from '../../../domain/refusal.ts';
import { readInvoiceMargin } from '../../../store/margins.ts';
import { defineRoute } from '../../kit/route.ts';
import { margin } from './margin.ts';

export const getInvoiceMargin = defineRoute({
  name: 'get-invoice-margin',
  method: 'get',
  path: '/invoices/:invoiceId/margin',
  summary: 'What an invoice brings beyond what its work cost',
  permission: 'margins.read',
  responses: { 200: margin },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await readInvoiceMargin(tx, params.invoiceId), 'invoice'),
    })),
});
