/** Owns GET /attachments/:attachmentId. */
import { found } from '../../../domain/refusal.ts';
import { readAttachment } from '../../../store/attachments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { attachment } from './attachment.ts';

export const getAttachment = defineRoute({
  name: 'get-attachment',
  method: 'get',
  path: '/attachments/:attachmentId',
  summary: 'Read what is known of a file',
  permission: 'documents.read',
  own: true,
  responses: { 200: attachment },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'documents.read');
      return {
        status: 200,
        body: found(await readAttachment(tx, params.attachmentId, own), 'attachment'),
      };
    }),
});
