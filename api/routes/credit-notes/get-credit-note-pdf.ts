/** Owns GET /credit-notes/:creditNoteId/pdf. */
import { readCreditNote } from '../../../store/credit-notes.ts';
import { defineRoute, streamOf } from '../../kit/route.ts';
import { sendCopy, sendKept } from '../../kit/send-document.ts';
import { requireVisible } from './credit-note.ts';

export const getCreditNotePdf = defineRoute({
  name: 'get-credit-note-pdf',
  method: 'get',
  path: '/credit-notes/:creditNoteId/pdf',
  summary: 'Download a credit note as PDF',
  description: 'An issued one is the file that was made at issue; a draft is printed now, and marked so.',
  permission: 'invoices.read',
  own: true,
  responses: { 200: streamOf('application/pdf', 'The document.') },
  errors: ['document.printed_elsewhere', 'document.too_long'],
  handler: async ({ params, actor, workspaceId, deps }) => {
    const row = await deps.database.inWorkspace(workspaceId, async (tx) =>
      requireVisible(await readCreditNote(tx, params.creditNoteId), actor),
    );
    const ref = { workspaceId, type: 'credit_note' as const, id: row.id };
    if (row.number !== null) return sendKept(deps, ref, 'pdf');
    return sendCopy(await deps.documents.copy(ref, null), 'draft.pdf');
  },
});
