/** Owns GET /api-keys. */
import { z } from 'zod';
import { listApiKeys as readApiKeys } from '../../../store/api-keys.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { apiKey } from './api-key.ts';

export const listApiKeys = defineRoute({
  name: 'list-api-keys',
  method: 'get',
  path: '/api-keys',
  summary: 'List API keys, revoked ones too',
  permission: 'api_keys.read',
  query: z.object(pageQuery),
  responses: { 200: pageOf(apiKey) },
  handler: ({ query: { limit, cursor }, transact }) =>
    transact(async (tx) => {
      const rows = await readApiKeys(tx, { limit, after: idAfter(cursor) });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
