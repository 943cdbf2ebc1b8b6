/** Owns GET /documents/:documentId. */
import { found } from '../../../domain/refusal.ts';
import { readDocument } from '../../../store/documents.ts';
import { ownPerson } from '../../kit/auth.ts';
import { defineRoute } from '../../kit/route.ts';
import { documentInFull, inFull } from './document.ts';

export const getDocument = defineRoute({
  name: 'get-document',
  method: 'get',
  path: '/documents/:documentId',
  summary: 'Read a document with all of its versions',
  permission: 'documents.read',
  own: true,
  responses: { 200: documentInFull },
  handler: ({ params, actor, transact }) =>
    transact(async (tx) => {
      const own = ownPerson(actor, 'documents.read');
      const document = found(await readDocument(tx, params.documentId, own), 'document');
      return { status: 200, body: await inFull(tx, document) };
    }),
});
