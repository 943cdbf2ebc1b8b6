/** Owns GET /currency-rates/:currencyRateId. */
import { found } from '../../../domain/refusal.ts';
import { currencyRates } from '../../../store/currency-rates.ts';
import { defineRoute } from '../../kit/route.ts';
import { currencyRate } from './currency-rate.ts';

export const getCurrencyRate = defineRoute({
  name: 'get-currency-rate',
  method: 'get',
  path: '/currency-rates/:currencyRateId',
  summary: 'Read a rate between two currencies',
  permission: 'currency_rates.read',
  responses: { 200: currencyRate },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await currencyRates.find(tx, params.currencyRateId), 'currency_rate'),
    })),
});
