/** Owns GET /tax-rates. */
import { z } from 'zod';
import { taxRates } from '../../../store/tax-rates.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery, taxRegion } from '../../kit/schemas.ts';
import { taxRate } from './tax-rate.ts';

export const listTaxRates = defineRoute({
  name: 'list-tax-rates',
  method: 'get',
  path: '/tax-rates',
  summary: 'List tax rates',
  permission: 'tax_rates.read',
  query: z.object({ ...pageQuery, region: taxRegion.optional(), productId: id.optional() }),
  responses: { 200: pageOf(taxRate) },
  handler: ({ query: { limit, cursor, region, productId }, transact }) =>
    transact(async (tx) => {
      const rows = await taxRates.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { region, productId },
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
