/** Owns GET /credit-notes/:creditNoteId/xml. */
import { z } from 'zod';
import { readCreditNote } from '../../../store/credit-notes.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { formatOf, sendKept, syntax } from '../../kit/send-document.ts';
import { requireVisible } from './credit-note.ts';

export const getCreditNoteXml = defineRoute({
  name: 'get-credit-note-xml',
  method: 'get',
  path: '/credit-notes/:creditNoteId/xml',
  summary: 'Download a credit note as an e-invoice by EN 16931',
  permission: 'invoices.read',
  own: true,
  query: z.object({ syntax }),
  responses: { 200: streamOf('application/xml', 'The e-invoice.') },
  errors: ['document.no_e_invoice', 'document.not_issued', 'document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, query, actor, workspaceId, deps }) => {
    const row = await deps.database.inWorkspace(workspaceId, async (tx) =>
      requireVisible(await readCreditNote(tx, params.creditNoteId), actor),
    );
    const ref = { workspaceId, type: 'credit_note' as const, id: row.id };
    return sendKept(deps, ref, formatOf(query.syntax));
  },
});
