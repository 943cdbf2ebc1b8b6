/** Owns POST /people/:personId/documents. */
import { z } from 'zod';
import { Refusal } from '../../../domain/refusal.ts';
import { uploadDocument as upload } from '../../../store/documents.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { day, id } from '../../kit/schemas.ts';
import { documentInFull, inFull } from './document.ts';

export const uploadDocument = defineRoute({
  name: 'upload-document',
  method: 'post',
  path: '/people/:personId/documents',
  summary: 'Hand in a version of a document',
  description: 'Upload the file first (POST /attachments with subjectType person_document).',
  permission: 'documents.create',
  own: true,
  body: z.object({
    requirementId: id,
    attachmentId: id,
    expiresOn: day.nullish().meta({ description: 'The last day on which it is valid.' }),
  }),
  example: { requirementId: '{requirementId}', attachmentId: '{attachmentId}', expiresOn: '2199-12-31' },
  responses: { 201: documentInFull },
  errors: [
    'document.not_required',
    'document.expired_already',
    'document.too_many_versions',
    'attachment.unknown',
    'attachment.other_purpose',
    'attachment.bound',
  ],
  handler: ({ params: { personId }, body, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'documents.create');
      if (own !== null && own !== personId)
        throw new Refusal({
          code: 'person.not_found',
          status: 404,
          message: 'There is no such person among those that you hand in documents for.',
        });
      const document = await upload(
        tx,
        {
          personId,
          requirementId: body.requirementId,
          attachmentId: body.attachmentId,
          expiresOn: body.expiresOn ?? null,
        },
        actor,
      );
      return {
        status: 201,
        body: await inFull(tx, document),
        headers: { Location: `/api/v1/documents/${document.id}` },
      };
    }),
});
