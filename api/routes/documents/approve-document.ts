/** Owns POST /documents/:documentId/approve. */
import { z } from 'zod';
import { approveDocument as approve } from '../../../store/documents.ts';
import { defineRoute } from '../../kit/route.ts';
import { day } from '../../kit/schemas.ts';
import { documentInFull, inFull, reviewErrors, reviewed } from './document.ts';

export const approveDocument = defineRoute({
  name: 'approve-document',
  method: 'post',
  path: '/documents/:documentId/approve',
  summary: 'Approve what was handed in: from here on it is in force',
  permission: 'documents.review',
  body: z.object({
    ...reviewed,
    expiresOn: day
      .nullable()
      .optional()
      .meta({ description: 'The last day, as the document says; left out: as it was said at the upload.' }),
  }),
  example: { version: 1, expiresOn: '2199-12-31' },
  responses: { 200: documentInFull },
  errors: [...reviewErrors, 'document.expiry_required', 'document.expired_already'],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { version, expiresOn, ownReason = null } = body;
      const after = await approve(tx, params.documentId, { version, expiresOn, ownReason }, actor);
      return { status: 200, body: await inFull(tx, after) };
    }),
});
