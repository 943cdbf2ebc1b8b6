/** Owns GET /documents. */
import { z } from 'zod';
import { listDocuments as readDocuments } from '../../../store/documents.ts';
import { listedPerson } from '../../kit/auth.ts';
import { emptyPage, idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id, pageOf, pageQuery } from '../../kit/schemas.ts';
import { personDocument, status } from './document.ts';

export const listDocuments = defineRoute({
  name: 'list-documents',
  method: 'get',
  path: '/documents',
  summary: 'List documents of people; `status=uploaded` are those that wait for a review',
  permission: 'documents.read',
  own: true,
  query: z.object({
    ...pageQuery,
    personId: id.optional(),
    requirementId: id.optional(),
    status: status.optional(),
    expiresBefore: day.optional(),
  }),
  responses: { 200: pageOf(personDocument) },
  handler: ({ query: { limit, cursor, ...filter }, actor, transact }) =>
    transact(async (tx) => {
      const listed = listedPerson(actor, 'documents.read', filter.personId);
      if (listed === null) return { status: 200, body: emptyPage };
      const rows = await readDocuments(tx, { ...filter, ...listed }, { after: idAfter(cursor), limit });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
