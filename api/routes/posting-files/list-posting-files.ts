/** Owns GET /connections/:connectionId/posting-files. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { listPostingFiles as list } from '../../../store/posting-files.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { postingFile } from './posting-file.ts';

export const listPostingFiles = defineRoute({
  name: 'list-posting-files',
  method: 'get',
  path: '/connections/:connectionId/posting-files',
  summary: 'List the posting files of a connection, newest first',
  description: 'What its platform does not take, to be posted there by hand or by another program.',
  permission: 'reports.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(postingFile) },
  handler: ({ params, query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      found(await connections.find(tx, params.connectionId), 'connection');
      const rows = await list(tx, params.connectionId, { after: idAfter(cursor), limit: limit + 1 });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
