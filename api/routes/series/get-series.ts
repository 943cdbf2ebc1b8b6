/** Owns GET /series/:seriesId. */
import { found } from '../../../domain/refusal.ts';
import { series } from '../../../store/series.ts';
import { defineRoute } from '../../kit/route.ts';
import { numberSeries } from './series.ts';

export const getSeries = defineRoute({
  name: 'get-series',
  method: 'get',
  path: '/series/:seriesId',
  summary: 'Read a number series',
  permission: 'series.read',
  responses: { 200: numberSeries },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await series.find(tx, params.seriesId), 'series'),
    })),
});
