/** Owns GET /connections/:connectionId/documents. */
import { z } from 'zod';
import { found } from '../../../domain/refusal.ts';
import { connections } from '../../../store/connections.ts';
import { listDocumentsAt } from '../../../store/pushed-documents.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { documentAtPlatform, syncStatus, toDocumentView } from './document-at-platform.ts';

export const listDocumentsAtPlatform = defineRoute({
  name: 'list-documents-at-platform',
  method: 'get',
  path: '/connections/:connectionId/documents',
  summary: 'List what became of documents at a platform, newest first',
  permission: 'connections.read',
  query: z.object({ ...pageQuery, status: syncStatus.optional() }),
  responses: { 200: pageOf(documentAtPlatform) },
  handler: ({ params, query: { limit, cursor, status }, transact }) =>
    transact(async (tx) => {
      found(await connections.find(tx, params.connectionId), 'connection');
      const filter = { status, after: idAfter(cursor), limit: limit + 1 };
      const page = toIdPage(await listDocumentsAt(tx, params.connectionId, filter), limit);
      return { status: 200, body: { ...page, items: page.items.map(toDocumentView) } };
    }),
});
