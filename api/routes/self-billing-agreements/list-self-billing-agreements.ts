/** Owns GET /self-billing-agreements. */
import { z } from 'zod';
import { listAgreements } from '../../../store/self-billing-agreements.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
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
      const listed = listedPerson(actor, 'contractor_invoices.read', personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await listAgreements(tx, listed.personId ?? null, {
        after: idAfter(cursor),
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
