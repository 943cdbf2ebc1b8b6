/** Owns POST /credit-notes/:creditNoteId/discard. */
import { readCreditNoteLines } from '../../../store/credit-notes.ts';
import { discardCreditNote as discard } from '../../../store/make-credit-note.ts';
import { defineRoute } from '../../kit/route.ts';
import { creditNoteInFull, showInFull } from './credit-note.ts';

export const discardCreditNote = defineRoute({
  name: 'discard-credit-note',
  method: 'post',
  path: '/credit-notes/:creditNoteId/discard',
  summary: 'Discard a credit note that has no number',
  permission: 'invoices.credit',
  responses: { 200: creditNoteInFull },
  errors: ['credit_note.not_draft'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const row = await discard(tx, params.creditNoteId, actor.id);
      return { status: 200, body: showInFull(row, await readCreditNoteLines(tx, row.id), actor) };
    }),
});
