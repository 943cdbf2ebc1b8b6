/** Owns GET /contractor-invoices. */
import { z } from 'zod';
import { listContractorInvoices as list } from '../../../store/contractor-invoices.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { contractorInvoice, status } from './contractor-invoice.ts';

export const listContractorInvoices = defineRoute({
  name: 'list-contractor-invoices',
  method: 'get',
  path: '/contractor-invoices',
  summary: 'List contractor invoices, newest first',
  permission: 'contractor_invoices.read',
  own: true,
  query: z.object({
    ...pageQuery,
    status: status.optional(),
    personId: id.optional(),
    sellerId: id.optional(),
  }),
  responses: { 200: pageOf(contractorInvoice) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'contractor_invoices.read', filter.personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await list(tx, { ...filter, ...listed }, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
