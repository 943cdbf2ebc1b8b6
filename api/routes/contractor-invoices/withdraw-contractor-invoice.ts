/** Owns POST /contractor-invoices/:contractorInvoiceId/withdraw. */
import { withdrawContractorInvoice as withdraw } from '../../../store/contractor-invoice-drafts.ts';
import { lockContractorInvoice } from '../../../store/contractor-invoices.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { contractorInvoiceInFull } from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const withdrawContractorInvoice = defineRoute({
  name: 'withdraw-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices/:contractorInvoiceId/withdraw',
  summary: 'Take it back before anybody decided, to change it',
  permission: 'contractor_invoices.submit',
  own: true,
  responses: { 200: contractorInvoiceInFull },
  errors: ['contractor_invoice.not_submitted'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.submit');
      const before = await lockContractorInvoice(tx, params.contractorInvoiceId, own);
      const after = await withdraw(tx, before, actor);
      return { status: 200, body: await showContractorInvoice(tx, after) };
    }),
});
