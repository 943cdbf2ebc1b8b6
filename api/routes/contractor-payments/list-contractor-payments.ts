/** Owns GET /contractor-payments. */
import { z } from 'zod';
import { listContractorPayments as list } from '../../../store/contractor-payments.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { contractorPayment } from './contractor-payment.ts';

export const listContractorPayments = defineRoute({
  name: 'list-contractor-payments',
  method: 'get',
  path: '/contractor-payments',
  summary: 'List payments to contractors, newest first',
  permission: 'contractor_payments.read',
  own: true,
  query: z.object({ ...pageQuery, personId: id.optional() }),
  responses: { 200: pageOf(contractorPayment) },
  handler: ({ query: { limit, cursor, personId }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'contractor_payments.read', personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await list(tx, listed.personId ?? null, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
