/** Owns POST /documents/:documentId/reject. */
import { z } from 'zod';
import { rejectDocument as reject } from '../../../store/documents.ts';
import { defineRoute } from '../../kit/route.ts';
import { note } from '../../kit/schemas.ts';
import { documentInFull, inFull, reviewErrors, reviewed } from './document.ts';

export const rejectDocument = defineRoute({
  name: 'reject-document',
  method: 'post',
  path: '/documents/:documentId/reject',
  summary: 'Send back what was handed in; what was in force before stays so',
  permission: 'documents.review',
  body: z.object({ ...reviewed, reason: note }),
  example: { version: 1, reason: 'The second page is missing' },
  responses: { 200: documentInFull },
  errors: reviewErrors,
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { version, reason, ownReason = null } = body;
      const after = await reject(tx, params.documentId, { version, reason, ownReason }, actor);
      return { status: 200, body: await inFull(tx, after) };
    }),
});
