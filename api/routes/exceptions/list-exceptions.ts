/** Owns GET /exceptions. */
import { z } from 'zod';
import { listExceptions as readExceptions } from '../../../store/exceptions.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { exception, exceptionStatus, severity } from './exception.ts';

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
    severity: severity.optional(),
    contractId: id.optional(),
    projectId: id.optional().meta({ description: 'Those that cover an entry of the project.' }),
    personId: id.optional().meta({ description: 'Those that cover an entry of the person.' }),
    owner: z
      .union([z.literal('none'), id])
      .optional()
      .meta({ description: 'A member; `none`: those that nobody looks after.' }),
    minAgeDays: z.coerce.number().int().min(0).max(36_500).optional(),
  }),
  responses: { 200: pageOf(exception) },
  handler: ({ query: { limit, cursor, owner, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await readExceptions(tx, {
        ...filter,
        ownerId: owner === 'none' ? undefined : owner,
        unowned: owner === 'none',
        cursor: idAfter(cursor) ?? undefined,
        limit: limit + 1,
      });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
