/** Owns POST /opening-batches/:openingBatchId/counter. */
import { counterOpeningBatch as counter } from '../../../store/opening-batches.ts';
import { defineRoute } from '../../kit/route.ts';
import { openingBatch } from './opening-batch.ts';

export const counterOpeningBatch = defineRoute({
  name: 'counter-opening-batch',
  method: 'post',
  path: '/opening-batches/:openingBatchId/counter',
  summary: 'Propose the batch that undoes this one',
  description:
    'Its rows with their signs turned. Once it is signed off too, what this one brought is gone, and the balances can be brought in anew; it is refused while anything of it is paid, drawn or numbered on.',
  permission: 'opening_balances.create',
  responses: { 201: openingBatch },
  errors: ['opening.not_counterable'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const made = await counter(tx, params.openingBatchId, actor);
      return { status: 201, body: made, headers: { Location: `/api/v1/opening-batches/${made.id}` } };
    }),
});
