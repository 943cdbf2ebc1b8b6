/** Owns POST /document-requirements. */
import { documentRequirements } from '../../../store/documents.ts';
import { recordCreated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { documentRequirement, newRequirement, requirementSubject } from './document-requirement.ts';

export const createDocumentRequirement = defineRoute({
  name: 'create-document-requirement',
  method: 'post',
  path: '/document-requirements',
  summary: 'Require a document of people',
  permission: 'documents.update',
  body: newRequirement,
  example: { kind: 'insurance', name: 'Liability insurance', expires: true, blocksPayment: true },
  responses: { 201: documentRequirement },
  handler: ({ body, actor, transact }) =>
    transact(async (tx) => {
      const created = await documentRequirements.insert(tx, body);
      await recordCreated(tx, actor, requirementSubject, created);
      return {
        status: 201,
        body: created,
        headers: { Location: `/api/v1/document-requirements/${created.id}` },
      };
    }),
});
