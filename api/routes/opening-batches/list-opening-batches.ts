/** Owns GET /opening-batches. */
import { z } from 'zod';
import { listOpeningBatches as list } from '../../../store/opening-batches.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { openingBatch, openingStatus } from './opening-batch.ts';

export const listOpeningBatches = defineRoute({
  name: 'list-opening-batches',
  method: 'get',
  path: '/opening-batches',
  summary: 'List batches of opening balances, newest first',
  permission: 'opening_balances.read',
  query: z.object({ ...pageQuery, status: openingStatus.optional() }),
  responses: { 200: pageOf(openingBatch) },
  handler: ({ query: { limit, cursor, status }, transact }) =>
    transact(async (tx) => {
      const rows = await list(tx, status ?? null, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
