/** Owns POST /clients/:clientId/documents. */
import { z } from 'zod';
import { addClientDocument as add } from '../../../store/client-documents.ts';
import { lockClient } from '../../../store/clients.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { id, name } from '../../kit/schemas.ts';
import { clientDocument, clientDocumentSubject, documentKind } from './client-document.ts';

export const addClientDocument = defineRoute({
  name: 'add-client-document',
  method: 'post',
  path: '/clients/:clientId/documents',
  summary: 'Add a document to a client',
  description: 'Upload the file first: POST /attachments?subjectType=client_document.',
  permission: 'clients.update',
  body: z.object({ attachmentId: id, kind: documentKind, name }),
  example: { attachmentId: '{attachmentId}', kind: 'contract', name: 'Frame agreement 2026' },
  responses: { 201: clientDocument },
  errors: [
    'attachment.unknown',
    'attachment.other_purpose',
    'attachment.bound',
    'client_document.present',
    'client_document.too_many',
  ],
  handler: ({ params, body, actor, transact }) =>
    transact(async (tx) => {
      const { id: clientId } = await lockClient(tx, params.clientId, 'no_key');
      const created = await add(tx, { ...body, clientId }, actor);
      await recordCreated(tx, actor, clientDocumentSubject, created);
      return { status: 201, body: created, headers: { Location: `/api/v1/clients/${clientId}` } };
    }),
});
