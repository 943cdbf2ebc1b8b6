/** Owns GET /operations. */
import { z } from 'zod';
import { listOperations as readOperations } from '../../../store/operations.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { operation, operationStatus } from './operation.ts';

export const listOperations = defineRoute({
  name: 'list-operations',
  method: 'get',
  path: '/operations',
  summary: 'List operations, newest first',
  permission: 'operations.read',
  query: z.object({
    ...pageQuery,
    status: operationStatus.optional(),
    kind: z.string().max(50).optional().meta({ example: 'import' }),
  }),
  responses: { 200: pageOf(operation) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await readOperations(tx, filter, { before: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
