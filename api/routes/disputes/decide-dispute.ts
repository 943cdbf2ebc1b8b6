/** Owns POST /disputes/:disputeId/decide. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { tellSecondPerson } from '../../../store/correction-notices.ts';
import { lockCreditable } from '../../../store/credit-notes.ts';
import { closeDispute, lockDispute, nameCredit } from '../../../store/disputes.ts';
import { issueCreditNote, needsSecondPerson } from '../../../store/issue-credit-note.ts';
import { draftCreditNote } from '../../../store/make-credit-note.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { creditErrors, newCreditNote } from '../credit-notes/credit-note.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { dispute } from './dispute.ts';

export const decideDispute = defineRoute({
  name: 'decide-dispute',
  method: 'post',
  path: '/disputes/:disputeId/decide',
  summary: 'Uphold a dispute, with the credit that answers it, or reject it',
  description:
    'Above the limit of who decides, the credit note waits for a second person; the dispute is upheld all the same.',
  permission: 'invoices.credit',
  idempotency: 'required',
  body: z.discriminatedUnion('decision', [
    z.strictObject({ decision: z.literal('upheld'), reason: note, credit: newCreditNote.nullable() }),
    z.strictObject({ decision: z.literal('rejected'), reason: note }),
  ]),
  example: { decision: 'rejected', reason: 'The log book says that she was' },
  responses: { 200: dispute },
  errors: ['dispute.closed', ...creditErrors],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const row = found(await lockDispute(tx, params.disputeId), 'dispute');
      const credit = body.decision === 'upheld' ? body.credit : null;
      const closed = await closeDispute(tx, row, {
        status: body.decision,
        reason: body.reason,
        actor: actor.id,
      });
      if (credit === null) return { status: 200, body: closed };
      const { issue, ownReason = null, reason, ...wanted } = credit;
      const issuer = { doer: deciderOf(actor), ownReason };
      const invoice = found(await lockCreditable(tx, row.invoiceId), 'invoice');
      const draft = await draftCreditNote(tx, invoice, { wanted, reason, actor: actor.id });
      if (await needsSecondPerson(tx, draft, issuer)) await tellSecondPerson(tx, draft, issuer.doer);
      else if (issue) await issueCreditNote(tx, draft.id, issuer, await workspaceNow(tx));
      return { status: 200, body: await nameCredit(tx, closed, draft.id) };
    }),
});
