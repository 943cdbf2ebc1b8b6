/** Owns POST /contractor-invoices/preview. */
import { previewContractorInvoice as preview } from '../../../store/contractor-invoice-drafts.ts';
import { defineRoute } from '../../kit/route.ts';
import { bundleErrors, personOf, priced, wantedPreview } from './contractor-invoice.ts';

export const previewContractorInvoice = defineRoute({
  name: 'preview-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/preview',
  summary: 'See what a contractor invoice of these tickets would be, without effect',
  permission: 'contractor_invoices.create',
  own: true,
  idempotency: 'none',
  body: wantedPreview,
  example: { personId: '{personId}' },
  responses: { 200: priced },
  errors: bundleErrors,
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await preview(tx, {
        personId: personOf(actor, 'contractor_invoices.create', body.personId),
        ticketIds: body.ticketIds ?? null,
        tax: body.tax,
      }),
    })),
});
