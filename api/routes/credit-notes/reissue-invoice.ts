/** Owns POST /invoices/:invoiceId/reissue. */
import { z } from 'zod';
import { tellSecondPerson } from '../../../store/correction-notices.ts';
import { lockIssued, readCreditNoteLines } from '../../../store/credit-notes.ts';
import { issueCreditNote, needsSecondPerson } from '../../../store/issue-credit-note.ts';
import { draftCreditNote } from '../../../store/make-credit-note.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { creditErrors, creditNoteInFull, showInFull } from './credit-note.ts';

export const reissueInvoice = defineRoute({
  name: 'reissue-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/reissue',
  summary: 'Credit an invoice in full and draft the same work anew',
  description:
    'By what the contract and its client say now. The draft is made by the billing run replacementRunId, and waits for a person. Above the limit of who asks, the credit note waits for a second person, and nothing is drafted before it is issued.',
  permission: 'invoices.credit',
  idempotency: 'required',
  body: z.object({ reason: note, ownReason: note.optional() }),
  example: { reason: 'Wrong bill-to address' },
  responses: { 201: creditNoteInFull },
  errors: ['invoice.not_issued', ...creditErrors, 'credit_note.too_many_items'],
  handler: ({ params, body: { reason, ownReason = null }, actor, transact }) =>
    transact(async (tx) => {
      const invoice = await lockIssued(tx, params.invoiceId);
      const issuer = { doer: deciderOf(actor), ownReason };
      const wanted = { by: 'full', disposition: 'replace' } as const;
      const draft = await draftCreditNote(tx, invoice, { wanted, reason, actor: actor.id });
      const waits = await needsSecondPerson(tx, draft, issuer);
      if (waits) await tellSecondPerson(tx, draft, issuer.doer);
      const row = waits ? draft : await issueCreditNote(tx, draft.id, issuer, await workspaceNow(tx));
      const lines = await readCreditNoteLines(tx, row.id);
      return {
        status: 201,
        headers: { Location: `/api/v1/credit-notes/${row.id}` },
        body: showInFull(row, lines, actor, waits ? 'second_person' : null),
      };
    }),
});
