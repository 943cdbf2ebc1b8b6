/** Owns GET /exceptions. */
import { z } from 'zod';
import { listExceptions as readExceptions } from '../../../store/exceptions.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { exception, exceptionStatus } from './exception.ts';

export const listExceptions = defineRoute({
  name: 'list-exceptions',
  method: 'get',
  path: '/exceptions',
  summary: 'List exceptions, newest first',
  permission: 'exceptions.read',
  query: z.object({
    ...pageQuery,
    status: exceptionStatus.optional(),
    rule: z.string().max(100).optional().meta({ example: 'match.project' }),
  }),
  responses: { 200: pageOf(exception) },
  handler: ({ query: { limit, cursor, status, rule }, transact }) =>
    transact(async (tx) => {
      const before = idAfter(cursor) ?? undefined;
      const rows = await readExceptions(tx, { status, rule, cursor: before, limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
