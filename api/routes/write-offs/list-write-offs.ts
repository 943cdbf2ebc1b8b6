/** Owns GET /write-offs. */
import { z } from 'zod';
import { listWriteOffs as readWriteOffs } from '../../../store/write-off-items.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { writeOff } from './write-off.ts';

export const listWriteOffs = defineRoute({
  name: 'list-write-offs',
  method: 'get',
  path: '/write-offs',
  summary: 'List write-offs of work, newest first',
  permission: 'items.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(writeOff) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await readWriteOffs(tx, { after: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
