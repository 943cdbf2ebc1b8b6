/** Owns GET /tax-rates/:taxRateId. */
import { found } from '../../../domain/refusal.ts';
import { taxRates } from '../../../store/tax-rates.ts';
import { defineRoute } from '../../kit/route.ts';
import { taxRate } from './tax-rate.ts';

export const getTaxRate = defineRoute({
  name: 'get-tax-rate',
  method: 'get',
  path: '/tax-rates/:taxRateId',
  summary: 'Read a tax rate',
  permission: 'tax_rates.read',
  responses: { 200: taxRate },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await taxRates.find(tx, params.taxRateId), 'tax_rate'),
    })),
});
