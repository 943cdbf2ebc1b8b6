/** Owns GET /mileage-clauses. */
import { z } from 'zod';
import { mileageClauses } from '../../../store/mileage-clauses.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { mileageClause } from './mileage-clause.ts';

export const listMileageClauses = defineRoute({
  name: 'list-mileage-clauses',
  method: 'get',
  path: '/mileage-clauses',
  summary: 'List what transport costs clients',
  permission: 'rate_cards.read',
  query: z.object({ ...pageQuery, clientId: id.optional() }),
  responses: { 200: pageOf(mileageClause) },
  handler: ({ query: { limit, cursor, clientId }, transact }) =>
    transact(async (tx) => {
      const where = { scopeType: 'client', scopeId: clientId } as const;
      const rows = await mileageClauses.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
