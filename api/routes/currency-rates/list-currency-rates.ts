/** Owns GET /currency-rates. */
import { z } from 'zod';
import { currencyRates } from '../../../store/currency-rates.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { currency, day, pageOf, pageQuery } from '../../kit/schemas.ts';
import { currencyRate } from './currency-rate.ts';

export const listCurrencyRates = defineRoute({
  name: 'list-currency-rates',
  method: 'get',
  path: '/currency-rates',
  summary: 'List rates between currencies in the order in which they were entered',
  permission: 'currency_rates.read',
  query: z.object({
    ...pageQuery,
    base: currency.optional(),
    quote: currency.optional(),
    rateOn: day.optional(),
  }),
  responses: { 200: pageOf(currencyRate) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await currencyRates.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
