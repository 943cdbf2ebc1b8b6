/** Owns POST /contractor-invoices/:contractorInvoiceId/approve. */
import { z } from 'zod';
import { approveContractorInvoice as approve } from '../../../store/contractor-invoice-decisions.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { defineRoute } from '../../kit/route.ts';
import { price } from '../../kit/schemas.ts';
import { contractorInvoiceInFull, decisionErrors, dutyErrors, ownReason } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const approveContractorInvoice = defineRoute({
  name: 'approve-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/approve',
  summary: 'Approve it: from here on it is owed',
  permission: 'contractor_invoices.approve',
  body: z.object({
    ownReason,
    total: price
      .optional()
      .meta({ description: 'That was looked at; refused where it comes to something else by now.' }),
  }),
  example: {},
  responses: { 200: contractorInvoiceInFull },
  errors: [
    ...decisionErrors,
    'contractor_invoice.disputed',
    'contractor_invoice.below_zero',
    'contractor_invoice.changed_since',
    ...dutyErrors,
    'period.closed',
    'period.soft_closed',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId);
      const { ownReason = null, total = before.total } = body;
      const after = await approve(tx, before, { ownReason, total }, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
