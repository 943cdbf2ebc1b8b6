/** Owns POST /contractor-invoices. */
import { invalidField } from '../../../domain/refusal.ts';
import { createContractorInvoice as create } from '../../../store/contractor-invoice-drafts.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import {
  bundleErrors,
  contractorInvoiceInFull,
  newContractorInvoice,
  personOf,
} from './contractor-invoice.ts';
import { showContractorInvoice } from './show-contractor-invoice.ts';

export const createContractorInvoice = defineRoute({
  name: 'create-contractor-invoice',
  method: 'post',
  path: '/contractor-invoices',
  summary: 'Bundle approved tickets into a contractor invoice',
  description: 'A draft: its tickets are on no other invoice from here on.',
  permission: 'contractor_invoices.create',
  own: true,
  body: newContractorInvoice,
  example: { personId: '{personId}', sellerId: '{sellerId}', ticketIds: [], note: 'March' },
  responses: { 201: contractorInvoiceInFull },
  errors: [...bundleErrors, 'contractor_invoice.not_theirs_to_write'],
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const personId = personOf(actor, 'contractor_invoices.create', body.personId);
      if (body.kind === 'self_billed' && ownPerson(actor, 'contractor_invoices.create') !== null)
        throw invalidField(
          '/kind',
          'contractor_invoice.not_theirs_to_write',
          'A self-billed invoice is written for the contractor, not by them.',
        );
      const made = await create(tx, { ...body, personId, sellerId: body.sellerId ?? null }, actor);
      return {
        status: 201,
        body: await showContractorInvoice(tx, made),
        headers: { Location: `/api/v1/contractor-invoices/${made.id}` },
      };
    }),
});
