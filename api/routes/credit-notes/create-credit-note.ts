/** Owns POST /invoices/:invoiceId/credit-notes. */
import { tellSecondPerson } from '../../../store/correction-notices.ts';
import { lockIssued, readCreditNoteLines } from '../../../store/credit-notes.ts';
import { issueCreditNote, needsSecondPerson } from '../../../store/issue-credit-note.ts';
import { draftCreditNote } from '../../../store/make-credit-note.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { creditErrors, creditNoteInFull, newCreditNote, showInFull } from './credit-note.ts';

export const createCreditNote = defineRoute({
  name: 'create-credit-note',
  method: 'post',
  path: '/invoices/:invoiceId/credit-notes',
  summary: 'Credit an invoice in full, by line, or by an amount',
  description:
    "Dated and posted today, with tax by the original's rates. Above the limit of who writes it, it stays a draft until somebody else issues it (waitsFor). What is more than the open balance goes on account of the payments.",
  permission: 'invoices.credit',
  idempotency: 'required',
  body: newCreditNote,
  example: { by: 'full', reason: 'The work was cancelled', disposition: 'bill_again' },
  responses: { 201: creditNoteInFull },
  errors: ['invoice.not_issued', ...creditErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { issue, ownReason = null, reason, ...wanted } = body;
      const invoice = await lockIssued(tx, params.invoiceId);
      const issuer = { doer: deciderOf(actor), ownReason };
      const draft = await draftCreditNote(tx, invoice, { wanted, reason, actor: actor.id });
      const waits = await needsSecondPerson(tx, draft, issuer);
      if (waits) await tellSecondPerson(tx, draft, issuer.doer);
      const row =
        issue && !waits ? await issueCreditNote(tx, draft.id, issuer, await workspaceNow(tx)) : draft;
      const lines = await readCreditNoteLines(tx, row.id);
      return {
        status: 201,
        headers: { Location: `/api/v1/credit-notes/${row.id}` },
        body: showInFull(row, lines, actor, waits ? 'second_person' : null),
      };
    }),
});
