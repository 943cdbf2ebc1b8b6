/** Owns POST /currency-rates. */
import { currencyRates } from '../../../store/currency-rates.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { currencyRate, currencyRateSubject, newCurrencyRate } from './currency-rate.ts';

export const createCurrencyRate = defineRoute({
  name: 'create-currency-rate',
  method: 'post',
  path: '/currency-rates',
  summary: 'Enter the rate between two currencies on a day',
  description:
    'Rates are added, never changed: of one day the newest counts for new work, and what was converted keeps the rate it was converted by.',
  permission: 'currency_rates.create',
  body: newCurrencyRate,
  example: { base: 'USD', quote: 'EUR', rateOn: '2026-03-02', rate: '0.8595', source: 'ECB', bothWays: true },
  responses: { 201: currencyRate },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await currencyRates.insert(tx, { ...body, createdBy: actor.id });
      await recordCreated(tx, actor, currencyRateSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/currency-rates/${created.id}` } };
    }),
});
