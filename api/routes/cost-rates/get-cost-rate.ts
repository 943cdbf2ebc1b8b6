/** Owns GET /cost-rates/:costRateId. */
import { found } from '../../../domain/refusal.ts';
import { costRates } from '../../../store/cost-rates.ts';
import { defineRoute } from '../../kit/route.ts';
import { costRate } from './cost-rate.ts';

export const getCostRate = defineRoute({
  name: 'get-cost-rate',
  method: 'get',
  path: '/cost-rates/:costRateId',
  summary: 'Read a cost rate',
  permission: 'cost_rates.read',
  responses: { 200: costRate },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await costRates.find(tx, params.costRateId), 'cost_rate'),
    })),
});
