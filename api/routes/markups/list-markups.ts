/** Owns GET /markups. */
import { z } from 'zod';
import { markups } from '../../../store/markups.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { markup, scopeType } from './markup.ts';

export const listMarkups = defineRoute({
  name: 'list-markups',
  method: 'get',
  path: '/markups',
  summary: 'List markups',
  permission: 'markups.read',
  query: z.object({ ...pageQuery, scopeType: scopeType.optional(), scopeId: id.optional() }),
  responses: { 200: pageOf(markup) },
  handler: ({ query: { limit, cursor, ...where }, transact }) =>
    transact(async (tx) => {
      const rows = await markups.list(tx, { limit, after: idAfter(cursor), where });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
