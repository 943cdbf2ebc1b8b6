/** Owns GET /quarantine. */
import { z } from 'zod';
import { listQuarantine as readQuarantine } from '../../../store/quarantine.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { quarantined, quarantineStatus } from './quarantined.ts';

export const listQuarantine = defineRoute({
  name: 'list-quarantine',
  method: 'get',
  path: '/quarantine',
  summary: 'List rows that could not be read, newest first',
  permission: 'quarantine.read',
  query: z.object({
    ...pageQuery,
    sourceId: id.optional(),
    reason: z.string().max(100).optional().meta({ example: 'work_date.missing' }),
    status: quarantineStatus.optional(),
  }),
  responses: { 200: pageOf(quarantined) },
  handler: ({ query: { limit, cursor, ...filter }, transact }) =>
    transact(async (tx) => {
      const rows = await readQuarantine(tx, filter, { before: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
