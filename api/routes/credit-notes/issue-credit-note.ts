/** Owns POST /credit-notes/:creditNoteId/issue. */
import { z } from 'zod';
import { readCreditNoteLines } from '../../../store/credit-notes.ts';
import { issueCreditNote as issue } from '../../../store/issue-credit-note.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { creditErrors, creditNoteInFull, showInFull } from './credit-note.ts';

export const issueCreditNote = defineRoute({
  name: 'issue-credit-note',
  method: 'post',
  path: '/credit-notes/:creditNoteId/issue',
  summary: 'Give a credit note its number',
  description:
    'It is reckoned again first: where another credit note has taken some of it meanwhile, it is refused.',
  permission: 'invoices.credit',
  idempotency: 'required',
  body: z.object({
    ownReason: note
      .optional()
      .meta({ description: 'Of a lone admin who issues their own above the limit: for the duties report.' }),
  }),
  example: {},
  responses: { 200: creditNoteInFull },
  errors: ['credit_note.not_draft', ...creditErrors],
  handler: ({ params, body: { ownReason = null }, actor, transact }) =>
    transact(async (tx) => {
      const issuer = { doer: deciderOf(actor), ownReason };
      const row = await issue(tx, params.creditNoteId, issuer, await workspaceNow(tx));
      return { status: 200, body: showInFull(row, await readCreditNoteLines(tx, row.id), actor) };
    }),
});
