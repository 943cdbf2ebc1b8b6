/** Owns GET /strategies. */
import { z } from 'zod';
import { strategies } from '../../../store/strategies.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { scopeType, strategy } from './strategy.ts';

export const listStrategies = defineRoute({
  name: 'list-strategies',
  method: 'get',
  path: '/strategies',
  summary: 'List pricing strategies',
  permission: 'strategies.read',
  query: z.object({ ...pageQuery, scopeType: scopeType.optional(), scopeId: id.optional() }),
  responses: { 200: pageOf(strategy) },
  handler: ({ query: { limit, cursor, scopeType, scopeId }, transact }) =>
    transact(async (tx) => {
      const rows = await strategies.list(tx, {
        limit,
        after: idAfter(cursor),
        where: { scopeType, scopeId },
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
