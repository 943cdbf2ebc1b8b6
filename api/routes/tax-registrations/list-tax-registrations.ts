/** Owns GET /sellers/:sellerId/tax-registrations. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { sellers } from '../../../store/sellers.ts';
import { taxRegistrations } from '../../../store/tax-registrations.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { taxRegistration } from './tax-registration.ts';

export const listTaxRegistrations = defineRoute({
  name: 'list-tax-registrations',
  method: 'get',
  path: '/sellers/:sellerId/tax-registrations',
  summary: "List a seller's tax registrations",
  permission: 'sellers.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(taxRegistration) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const seller = found(await sellers.find(tx, params.sellerId), 'seller');
      const rows = await taxRegistrations.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { sellerId: seller.id },
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
