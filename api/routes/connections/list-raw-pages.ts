/** Owns GET /connections/:connectionId/raw-pages. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { listRawPages as readRawPages } from '../../../store/raw-pages.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { record } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, instant, pageOf, pageQuery } from '../../kit/schemas.ts';
import { connectionSubject } from './connection.ts';

/** A page may be a megabyte of text. */
const mostPages = 20;

export const listRawPages = defineRoute({
  name: 'list-raw-pages',
  method: 'get',
  path: '/connections/:connectionId/raw-pages',
  summary: 'Look at what a platform answered, as it was read',
  description:
    'Newest first, at most 20 a page; secrets are redacted, names and notes of people are not. That it was looked at is in the audit. Kept for SLIPWAY_RAW_PAGES_DAYS.',
  permission: 'connections.authorise',
  query: z.object({ ...pageQuery, limit: z.coerce.number().int().min(1).max(mostPages).default(5) }),
  responses: {
    200: pageOf(
      z.object({
        id,
        path: z.string(),
        status: z.int(),
        bytes: z.int().meta({ description: 'Of the whole answer.' }),
        truncated: z.boolean(),
        text: z.string(),
        readAt: instant,
      }),
    ),
  },
  handler: ({ params: { connectionId }, query, actor, transact }) =>
    transact(async (tx) => {
      found(await connections.find(tx, connectionId), 'connection');
      const before = idAfter(query.cursor);
      const page = toIdPage(
        await readRawPages(tx, connectionId, { before, limit: query.limit }),
        query.limit,
      );
      if (page.items.length > 0)
        await record(tx, actor, connectionSubject, 'raw_pages_read', connectionId, {
          pages: page.items.length,
        });
      return { status: 200, body: page };
    }),
});
