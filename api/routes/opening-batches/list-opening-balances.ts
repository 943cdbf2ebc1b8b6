/** Owns GET /opening-batches/:openingBatchId/rows. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { listOpeningBalances as list, readOpeningBatch } from '../../../store/opening-batches.ts';
import { numberAfter, toPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { openingBalance } from './opening-batch.ts';

export const listOpeningBalances = defineRoute({
  name: 'list-opening-balances',
  method: 'get',
  path: '/opening-batches/:openingBatchId/rows',
  summary: 'List the opening balances of a batch by line',
  permission: 'opening_balances.read',
  query: z.object({ ...pageQuery }),
  responses: { 200: pageOf(openingBalance) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const { id } = found(await readOpeningBatch(tx, params.openingBatchId), 'opening_batch');
      const rows = await list(tx, id, { afterLine: numberAfter(cursor) ?? 0, limit: limit + 1 });
      return {
        status: 200,
        body: toPage(
          rows,
          limit,
          (row) => [String(row.lineNo)],
          (row) => row,
        ),
      };
    }),
});
