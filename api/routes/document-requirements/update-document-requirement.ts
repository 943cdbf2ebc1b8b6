/** Owns PATCH /document-requirements/:requirementId. */
import { found } from '../../../domain/refusal.ts';
import { documentRequirements } from '../../../store/documents.ts';
import { recordUpdated } from '../../kit/record-change.ts';
import { defineRoute } from '../../kit/route.ts';
import { documentRequirement, requirementChange, requirementSubject } from './document-requirement.ts';

export const updateDocumentRequirement = defineRoute({
  name: 'update-document-requirement',
  method: 'patch',
  path: '/document-requirements/:requirementId',
  summary: 'Change a requirement; `active: false` ends it, and keeps what was handed in',
  permission: 'documents.update',
  body: requirementChange,
  example: { blocksTickets: true },
  responses: { 200: documentRequirement },
  handler: ({ params, body, actor, requireCurrent, transact }) =>
    transact(async (tx) => {
      const before = found(await documentRequirements.lock(tx, params.requirementId), 'document_requirement');
      requireCurrent(before);
      const after = found(await documentRequirements.update(tx, before.id, body), 'document_requirement');
      await recordUpdated(tx, actor, requirementSubject, before, after);
      return { status: 200, body: after };
    }),
});
