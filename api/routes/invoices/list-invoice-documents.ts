/** Owns GET /invoices/:invoiceId/documents. */
import { z } from 'zod';
import { listDeliveries } from '../../../store/deliveries.ts';
import { documentFormats, listDocumentFiles } from '../../../store/document-files.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant } from '../../kit/schemas.ts';
import { invoiceDocument } from './invoice-document.ts';

const file = z
  .object({
    format: z.enum(documentFormats).meta({ description: 'xml is UBL; cii is what the PDF carries too.' }),
    sha256: z.string(),
    bytes: z.int(),
    mediaType: z.string(),
    fileName: z.string(),
    createdAt: instant,
  })
  .meta({ id: 'DocumentFile' });
const delivery = z
  .object({
    id,
    channel: z.string(),
    address: z.string(),
    status: z.enum(['queued', 'delivered', 'rejected', 'cleared']),
    rejectionReason: z.string().nullable(),
    createdAt: instant,
    deliveredAt: instant.nullable(),
  })
  .meta({ id: 'Delivery' });

export const listInvoiceDocuments = defineRoute({
  name: 'list-invoice-documents',
  method: 'get',
  path: '/invoices/:invoiceId/documents',
  summary:
    'List the kept files of an invoice with their hashes, where they went, and why there is no e-invoice',
  permission: 'invoices.read',
  own: true,
  responses: {
    200: z.object({
      badge: z.string().meta({ description: 'draft, issued, sent, paid, overdue, void, …: as of today.' }),
      files: z.array(file).meta({ description: 'Empty for a moment after issue.' }),
      deliveries: z.array(delivery),
      whyNoEInvoice: z.array(z.string()).meta({ description: 'Empty: there is one.' }),
    }),
  },
  errors: ['document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, actor, workspaceId, deps, transact }) => {
    const { ref, badge } = await invoiceDocument(deps.database, actor, params.invoiceId);
    const whyNoEInvoice = await deps.documents.whyNoEInvoice({ ...ref, workspaceId });
    return transact(async (tx) => ({
      status: 200,
      body: {
        badge,
        files: await listDocumentFiles(tx, ref.type, ref.id),
        deliveries: await listDeliveries(tx, ref.type, ref.id),
        whyNoEInvoice,
      },
    }));
  },
});
