/** Owns GET /periods. */
import { z } from 'zod';
import { periodAreas, periodStatuses } from '../../../domain/period.ts';
import { listPeriods as list } from '../../../store/periods.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { period } from './period.ts';

export const listPeriods = defineRoute({
  name: 'list-periods',
  method: 'get',
  path: '/periods',
  summary: "List the periods of sellers' books",
  permission: 'periods.read',
  query: z.object({
    ...pageQuery,
    sellerId: id.optional(),
    area: z.enum(periodAreas).optional(),
    status: z.enum(periodStatuses).optional(),
  }),
  responses: { 200: pageOf(period) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
