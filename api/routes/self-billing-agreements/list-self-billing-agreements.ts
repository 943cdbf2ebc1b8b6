/** Owns GET /self-billing-agreements. */
import { z } from 'zod';
import { listAgreements } from '../../../store/self-billing-agreements.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { selfBillingAgreement } from './self-billing-agreement.ts';

export const listSelfBillingAgreements = defineRoute({
  name: 'list-self-billing-agreements',
  method: 'get',
  path: '/self-billing-agreements',
  summary: 'List self-billing agreements, newest first',
  permission: 'contractor_invoices.read',
  own: true,
  query: z.object({ ...pageQuery, personId: id.optional() }),
  responses: { 200: pageOf(selfBillingAgreement) },
  handler: ({ query: { limit, cursor, personId }, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'contractor_invoices.read');
      if (own !== null && personId !== undefined && personId !== own)
        return { status: 200, body: { items: [], nextCursor: null } };
      const rows = await listAgreements(tx, own ?? personId ?? null, {
        after: idAfter(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
