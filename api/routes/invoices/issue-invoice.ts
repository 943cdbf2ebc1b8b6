/** Owns POST /invoices/:invoiceId/issue. */
import { z } from 'zod';
import { numberLimitsOf } from '../../../domain/numbering.ts';
import { found, Refusal } from '../../../domain/refusal.ts';
import { type InvoiceRow, readInvoice } from '../../../store/invoices.ts';
import { issueInvoices } from '../../../store/issue.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { invoice } from './invoice.ts';

export const issueInvoice = defineRoute({
  name: 'issue-invoice',
  method: 'post',
  path: '/invoices/:invoiceId/issue',
  summary: 'Give an invoice its number',
  description:
    'A held invoice needs a releaseReason: it then goes out although items have no price. Entries that changed or lost their approval are never released.',
  permission: 'invoices.issue',
  idempotency: 'required',
  body: z.object({ releaseReason: note.optional() }),
  example: {},
  responses: { 200: invoice },
  errors: ['invoice.not_issuable', 'invoice.held', 'invoice.needs_sign_off', 'invoice.gate'],
  handler: ({ params, body: { releaseReason = null }, actor, deps, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      requireIssuable(before, releaseReason);
      const block = await issueInvoices(
        tx,
        [before.id],
        actor.id,
        await workspaceNow(tx),
        releaseReason,
        numberLimitsOf(deps.connectors.values()),
      );
      const after = found(await readInvoice(tx, before.id), 'invoice');
      if (block.issued === 0) throw refused(after, block.held > 0);
      return { status: 200, body: after };
    }),
});

function requireIssuable({ status, number, holdReason }: InvoiceRow, releaseReason: string | null): void {
  if (status === 'held' && releaseReason === null)
    throw new Refusal({
      code: 'invoice.held',
      message: `This invoice is held: ${holdReason ?? 'no reason is kept'}.`,
      whatToDo:
        'Mend the cause, discard it and draft anew; or send a releaseReason if items may go out without a price.',
    });
  if (['draft', 'ready', 'held'].includes(status)) return;
  throw new Refusal({
    code: 'invoice.not_issuable',
    message:
      number === null
        ? `An invoice that is ${status.replaceAll('_', ' ')} cannot be issued.`
        : `This invoice is issued already, as ${number}.`,
    whatToDo: number === null ? 'Start a billing run to draft its work again.' : 'Nothing: read it.',
  });
}

/** The refusal rolls everything back: the invoice stays what it was. */
function refused({ status, holdReason }: InvoiceRow, held: boolean): Refusal {
  if (status === 'in_sign_off')
    return new Refusal({
      code: 'invoice.needs_sign_off',
      message: 'Its contract asks for the client’s sign-off, and the client has not signed this off.',
      whatToDo:
        'Ask for it (POST /invoices/:invoiceId/request-sign-off); or send a releaseReason to issue it without.',
    });
  if (held)
    return new Refusal({
      code: 'invoice.gate',
      message: `It cannot be issued now: ${holdReason ?? 'the release gate refused it'}.`,
      whatToDo:
        'Mend the cause. Items without a price may go out with a releaseReason; where entries changed, discard the draft and run again.',
    });
  return new Refusal({
    code: 'invoice.not_issuable',
    message: 'Somebody else changed this invoice at the same moment.',
    whatToDo: 'Read it again.',
  });
}
