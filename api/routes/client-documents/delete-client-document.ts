/** Owns DELETE /client-documents/:clientDocumentId. */
import { found } from '../../../domain/refusal.ts';
import { findClientDocument, removeClientDocument } from '../../../store/client-documents.ts';
import { recordDeleted } from '../../kit/record-change.ts';
import { defineRoute, empty } from '../../kit/route.ts';
import { clientDocumentSubject } from './client-document.ts';

export const deleteClientDocument = defineRoute({
  name: 'delete-client-document',
  method: 'delete',
  path: '/client-documents/:clientDocumentId',
  summary: 'Delete a document of a client; its links end',
  permission: 'clients.update',
  responses: { 204: empty },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const document = found(await findClientDocument(tx, params.clientDocumentId), 'client_document');
      await removeClientDocument(tx, document);
      await recordDeleted(tx, actor, clientDocumentSubject, document);
      return { status: 204 };
    }),
});
