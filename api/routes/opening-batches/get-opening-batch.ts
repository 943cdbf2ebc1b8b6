/** Owns GET /opening-batches/:openingBatchId. */
import { found } from '../../../domain/refusal.ts';
import { readOpeningBatch } from '../../../store/opening-batches.ts';
import { defineRoute } from '../../kit/route.ts';
import { openingBatch } from './opening-batch.ts';

export const getOpeningBatch = defineRoute({
  name: 'get-opening-batch',
  method: 'get',
  path: '/opening-batches/:openingBatchId',
  summary: 'Read a batch of opening balances with its totals',
  permission: 'opening_balances.read',
  responses: { 200: openingBatch },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await readOpeningBatch(tx, params.openingBatchId), 'opening_batch'),
    })),
});
