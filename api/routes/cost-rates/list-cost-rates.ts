/** Owns GET /cost-rates. */
import { z } from 'zod';
import { costRates } from '../../../store/cost-rates.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { costRate } from './cost-rate.ts';

export const listCostRates = defineRoute({
  name: 'list-cost-rates',
  method: 'get',
  path: '/cost-rates',
  summary: 'List cost rates in the order they were added',
  permission: 'cost_rates.read',
  query: z.object({ ...pageQuery, personId: id.optional() }),
  responses: { 200: pageOf(costRate) },
  handler: ({ query: { limit, cursor, personId }, transact }) =>
    transact(async (tx) => {
      const rows = await costRates.list(tx, { limit, after: idAfter(cursor), where: { personId } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
