/** Owns GET /document-requirements/:requirementId. */
import { found } from '../../../domain/refusal.ts';
import { documentRequirements } from '../../../store/documents.ts';
import { defineRoute } from '../../kit/route.ts';
import { documentRequirement } from './document-requirement.ts';

export const getDocumentRequirement = defineRoute({
  name: 'get-document-requirement',
  method: 'get',
  path: '/document-requirements/:requirementId',
  summary: 'Read a requirement',
  permission: 'documents.read',
  own: true,
  responses: { 200: documentRequirement },
  handler: ({ params, transact }) =>
    transact(async (tx) => ({
      status: 200,
      body: found(await documentRequirements.find(tx, params.requirementId), 'document_requirement'),
    })),
});
