/** Owns DELETE /documents/:documentId. */
import { withdrawRequest } from '../../../store/documents.ts';
import { defineRoute, empty } from '../../kit/route.ts';

export const withdrawDocumentRequest = defineRoute({
  name: 'withdraw-document-request',
  method: 'delete',
  path: '/documents/:documentId',
  summary: 'Take a request back that nothing was handed in for',
  permission: 'documents.delete',
  responses: { 204: empty },
  errors: ['document.uploaded_already'],
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      await withdrawRequest(tx, params.documentId, actor);
      return { status: 204 };
    }),
});
