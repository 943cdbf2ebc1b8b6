/** Owns POST /invoices/:invoiceId/credit-corrections. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { creditDraft as credit } from '../../../store/credit-corrections.ts';
import { readInvoice } from '../../../store/invoices.ts';
import { workspaceNow } from '../../../store/workspaces.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  correctionErrors,
  creditedCorrections,
  creditReason,
  showCredited,
} from '../billable-items/credited-corrections.ts';
import { deciderOf } from '../tickets/ticket.ts';
import { invoice } from './invoice.ts';

export const creditDraft = defineRoute({
  name: 'credit-draft',
  method: 'post',
  path: '/invoices/:invoiceId/credit-corrections',
  summary: 'Credit the corrections on a draft, which comes to less than nothing with them',
  description:
    'Each correction becomes part of a credit note of the invoice that it corrects, and leaves the draft. The draft keeps the rest; where there is none, it is discarded.',
  permission: 'invoices.credit',
  idempotency: 'required',
  body: z.object(creditReason),
  example: { reason: 'Half a day was noted twice' },
  responses: { 200: z.object({ ...creditedCorrections, invoice }) },
  errors: ['item.not_open', 'invoice.too_large_to_edit', ...correctionErrors],
  handler: ({ params, body: { reason, ownReason = null }, actor, transact }) =>
    transact(async (tx) => {
      const before = found(await readInvoice(tx, params.invoiceId), 'invoice');
      const issuer = { doer: deciderOf(actor), ownReason };
      const credited = await credit(tx, before.id, { issuer, reason, now: await workspaceNow(tx) });
      const after = found(await readInvoice(tx, before.id), 'invoice');
      return { status: 200, body: { ...showCredited(credited, actor), invoice: after } };
    }),
});
