/** Owns GET /credit-notes/:creditNoteId. */
import { readCreditNote, readCreditNoteLines } from '../../../store/credit-notes.ts';
import { defineRoute } from '../../kit/route.ts';
import { creditNoteInFull, requireVisible, showInFull } from './credit-note.ts';

export const getCreditNote = defineRoute({
  name: 'get-credit-note',
  method: 'get',
  path: '/credit-notes/:creditNoteId',
  summary: 'Read a credit note with its lines',
  permission: 'invoices.read',
  own: true,
  responses: { 200: creditNoteInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = requireVisible(await readCreditNote(tx, params.creditNoteId), actor);
      return { status: 200, body: showInFull(row, await readCreditNoteLines(tx, row.id), actor) };
    }),
});
