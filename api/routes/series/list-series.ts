/** Owns GET /series. */
import { z } from 'zod';
import { series } from '../../../store/series.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { numberSeries } from './series.ts';

export const listSeries = defineRoute({
  name: 'list-series',
  method: 'get',
  path: '/series',
  summary: 'List number series',
  permission: 'series.read',
  query: z.object({ ...pageQuery, sellerId: id.optional() }),
  responses: { 200: pageOf(numberSeries) },
  handler: ({ query: { limit, cursor, sellerId }, transact }) =>
    transact(async (tx) => {
      const rows = await series.list(tx, { limit, after: idAfter(cursor), where: { sellerId } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
