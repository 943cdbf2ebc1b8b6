/** Owns GET /contractor-invoices/:contractorInvoiceId/pdf. */
import { found } from '../../../domain/refusal.ts';
import { readContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendCopy, sendKept } from '../../kit/send-document.ts';

/** From here on what is printed cannot change any more. */
const frozen = ['approved', 'partially_paid', 'paid'];

export const getContractorInvoicePdf = defineRoute({
  name: 'get-contractor-invoice-pdf',
  method: 'get',
  path: '/contractor-invoices/:contractorInvoiceId/pdf',
  summary: 'Download a contractor invoice as PDF',
  description: 'Of an approved one it is made once, and the same bytes ever after.',
  permission: 'contractor_invoices.read',
  own: true,
  responses: { 200: streamOf('application/pdf', 'The document.') },
  errors: ['document.too_long'],
  handler: async ({ params, actor, workspaceId, deps }) => {
    const row = await deps.database.inWorkspace(workspaceId, async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.read');
      return found(await readContractorInvoice(tx, params.contractorInvoiceId, own), 'contractor_invoice');
    });
    const ref = { workspaceId, type: 'contractor_invoice' as const, id: row.id };
    if (frozen.includes(row.status)) return sendKept(deps, ref, 'pdf');
    return sendCopy(await deps.documents.copy(ref, null), `${row.number ?? 'draft'}.pdf`);
  },
});
