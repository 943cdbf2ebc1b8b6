/** Owns DELETE /attachments/:attachmentId. */
import { found } from '../../../domain/refusal.ts';
import { deleteAttachment as remove } from '../../../store/attachments.ts';
import { ownPerson } from '../../kit/auth.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { attachmentSubject } from './attachment.ts';

export const deleteAttachment = defineRoute({
  name: 'delete-attachment',
  method: 'delete',
  path: '/attachments/:attachmentId',
  summary: 'Take an upload back that nothing holds',
  // Whoever may upload may take an upload back.
  permission: 'documents.create',
  own: true,
  responses: { 204: empty },
  errors: ['attachment.bound'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'documents.create');
      const removed = found(await remove(tx, params.attachmentId, own), 'attachment');
      await recordDeleted(tx, actor, attachmentSubject, removed);
      return { status: 204 };
    }),
});
