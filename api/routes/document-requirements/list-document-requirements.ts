/** Owns GET /document-requirements. */
import { z } from 'zod';
import { documentRequirements } from '../../../store/documents.ts';
import { idAfter, toIdPage } from '../../kit/cursor.ts';
import { defineRoute } from '../../kit/route.ts';
import { pageOf, pageQuery } from '../../kit/schemas.ts';
import { documentRequirement } from './document-requirement.ts';

export const listDocumentRequirements = defineRoute({
  name: 'list-document-requirements',
  method: 'get',
  path: '/document-requirements',
  summary: 'List which documents are required',
  permission: 'documents.read',
  // They are nobody's: who has to hand documents in may know which.
  own: true,
  query: z.object({ ...pageQuery, active: z.stringbool().optional() }),
  responses: { 200: pageOf(documentRequirement) },
  handler: ({ query: { limit, cursor, active }, transact }) =>
    transact(async (tx) => {
      const rows = await documentRequirements.list(tx, { limit, after: idAfter(cursor), where: { active } });
      return { status: 200, body: toIdPage(rows, limit) };
    }),
});
