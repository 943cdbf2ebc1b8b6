/** Owns GET /contractor-payments. */
import { z } from 'zod';
import { listContractorPayments as list } from '../../../store/contractor-payments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
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
      const own = ownPerson(actor, 'contractor_payments.read');
      if (own !== null && personId !== undefined && personId !== own)
        return { status: 200, body: { items: [], nextCursor: null } };
      const rows = await list(tx, own ?? personId ?? null, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
