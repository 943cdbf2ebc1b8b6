/** Owns GET /documents. */
import { z } from 'zod';
import { listDocuments as readDocuments } from '../../../store/documents.ts';
import { ownPerson } from '../../kit/auth.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
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
      const own = ownPerson(actor, 'documents.read');
      // Somebody else's are asked for in vain: there is nothing of both.
      const none = own !== null && filter.personId !== undefined && filter.personId !== own;
      const rows = none
        ? []
        : await readDocuments(
            tx,
            { ...filter, personId: own ?? filter.personId },
            { after: idAfter(cursor), limit },
          );
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
