/** Owns POST /opening-batches/:openingBatchId/refuse. */
import { z } from 'zod';
import { refuseOpeningBatch as refuse } from '../../../store/opening-batches.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { openingBatch } from './opening-batch.ts';

export const refuseOpeningBatch = defineRoute({
  name: 'refuse-opening-batch',
  method: 'post',
  path: '/opening-batches/:openingBatchId/refuse',
  summary: 'Refuse a batch of opening balances, or take one back that nobody signed off',
  permission: 'opening_balances.create',
  body: z.object({ reason: note }),
  example: { reason: 'Two invoices are missing' },
  responses: { 200: openingBatch },
  errors: ['opening.already_decided'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: await refuse(tx, params.openingBatchId, body.reason, actor),
    })),
});
